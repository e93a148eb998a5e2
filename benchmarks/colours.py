"""Which colours does a picture show, in the words that people use for them?"""

import re
from collections.abc import Sequence

import numpy as np

from benchmarks.judge import Bytes, Flags, Floats

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey")
_ALIKE = {"golden": "yellow", "gray": "grey", "violet": "purple"}
_EDGES = (12, 36, 62, 165, 258, 295, 345)  # degrees
_HUES = ("red", "orange", "yellow", "green", "blue", "purple", "pink")
NOTABLE = 0.15  # share of the drawn area from which a colour counts as shown


def asked_colours(prompt: str) -> tuple[str, ...]:
    """Return the colour words of a prompt in their order."""
    words = (_ALIKE.get(word, word) for word in re.findall(r"[a-z]+", prompt.lower()))
    return tuple(word for word in words if word in COLOURS)


def shares(picture: Bytes) -> dict[str, float]:
    """Return the share of every colour in what is drawn on the white ground, the greatest first."""
    pixels = picture.reshape(-1, 3)
    drawn = pixels[_inside(picture).reshape(-1)]
    names = _names(drawn / 255) if len(drawn) else np.array(["white"])
    found = {colour: float((names == colour).mean()) for colour in COLOURS}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def shows(picture: Bytes, colour: str) -> tuple[bool, bool]:
    """Return whether `colour` is the most frequent, and whether it is notable and among the first two."""
    found = shares(picture)
    first, second, *_ = found
    return colour == first, colour in (first, second) and found[colour] >= NOTABLE


def count_shown(pictures: Bytes, colours: Sequence[str]) -> tuple[int, int]:
    """Count the pictures whose asked colour is the first, and those that show it notably."""
    first, notable = np.array([shows(*pair) for pair in zip(pictures, colours, strict=True)]).sum(0)
    return int(first), int(notable)


def _inside(picture: Bytes) -> Flags:
    """Find what is drawn: every pixel between the outermost not-white ones of its row and of its column."""
    ink = picture.min(-1) < 235
    across = np.maximum.accumulate(ink, 1) & np.maximum.accumulate(ink[:, ::-1], 1)[:, ::-1]
    down = np.maximum.accumulate(ink, 0) & np.maximum.accumulate(ink[::-1], 0)[::-1]
    return np.asarray(across & down)


def _names(rgb: Floats) -> np.ndarray:
    """Name every colour (N, 3), 0 to 1, by its hue, or by its lightness where it has next to no hue."""
    top, low = rgb.max(1), rgb.min(1)
    chroma = top - low
    hue = _hue(rgb, top, chroma)
    names = np.select([hue < edge for edge in _EDGES], _HUES, "red")
    warm = np.isin(names, ("red", "orange", "yellow"))
    names[warm & (top < 0.78) & ((chroma < 0.7 * top) | (top < 0.4))] = "brown"
    names[(names == "red") & (low > 0.5)] = "pink"
    plain = chroma < np.maximum(0.12, 0.15 * top)
    names[plain] = np.select([top[plain] < 0.42, top[plain] > 0.85], ["black", "white"], "grey")
    names[top < 0.2] = "black"
    return names


def _hue(rgb: Floats, top: Floats, chroma: Floats) -> Floats:
    red, green, blue = rgb.T
    safe = np.maximum(chroma, 1e-6)
    from_red, from_green, from_blue = (
        (green - blue) / safe % 6,
        (blue - red) / safe + 2,
        (red - green) / safe + 4,
    )
    return np.asarray(60 * np.select([top == red, top == green], [from_red, from_green], from_blue))
