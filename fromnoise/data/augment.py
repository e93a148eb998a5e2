"""Non-leaky augmentation (Karras et al. 2020, 2022): a picture is changed and the model is told how.

Geometry is told as numbers, a changed hue in the caption's words; at sampling the numbers are zero, so
pictures come out straight.
"""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageOps
from pydantic import Field

from fromnoise.config import Settings
from fromnoise.data.captions import draw_number
from fromnoise.data.colours import dominant_colours, recolour

LABEL = 5
"""Numbers that tell the geometry: mirrored, right, down, larger, turned; each -1 to 1, 0 when untouched."""


class AugmentSettings(Settings):
    """How far pictures are changed, and how many changed versions are kept of each."""

    versions: int = Field(default=6, ge=1, le=64)
    """Versions a picture, the untouched one among them."""
    plain: float = Field(default=0.4, ge=0, le=1)
    """Share of the untouched version in training; the other versions have equal parts of the rest."""
    shift: float = 0.08
    """Largest shift, as a share of the side."""
    scale: float = 0.15
    """Largest change of size, as a share of it."""
    turn: float = 12.0
    """Largest turn, in degrees."""
    recolour: float = 0.4
    """Share of the changed versions that get another hue."""


def draw_kind(settings: AugmentSettings, stream: torch.Generator) -> int:
    """Draw which version of a picture to show."""
    if settings.versions == 1 or draw_number(stream) < settings.plain:
        return 0
    return 1 + int(draw_number(stream) * (settings.versions - 1))


@dataclass(frozen=True)
class Version:
    """A picture as it is fed: pixels, what was done to them, and the colour to say, if its hue was turned."""

    picture: np.ndarray
    label: tuple[float, ...] = (0.0,) * LABEL
    colour: str | None = None


def version(
    picture: np.ndarray,
    index: int,
    settings: AugmentSettings,
    stream: torch.Generator,
    may_mirror: bool = True,
) -> Version:
    """Make version `index` of a uint8 (S, S, 3) picture.

    0 is the picture, 1 its mirror image, the others are drawn.
    `may_mirror` is False for a picture whose mirror image is held out or means something else.
    """
    if index == 0:
        return Version(picture)
    if index == 1 and may_mirror:
        return Version(picture[:, ::-1].copy(), (1.0, 0.0, 0.0, 0.0, 0.0))
    colour = None
    if draw_number(stream) < settings.recolour:
        picture, colour = _another_hue(picture, 50 + 260 * draw_number(stream))
    picture, label = _moved(picture, settings, stream, may_mirror)
    return Version(picture, label, colour)


def _another_hue(picture: np.ndarray, degrees: float) -> tuple[np.ndarray, str | None]:
    """Turn the hue; a picture that has hardly any stays as it is, since its caption could not tell."""
    turned = recolour(picture, degrees)
    before, after = dominant_colours(picture), dominant_colours(turned)
    told = next((colour for colour in after if colour not in ("white", "black", "gray")), None)
    return (turned, told) if told and before[:1] != after[:1] else (picture, None)


def _moved(
    picture: np.ndarray, settings: AugmentSettings, stream: torch.Generator, may_mirror: bool
) -> tuple[np.ndarray, tuple[float, ...]]:
    mirrored = float(draw_number(stream) < 0.5 and may_mirror)
    right, down, larger, turned = (2 * draw_number(stream) - 1 for _ in range(4))
    side = picture.shape[0]
    image = Image.fromarray(picture)
    image = ImageOps.mirror(image) if mirrored else image
    angle = np.deg2rad(turned * settings.turn)
    zoom = 1 / (1 + larger * settings.scale)
    cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
    centre = side / 2
    x, y = centre + right * settings.shift * side, centre + down * settings.shift * side
    # PIL maps output pixels to input pixels: turn and shrink about the moved centre
    matrix = (cos, sin, centre - cos * x - sin * y, -sin, cos, centre + sin * x - cos * y)
    how = Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
    moved = image.transform(image.size, *how, fillcolor=(255, 255, 255))
    return np.array(moved), (mirrored, right, down, larger, turned)
