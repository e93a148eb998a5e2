"""Write a dataset folder: streamed, checksummed and renamed into place when it is whole."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from fromnoise.data.dataset import FORMAT, ITEMS, PICTURES, SUMMARY, Item, PictureSet
from fromnoise.errors import DataError, OutputError
from fromnoise.files import file_sha256

LARGEST_SIDE = 1024  # px
SMALLEST_SIDE = 8  # px

Report = Callable[[int, int], None]
"""(pictures done, of how many)."""


def write_pictures(
    out: Path,
    name: str,
    size: int,
    pictures: Iterable[tuple[np.ndarray, Item]],
    overwrite: bool = False,
    finish: Callable[[list[Item]], list[Item]] = list,
) -> PictureSet:
    """Write uint8 (size, size, 3) pictures and their items to the folder `out` as they come, and open it.

    `finish` may change items once all pictures have been seen. Nothing is left behind when the iterable
    raises; an existing dataset at `out` is replaced only when `overwrite` is set.
    """
    check_place(out, size, overwrite)
    out = Path(os.path.abspath(out))  # "." has no name to put a partial folder beside
    partial = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        partial.mkdir(parents=True)
        items = finish(_stream(partial / PICTURES, size, pictures))
        (partial / ITEMS).write_text("".join(item.to_json() + "\n" for item in items), encoding="utf-8")
        (partial / SUMMARY).write_text(_summary(partial, name, size, items), encoding="utf-8")
        move_folder(partial, out)
    except OSError as error:
        raise OutputError(f"can't write a dataset to {out}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return PictureSet.open(out)


def check_place(out: Path, size: int, overwrite: bool) -> None:
    """Raise before any work is done when `out` or `size` can't be."""
    if not SMALLEST_SIDE <= size <= LARGEST_SIDE:
        raise DataError(f"a picture's size is {SMALLEST_SIDE} to {LARGEST_SIDE} px, not {size}")
    check_absent(out, overwrite)


def check_absent(out: Path, overwrite: bool) -> None:
    """Raise OutputError when something else than a dataset that may be replaced is at `out`."""
    if not os.path.lexists(out) or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / SUMMARY).is_file():
        raise OutputError(f"{out} is there already and is no dataset; name another folder")
    if not overwrite:
        raise OutputError(f"{out} is there already; --force builds it anew")


def _stream(path: Path, size: int, pictures: Iterable[tuple[np.ndarray, Item]]) -> list[Item]:
    items: list[Item] = []
    with path.open("wb") as file:
        _write_header(file, 0, size)
        for picture, item in pictures:
            assert picture.shape == (size, size, 3) and picture.dtype == np.uint8, picture.shape
            file.write(picture.tobytes())
            items.append(item)
        if not items:
            raise DataError("there is not one picture to write")
        file.seek(0)
        _write_header(file, len(items), size)  # NumPy pads the header, so that its length stays
    return items


def _write_header(file: BinaryIO, count: int, size: int) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, size, size, 3)}
    np.lib.format.write_array_header_1_0(file, header)


def _summary(folder: Path, name: str, size: int, items: list[Item]) -> str:
    def counts(field: str) -> dict[str, int]:
        return dict(sorted(Counter(str(getattr(item, field)) for item in items).items()))

    summary = {
        "format": FORMAT,
        "name": name,
        "size": size,
        "count": len(items),
        "styles": counts("style"),
        "splits": counts("split"),
        "licences": counts("licence"),
        "sha256": {file: file_sha256(folder / file) for file in (PICTURES, ITEMS)},
    }
    return json.dumps(summary, indent=1) + "\n"


def move_folder(partial: Path, out: Path) -> None:
    """Put the whole folder in place; the one that was there goes only after that."""
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    if out.exists():
        os.replace(out, old)
    os.replace(partial, out)
    shutil.rmtree(old, ignore_errors=True)
