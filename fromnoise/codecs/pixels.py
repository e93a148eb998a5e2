"""The codec that does nothing but scale: diffusion in pixels is latent diffusion with this one."""

from pydantic import PositiveInt
from torch import Tensor

from fromnoise.codecs.codec import to_bytes, to_signed
from fromnoise.config import Settings


class PixelsSettings(Settings):
    """Which pictures."""

    size: PositiveInt = 32
    """Side of the pictures, px."""


class Pixels:
    """uint8 pictures to [-1, 1], times two: pictures on white have a standard deviation of about one half."""

    scale = 2.0

    def __init__(self, settings: PixelsSettings) -> None:
        self.size = settings.size
        self.shape = (3, settings.size, settings.size)
        self.bounds: tuple[float, float] | None = (-self.scale, self.scale)

    def encode(self, pictures: Tensor) -> Tensor:
        """Turn uint8 (B, S, S, 3) into float32 (B, 3, S, S)."""
        return to_signed(pictures) * self.scale

    def decode(self, x0: Tensor) -> Tensor:
        """Turn float32 (B, 3, S, S) into uint8 (B, S, S, 3)."""
        return to_bytes(x0 / self.scale)
