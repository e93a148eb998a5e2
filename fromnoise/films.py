"""Films and sheets: many pictures as one file that moves, or as one picture."""

import math
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from fromnoise.errors import OutputError, unknown
from fromnoise.pictures import exif_of

SUFFIXES = {".webp": "WEBP", ".gif": "GIF"}


def film_format(path: Path) -> str:
    """Return Pillow's name for the format of a file name; raise OutputError when we don't write it."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise OutputError(f"{path}: {unknown('film format', suffix, SUFFIXES)}")
    return SUFFIXES[suffix]


def encode_film(
    frames: Sequence[Image.Image], durations: Sequence[int], format: str, settings: dict[str, Any]
) -> bytes:
    """Encode frames, shown for `durations` ms each, as an endless film; WebP carries the settings."""
    first, *rest = frames
    buffer = BytesIO()
    if format == "WEBP":
        first.save(
            buffer,
            format,
            save_all=True,
            append_images=rest,
            duration=list(durations),
            loop=0,
            lossless=True,
            exif=exif_of(settings).tobytes(),
        )
    else:
        first.save(buffer, format, save_all=True, append_images=rest, duration=list(durations), loop=0)
    return buffer.getvalue()


def appearing(count: int) -> list[int]:
    """Return how long each frame of a picture appearing is shown, in ms: the finished picture rests."""
    return [80] * (count - 1) + [2000]


def turning(count: int) -> list[int]:
    """Return how long each frame from one prompt to another is shown, in ms: both ends rest."""
    return [120 if 0 < frame < count - 1 else 800 for frame in range(count)]


def sheet(images: Sequence[Image.Image], columns: int | None = None, gap: int = 4) -> Image.Image:
    """Lay pictures of one size out on white, row by row; as square as can be when `columns` is None."""
    if len(images) == 1:
        return images[0]
    columns = columns or math.ceil(math.sqrt(len(images)))
    rows = math.ceil(len(images) / columns)
    width, height = images[0].size
    board = Image.new("RGB", (columns * (width + gap) - gap, rows * (height + gap) - gap), "white")
    for index, image in enumerate(images):
        board.paste(image, (index % columns * (width + gap), index // columns * (height + gap)))
    return board
