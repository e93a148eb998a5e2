"""Build a dataset from a folder of the user's own pictures."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from PIL import Image, ImageOps

from fromnoise.data.dataset import Item, PictureSet
from fromnoise.data.folder_captions import Captioned, find_captions, find_pictures
from fromnoise.data.writing import Report, check_place, write_pictures
from fromnoise.errors import DataError, RequestError, unknown
from fromnoise.pictures import fit as crop
from fromnoise.pictures import read_picture

FEWEST = 8
"""With fewer different pictures there is nothing to learn but those."""
VALIDATION_SHARE = 20
"""One picture in this many is kept for validation."""

Fit = Literal["crop", "pad"]
Warn = Callable[[str], None]


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=3)


def build_folder(
    source: Path,
    out: Path,
    size: int = 128,
    fit: Fit = "crop",
    overwrite: bool = False,
    report: Report = lambda done, of: None,
    warn: Warn = _warn,
    fewest: int = FEWEST,
) -> PictureSet:
    """Make the captioned pictures in `source` square, `size` px, and write them to `out`.

    `fit` cuts out the middle ("crop") or adds white ("pad"). The split is "validation" for one picture in
    twenty, at least one, else "train"; equal pictures share it. Pictures that can't be read or have no
    caption are left out, with a warning.
    """
    if fit not in get_args(Fit):
        raise DataError(unknown("fit", fit, get_args(Fit)))
    check_place(out, size, overwrite)
    files = find_pictures(source)
    captioned = find_captions(source, files)
    if len(captioned) < len(files):
        warn(f"{len(files) - len(captioned)} of {len(files)} pictures have no caption and are left out")
    _check_enough(len(captioned), fewest, source)
    digests: dict[str, bytes] = {}
    pictures = _read(captioned, source, size, fit, digests, report, warn, fewest)
    return write_pictures(out, "folder", size, pictures, overwrite, lambda items: _split(items, digests))


def _read(
    captioned: list[Captioned],
    source: Path,
    size: int,
    fit: Fit,
    digests: dict[str, bytes],
    report: Report,
    warn: Warn,
    fewest: int,
) -> Iterator[tuple[np.ndarray, Item]]:
    """Read and resize the pictures, fill `digests`, and raise in the end when too few were fit for use."""
    problems = []
    for done, entry in enumerate(captioned, start=1):
        try:
            picture = np.asarray(_square(read_picture(entry.path), size, fit))
        except RequestError as error:
            problems.append(str(error))
        else:
            digests[entry.name] = sha256(picture.tobytes()).digest()
            yield picture, _item(entry, source)
        report(done, len(captioned))
    if problems:
        message = f"{len(problems)} of {len(captioned)} pictures can't be used: {_some(problems)}"
        if not digests:
            raise DataError(message)
        warn(message)
    _check_enough(len(set(digests.values())), fewest, source)


def _square(picture: Image.Image, size: int, fit: Fit) -> Image.Image:
    if fit == "crop":
        return crop(picture, size)
    return ImageOps.pad(picture, (size, size), Image.Resampling.LANCZOS, color="white")


def _item(entry: Captioned, source: Path) -> Item:
    return Item(
        id=entry.name,
        caption=entry.caption,
        label=entry.caption,
        style=entry.style,
        family=entry.style,
        split="train",
        licence="not stated",
        attribution="",
        source=f"{source.name}/{entry.name}",
    )


def _split(items: list[Item], digests: dict[str, bytes]) -> list[Item]:
    """Keep one different picture in twenty for validation, by hash; if that is none, the first by hash."""
    different = set(digests.values())
    kept = {digest for digest in different if int.from_bytes(digest) % VALIDATION_SHARE == 0}
    kept = kept or {min(different)}
    return [replace(item, split="validation" if digests[item.id] in kept else "train") for item in items]


def _check_enough(count: int, fewest: int, source: Path) -> None:
    if count < fewest:
        raise DataError(
            f"{source} has {count} usable pictures with captions, each counted once; training takes at least "
            f"{fewest}"
        )


def _some(problems: list[str], most: int = 3) -> str:
    rest = f"; and {len(problems) - most} more" if len(problems) > most else ""
    return "; ".join(problems[:most]) + rest
