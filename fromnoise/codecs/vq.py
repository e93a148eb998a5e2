"""Pictures as tokens: an autoencoder whose cells are whole numbers (van den Oord et al. 2017).

Legend: B batch, S picture side, N side of the grid of codes, K codes, C channels of a code's vector.
"""

from typing import Literal

import torch
from pydantic import Field, PositiveInt, model_validator
from torch import Tensor, nn

from fromnoise.codecs.codec import PictureBatch, resized, to_bytes, to_signed
from fromnoise.config import Settings
from fromnoise.errors import RequestError
from fromnoise.nets.grid_autoencoder import GridDecoder, GridEncoder
from fromnoise.nets.quantisers import FiniteScalarQuantiser, Quantiser, VectorQuantiser
from fromnoise.seeds import Seeds


class GridCodecSettings(Settings):
    """Size of the autoencoder and the weights of its loss."""

    description: str = ""
    size: PositiveInt = 64
    """Side of the pictures, px: a multiple of twice the patch."""
    patch: PositiveInt = 4
    """Side of the patches that the first layer sees, px; a cell is twice as wide."""
    encoder_widths: tuple[int, int] = (64, 192)
    """Channels at the scale of patches and of cells."""
    encoder_depths: tuple[int, int] = (1, 2)
    decoder_widths: tuple[int, int] = (128, 192)
    decoder_depths: tuple[int, int] = (2, 2)
    edge_weight: float = 0.5
    """Weight of the absolute error of the picture's horizontal and vertical differences."""
    square_weight: float = 2.0
    """Weight of the squared error, which large errors are punished by."""

    @model_validator(mode="after")
    def _whole_cells(self) -> "GridCodecSettings":
        if self.size % (2 * self.patch):
            raise ValueError(f"size must be a multiple of twice the patch ({2 * self.patch})")
        return self

    @property
    def side(self) -> int:
        """Return how many cells a row has."""
        return self.size // (2 * self.patch)


class VQSettings(GridCodecSettings):
    """An autoencoder with a learned table of codes."""

    kind: Literal["vq"] = "vq"
    codes: PositiveInt = 1024
    channels: PositiveInt = 8
    """Channels of a code's vector: few, so that all codes come into use (Yu et al. 2022)."""
    commitment: float = 0.25
    """Weight of the encoder's distance to the codes."""


class FSQSettings(GridCodecSettings):
    """An autoencoder whose channels are rounded."""

    kind: Literal["fsq"] = "fsq"
    levels: tuple[int, ...] = Field(default=(8, 5, 5, 5), min_length=1)
    """Steps of every channel; their product is the number of codes."""


class GridCodec(nn.Module):
    """Encode pictures to a grid of codes, row by row; decode codes to pictures."""

    bounds = None

    def __init__(self, settings: GridCodecSettings, quantiser: Quantiser, commitment: float = 0.0) -> None:
        super().__init__()
        self.settings, self.quantiser, self.commitment = settings, quantiser, commitment
        self.size, self.codes = settings.size, quantiser.codes
        self.shape = (1, settings.side, settings.side)
        s = settings
        self.encoder = GridEncoder(s.patch, s.encoder_widths, s.encoder_depths, quantiser.channels)
        self.decoder = GridDecoder(quantiser.channels, s.patch, s.decoder_widths, s.decoder_depths)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def device(self) -> torch.device:
        """Return where it computes."""
        return next(self.parameters()).device

    def loss(self, batch: PictureBatch, seeds: Seeds) -> Tensor:
        """Return absolute error + squared error + edges + commitment for each picture, (B,)."""
        pictures = self._signed(batch.pictures)
        vectors = self.encoder(pictures).float()  # (B, C, N, N)
        flat, _, moved = self.quantiser(_rows(vectors), seeds if self.training else None)
        made = self.decoder(_grid(flat, len(pictures), self.settings.side)).float()
        off: Tensor = made - pictures
        error = off.abs().flatten(1).mean(1) + self.settings.square_weight * off.square().flatten(1).mean(1)
        for dim in (-1, -2):
            error = error + self.settings.edge_weight * off.diff(dim=dim).abs().flatten(1).mean(1)
        error = error + self.commitment * moved.view(len(pictures), -1).mean(1)
        return error

    def compile_networks(self) -> None:
        """Fuse the networks' small operations; costs half a minute at the first step."""
        self.encoder.compile()
        self.decoder.compile()

    @torch.no_grad()
    def encode(self, pictures: Tensor) -> Tensor:
        """Turn uint8 (B, S, S, 3) into codes, int64 (B, 1, N, N); larger pictures are made smaller first."""
        vectors = self.encoder(self._signed(pictures)).float()
        _, codes, _ = self.quantiser(_rows(vectors))
        return codes.view(len(pictures), *self.shape)

    @torch.no_grad()
    def decode(self, x0: Tensor) -> Tensor:
        """Turn codes (B, 1, N, N) into uint8 (B, S, S, 3), one by one; raise RequestError for other codes."""
        codes = check_codes(x0, self.codes, self.shape)
        made = [
            self.decoder(_grid(self.quantiser.look_up(item.flatten()).float(), 1, self.settings.side))
            for item in codes.to(self.device)
        ]
        return torch.cat([to_bytes(item) for item in made]).cpu()

    def _signed(self, pictures: Tensor) -> Tensor:
        signed = to_signed(resized(pictures.to(self.device), self.size))
        return signed.contiguous(memory_format=torch.channels_last)


class VQ(GridCodec):
    """The codec with a learned table of codes."""

    settings: VQSettings

    def __init__(self, settings: VQSettings) -> None:
        super().__init__(settings, VectorQuantiser(settings.codes, settings.channels), settings.commitment)


class FSQ(GridCodec):
    """The codec that rounds."""

    settings: FSQSettings

    def __init__(self, settings: FSQSettings) -> None:
        super().__init__(settings, FiniteScalarQuantiser(settings.levels))


def check_codes(codes: Tensor, count: int, shape: tuple[int, ...]) -> Tensor:
    """Return codes (B, *shape) as int64; raise RequestError for what is none."""
    if codes.is_floating_point() or tuple(codes.shape[1:]) != shape:
        wanted, came = (
            f"whole numbers (B, {', '.join(map(str, shape))})",
            f"{codes.dtype} {tuple(codes.shape)}",
        )
        raise RequestError(f"codes must be {wanted}, not {came}")
    if len(codes) and not 0 <= int(codes.min()) <= int(codes.max()) < count:
        wrong = int(codes.min()) if int(codes.min()) < 0 else int(codes.max())
        raise RequestError(f"a code must be from 0 to {count - 1}, got {wrong}")
    return codes.long()


def _rows(vectors: Tensor) -> Tensor:
    """(B, C, N, N) -> (B N N, C)."""
    return vectors.permute(0, 2, 3, 1).flatten(0, 2)


def _grid(rows: Tensor, batch: int, side: int) -> Tensor:
    """(B N N, C) -> (B, C, N, N)."""
    return rows.view(batch, side, side, -1).permute(0, 3, 1, 2)
