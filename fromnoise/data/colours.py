"""Name the colours of a picture in plain English, and turn its hues."""

from functools import cache

import numpy as np
from PIL import Image

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "gray")
BACKGROUND = 250
"""A pixel whose darkest channel is at least this counts as background."""

_HUES = (
    (14, "red"),
    (41, "orange"),
    (66, "yellow"),
    (165, "green"),
    (254, "blue"),
    (296, "purple"),
    (345, "pink"),
    (360, "red"),
)
"""Where each hue ends, in degrees."""


def colour_shares(picture: np.ndarray) -> dict[str, float]:
    """Return the share of each colour among the pixels that aren't background, most frequent first.

    The picture is uint8 (H, W, 3) on white; an empty picture has no colours.
    """
    pixels = picture[::2, ::2].reshape(-1, 3)
    pixels = pixels[pixels.min(axis=1) < BACKGROUND] >> 3
    if not len(pixels):
        return {}
    codes = pixels.astype(np.int32) @ (1024, 32, 1)
    counts = np.bincount(_names()[codes], minlength=len(COLOURS))
    order = np.argsort(-counts, kind="stable")
    return {COLOURS[index]: float(counts[index] / len(pixels)) for index in order if counts[index]}


def dominant_colours(picture: np.ndarray, least: float = 0.15) -> list[str]:
    """Name the colours that cover at least `least` of what is drawn, most frequent first."""
    return [name for name, share in colour_shares(picture).items() if share >= least]


def recolour(picture: np.ndarray, hue_degrees: float) -> np.ndarray:
    """Turn all hues of a uint8 (H, W, 3) picture by `hue_degrees`; white, black and grays stay.

    Saturation and value (of HSV) are kept, so that a vivid colour stays vivid and shading stays shading.
    """
    hsv = np.array(Image.fromarray(picture).convert("HSV"))
    hsv[..., 0] += np.uint8(round(hue_degrees / 360 * 256) % 256)  # wraps around, as hues do
    return np.array(Image.fromarray(hsv, mode="HSV").convert("RGB"))


@cache
def _names() -> np.ndarray:
    """Return the index in COLOURS of each colour of 5 bits a channel, uint8 (32768,)."""
    levels = (np.arange(32) + 0.5) / 32
    rgb = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    value, chroma = rgb.max(axis=1), np.ptp(rgb, axis=1)
    saturation, hue = chroma / value, _hue(rgb)
    rules = [
        ((chroma < 0.15) & (value > 0.84), "white"),
        ((value < 0.2) | ((chroma < 0.13) & (value < 0.36)), "black"),
        (chroma < 0.13, "gray"),
        ((hue >= 8) & (hue < 48) & ((value < 0.72) | ((value < 0.8) & (saturation < 0.68))), "brown"),
        (((hue < 14) | (hue >= 296)) & (saturation < 0.55) & (value > 0.7), "pink"),
        ((hue >= 328) & (saturation > 0.75) & (value < 0.85), "red"),
        *((hue < end, name) for end, name in _HUES),
    ]
    indices = [np.uint8(COLOURS.index(name)) for _, name in rules]
    return np.array(np.select([rule for rule, _ in rules], indices))


def _hue(rgb: np.ndarray) -> np.ndarray:
    """Return the hue of HSV in degrees, (N,), 0 for grays."""
    red, green, blue = rgb.T
    most, chroma = rgb.max(axis=1), np.ptp(rgb, axis=1)
    span = np.where(chroma == 0, 1, chroma)
    sector = np.select(
        [chroma == 0, most == red, most == green],
        [0, (green - blue) / span, (blue - red) / span + 2],
        (red - green) / span + 4,
    )
    return np.asarray(sector * 60 % 360)
