"""Draw captioned shapes: a dataset that takes seconds to make and minutes to learn."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from fromnoise.data.dataset import Item, PictureSet
from fromnoise.data.outlines import SHAPES, Points
from fromnoise.data.split import draw
from fromnoise.data.writing import Report, check_place, write_pictures
from fromnoise.errors import DataError

SUPERSAMPLING = 4
HELD_OUT = 8
"""One (shape, colour) pair in this many is held out."""

COLOURS = {
    "red": (220, 40, 40),
    "orange": (250, 140, 20),
    "yellow": (250, 210, 40),
    "green": (50, 160, 70),
    "blue": (50, 100, 220),
    "purple": (130, 60, 190),
    "pink": (245, 130, 180),
    "brown": (130, 80, 45),
    "black": (30, 30, 30),
    "gray": (140, 140, 140),
}
BACKGROUNDS = {
    "white": (255, 255, 255),
    "light blue": (205, 228, 250),
    "light green": (214, 240, 210),
    "light yellow": (252, 244, 200),
}
SIZES = {"small": 0.45, "": 0.65, "large": 0.85}
"""Word -> share of the picture's side that the shape fills."""
STYLES = ("plain", "outline")


def build_shapes(
    out: Path,
    count: int = 4000,
    size: int = 32,
    seed: int = 0,
    overwrite: bool = False,
    report: Report = lambda done, of: None,
) -> PictureSet:
    """Draw `count` shapes, `size` px square, into `out`; the same arguments give the same pictures.

    The split is "pair" for the (shape, colour) pairs that are held out, else "train".
    """
    if count < 1:
        raise DataError(f"the count of shapes is at least 1, not {count}")
    check_place(out, size, overwrite)
    return write_pictures(out, "shapes", size, _drawn(count, size, seed, report), overwrite)


def shapes_split(shape: str, colour: str) -> str:
    """Return "pair" for the pairs that are held out, else "train"."""
    return "pair" if draw(f"{shape}:{colour}", HELD_OUT) else "train"


def _drawn(count: int, size: int, seed: int, report: Report) -> Iterator[tuple[np.ndarray, Item]]:
    for index in range(count):
        yield _one(Random(f"shapes:{seed}:{index}"), index, size)
        report(index + 1, count)


def _one(random: Random, index: int, size: int) -> tuple[np.ndarray, Item]:
    shape, colour = random.choice(list(SHAPES)), random.choice(list(COLOURS))
    size_word, style = random.choice(list(SIZES)), random.choice(STYLES)
    background = "white" if random.random() < 0.5 else random.choice(list(BACKGROUNDS))
    share = SIZES[size_word] * random.uniform(0.92, 1.08)
    room = (1 - share) / 2
    centre = (0.5 + random.uniform(-room, room), 0.5 + random.uniform(-room, room))
    points = [(centre[0] + x * share / 2, centre[1] + y * share / 2) for x, y in SHAPES[shape]()]
    picture = _paint(points, COLOURS[colour], BACKGROUNDS[background], style, size)
    label = f"{colour} {shape}"
    words = [size_word, label, "" if background == "white" else f"on {background}"]
    item = Item(
        id=f"shapes/{index:06}",
        caption=" ".join(word for word in words if word),
        label=label,
        tags=tuple(word for word in (size_word, shape, colour, f"{background} background") if word),
        group="shapes",
        subgroup=shape,
        style=style,
        family=style,
        split=shapes_split(shape, colour),
        licence="CC0-1.0",
        attribution="",
        source="fromnoise shapes",
    )
    return picture, item


def _paint(
    points: Points, colour: tuple[int, ...], background: tuple[int, ...], style: str, size: int
) -> np.ndarray:
    """Draw a closed line of points (x, y in 0..1) and return uint8 (size, size, 3), antialiased."""
    side = size * SUPERSAMPLING
    sheet = Image.new("RGB", (side, side), background)
    brush = ImageDraw.Draw(sheet)
    pixels = [(x * side, y * side) for x, y in points]
    if style == "outline":
        brush.line([*pixels, *pixels[:2]], fill=colour, width=max(1, side // 14), joint="curve")
    else:
        brush.polygon(pixels, fill=colour)
    return np.asarray(sheet.reduce(SUPERSAMPLING))
