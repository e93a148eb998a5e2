"""Where results go: names, and checks before any work is done."""

import os
import re
import unicodedata
from collections.abc import Sequence
from itertools import count as numbers
from pathlib import Path

from fromnoise.errors import OutputError

_LONGEST_NAME = 255  # bytes, on every common file system
_ARTICLES = re.compile(r"^(a|an|the)-")


def slug(prompt: str) -> str:
    """Turn a prompt into the stem of a file name: "A red apple!" becomes red-apple."""
    words = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", prompt).lower()).strip("-")
    return _ARTICLES.sub("", words)[:40].strip("-") or "picture"


def free_name(stem: str, suffix: str) -> Path:
    """Return a name in the current folder that no file bears yet: stem, stem-2, stem-3, ..."""
    names = (Path(f"{stem}-{number}{suffix}" if number > 1 else f"{stem}{suffix}") for number in numbers(1))
    return next(name for name in names if not os.path.lexists(name))


def is_folder(output: str) -> bool:
    """Tell whether -o means a folder: it is one, its name ends with / or has no suffix."""
    return os.path.isdir(output) or output.endswith(("/", os.sep)) or not Path(output).suffix


def numbered(output: Path, count: int, folder: bool) -> list[Path]:
    """Name `count` pictures: DIR/00000.png, ... in a folder; FILE.png alone, FILE-0.png, ... for more."""
    if folder:
        return [output / f"{index:05d}.png" for index in range(count)]
    return [output] if count == 1 else [output.with_stem(f"{output.stem}-{index}") for index in range(count)]


def check_files(paths: Sequence[Path], force: bool) -> None:
    """Raise OutputError for a path that can't be written to, or is taken while `force` is off."""
    if len(set(paths)) < len(paths):
        raise OutputError("the film and the picture need two file names")
    for folder in {path.parent for path in paths}:
        _check_folder(folder)
    for path in paths:
        if len(os.fsencode(path.name)) > _LONGEST_NAME:
            raise OutputError(f"the file name {path.name[:40]}... is too long; at most {_LONGEST_NAME} bytes")
        if os.path.isdir(path):
            raise OutputError(f"{path} is a folder; name a file in it")
        if not force and os.path.lexists(path):
            raise OutputError(f"{path} is there already; --force overwrites it")


def check_empty(folder: Path, force: bool) -> None:
    """Raise OutputError when `folder` can't be written to, or holds files and `force` is off."""
    _check_folder(folder)
    try:
        taken = folder.is_dir() and any(folder.iterdir())
    except OSError as error:
        raise OutputError(f"can't look into {folder}: {error.strerror}") from None
    if taken and not force:
        raise OutputError(
            f"{folder} is not empty; name another folder, or --force to overwrite pictures in it"
        )


def _check_folder(folder: Path) -> None:
    """Raise OutputError unless `folder`, or the folder it would be made in, takes files."""
    nearest = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
    if not nearest.is_dir():
        raise OutputError(f"{nearest} is not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise OutputError(f"{nearest} is read-only; choose another place with -o")
