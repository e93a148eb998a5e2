"""Write a dataset folder: streamed, checksummed and renamed into place when it is whole."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from fromnoise.data.dataset import FORMAT, ITEMS, PICTURES, SUMMARY, Item, PictureSet, file_sha256
from fromnoise.errors import DataError, OutputError

MAX_SIZE = 1024


def write_pictures(
    out: Path, name: str, size: int, pictures: Iterable[tuple[np.ndarray, Item]], overwrite: bool = False
) -> PictureSet:
    """Write uint8 (size, size, 3) pictures and their items to the folder `out` as they come, and open it.

    Nothing is left behind when the iterable raises; an existing `out` is replaced only when `overwrite` is set.
    """
    check_place(out, size, overwrite)
    partial = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        partial.mkdir(parents=True)
        items = _stream(partial, size, pictures)
        (partial / SUMMARY).write_text(_summary(partial, name, size, items), encoding="utf-8")
        _move(partial, out)
    except OSError as error:
        raise OutputError(f"can't write the dataset to {out}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return PictureSet.open(out)


def check_place(out: Path, size: int, overwrite: bool) -> None:
    """Raise before any work is done when `out` or `size` can't be."""
    if not 8 <= size <= MAX_SIZE:
        raise DataError(f"a picture's size is 8 to {MAX_SIZE} px, not {size}")
    if out.exists() and not overwrite:
        raise DataError(f"{out} exists already; name another folder, or ask for it to be overwritten")
    if out.exists() and not (out / SUMMARY).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out} is not a dataset, so it is left alone; name another folder")


def _stream(folder: Path, size: int, pictures: Iterable[tuple[np.ndarray, Item]]) -> list[Item]:
    items: list[Item] = []
    with (folder / PICTURES).open("wb") as array, (folder / ITEMS).open("w", encoding="utf-8") as lines:
        _write_header(array, 0, size)
        for picture, item in pictures:
            assert picture.shape == (size, size, 3) and picture.dtype == np.uint8, (picture.shape, picture.dtype)
            array.write(picture.tobytes())
            lines.write(item.to_json() + "\n")
            items.append(item)
        if not items:
            raise DataError("there is not one picture to write")
        array.seek(0)
        _write_header(array, len(items), size)  # NumPy pads the header, so that its length is the same
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


def _move(partial: Path, out: Path) -> None:
    """Put the whole folder in place; the one that was there goes only after that."""
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    if out.exists():
        os.replace(out, old)
    os.replace(partial, out)
    shutil.rmtree(old, ignore_errors=True)
