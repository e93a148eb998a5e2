"""Pictures to measure, wherever they are: a folder, a list, a dataset. Read one by one, never all at once.

Legend: H W a picture's own height and width; pixels are uint8 (H, W, 3), on white.
"""

import struct
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from fromnoise.data.dataset import SUMMARY, PictureSet
from fromnoise.data.folder_captions import METADATA, find_captions, find_pictures
from fromnoise.errors import DataError, RequestError
from fromnoise.pictures import LARGEST, SMALLEST, read_picture

Pixels = NDArray[np.uint8]
TEXTS = (".txt", ".jsonl")


@dataclass(frozen=True)
class Source:
    """Pictures with names, and what is known of them; None where nothing is."""

    name: str
    """What the set is called in a report."""
    names: Sequence[str]
    read: Callable[[int], Pixels]
    captions: Sequence[str | None] | None = None
    styles: Sequence[str | None] | None = None
    concepts: Sequence[str | None] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Pixels:
        """Return the pixels of picture `index`; raise DataError when it can't be read."""
        return self.read(range(len(self))[index])

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> "Source":
        """Return a view of some pictures, in that order; a row may come more than once."""
        chosen = [range(len(self))[int(row)] for row in rows]
        return Source(
            self.name,
            [self.names[row] for row in chosen],
            lambda index: self.read(chosen[index]),
            *(
                known and [known[row] for row in chosen]
                for known in (self.captions, self.styles, self.concepts)
            ),
        )


def open_source(path: Path | str) -> Source:
    """Open a folder of pictures of any size, with its subfolders, or a dataset folder.

    Raise DataError when it is empty, when texts lie among the pictures, or when a file is no picture.
    """
    folder = Path(path).expanduser()
    if (folder / SUMMARY).is_file():
        return dataset_source(PictureSet.open(folder))
    paths = find_pictures(folder)
    captions, styles = _told(folder, paths)
    _check_texts(folder, paths)
    problems = [problem for path in paths if (problem := _header_problem(path))]
    if problems:
        raise unreadable(problems, len(paths))
    names = [path.relative_to(folder).as_posix() for path in paths]
    return Source(str(path), names, lambda index: _read(paths[index]), captions, styles)


def source_of(pictures: Any, name: str = "pictures") -> Source:
    """Wrap a list of PIL images or uint8 arrays (H, W), (H, W, 3) or (H, W, 4), or a stack of them."""
    if len(pictures) == 0:
        raise DataError(f"{name}: no pictures")
    names = [f"{name} {index}" for index in range(len(pictures))]
    return Source(name, names, lambda index: _pixels(pictures[index], names[index]))


def dataset_source(pictures: PictureSet, name: str | None = None) -> Source:
    """Wrap a dataset or a view of one."""
    if not len(pictures):
        raise DataError(f"{name or pictures.summary['name']}: no pictures")
    items = pictures.items
    return Source(
        name or str(pictures.summary["name"]),
        [item.id for item in items],
        lambda index: pictures[index][0],
        [item.caption for item in items],
        [item.style for item in items],
        [item.concept or item.label for item in items],
    )


def unreadable(problems: Sequence[str], of: int) -> DataError:
    """Word one error for all files that can't be read."""
    if len(problems) == 1:
        return DataError(problems[0])
    shown = "; ".join(problems[:3])
    return DataError(
        f"{len(problems)} of {of} pictures can't be used: {shown}{'; ...' if problems[3:] else ''}"
    )


def _told(folder: Path, paths: list[Path]) -> tuple[list[str | None] | None, list[str | None] | None]:
    """Return captions and styles where the folder says any: in metadata.jsonl or in texts beside pictures."""
    if not ((folder / METADATA).is_file() or any(path.with_suffix(".txt").is_file() for path in paths)):
        return None, None
    told = {one.path: one for one in find_captions(folder, paths)}
    captions = [told[path].caption if path in told else None for path in paths]
    styles = [told[path].style if path in told else None for path in paths]
    return captions, styles if any(styles) else None


def _check_texts(folder: Path, paths: list[Path]) -> None:
    captions = {path.with_suffix(".txt") for path in paths} | {folder / METADATA}
    texts = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in TEXTS and path not in captions
    )
    if texts:
        first = texts[0].relative_to(folder)
        raise DataError(
            f"{folder} holds {len(paths)} pictures and {len(texts)} texts ({first}); judge one kind at a "
            f"time: put them into two folders"
        )


def _header_problem(path: Path) -> str | None:
    """Say what is wrong with a file as far as its first bytes tell; it is decoded later."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # `read_picture` has a limit too
            with Image.open(path) as image:
                fits = min(image.size) >= SMALLEST and image.width * image.height <= LARGEST
    except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError):
        fits = False
    if not fits:
        try:
            _read(path)
        except DataError as error:
            return str(error)
    return None


def _read(path: Path) -> Pixels:
    try:
        return np.asarray(read_picture(path))
    except RequestError as error:
        raise DataError(str(error)) from None


def _pixels(picture: Any, name: str) -> Pixels:
    """Return a picture in memory as pixels."""
    if isinstance(picture, Image.Image) and picture.mode[0] == "I":  # 16 bits
        picture = (np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
    elif isinstance(picture, Image.Image):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    elif isinstance(picture, torch.Tensor):
        picture = picture.detach().cpu().numpy()
    array = np.asarray(picture)
    if array.dtype != np.uint8:
        raise DataError(f"{name} must be 8-bit pixels (uint8, 0 to 255), not {array.dtype}")
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (3, 4):
        raise DataError(f"{name} must have the shape (H, W), (H, W, 3) or (H, W, 4), not {array.shape}")
    if min(array.shape[:2]) < SMALLEST:
        size = f"{array.shape[1]}x{array.shape[0]}"
        raise DataError(f"{name} is {size} px; it takes at least {SMALLEST} px a side")
    return array if array.shape[2] == 3 else _on_white(array)


def _on_white(array: Pixels) -> Pixels:
    share = array[..., 3:].astype(np.float32) / 255
    return (array[..., :3] * share + 255 * (1 - share)).round().astype(np.uint8)
