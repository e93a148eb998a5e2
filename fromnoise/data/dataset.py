"""Captioned pictures on disk: one array, one line of JSON per picture, one summary."""

import json
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from fromnoise.errors import DataError, unknown
from fromnoise.files import file_sha256
from fromnoise.home import home
from fromnoise.registry import Registry

FORMAT = 1
PICTURES, ITEMS, SUMMARY = "pictures.npy", "items.jsonl", "dataset.json"

DATASETS = Registry(
    "dataset",
    {
        "emoji": "fromnoise.data.emoji:build_emoji",
        "folder": "fromnoise.data.folder:build_folder",
        "shapes": "fromnoise.data.shapes:build_shapes",
    },
)
"""Name -> builder; every builder takes `out` and `size` by name and returns a PictureSet."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """What is known of one picture besides its pixels."""

    id: str
    caption: str
    label: str
    split: str
    licence: str
    attribution: str
    source: str
    """Where the picture comes from: package@version, a file's path or a generator's name."""
    concept: str | None = None
    """Emojibase hexcode without variation selectors, for emoji."""
    tags: tuple[str, ...] = ()
    group: str | None = None
    subgroup: str | None = None
    style: str | None = None
    family: str | None = None

    @classmethod
    def from_json(cls, line: str) -> "Item":
        """Read one line of items.jsonl; keys that this version doesn't know are left out."""
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {key: value for key, value in json.loads(line).items() if key in known}
        return cls(**values | {"tags": tuple(values.get("tags", ()))})

    def to_json(self) -> str:
        """Write one line of items.jsonl, without the line break."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return json.dumps(values, ensure_ascii=False)


@dataclass(frozen=True)
class PictureSet:
    """Pictures with their items, or a view of some of them; the pixels stay on disk until asked for."""

    folder: Path
    summary: dict[str, Any]
    pictures: np.ndarray
    """uint8 (N, size, size, 3) on white, memory-mapped: all of the folder's pictures, also in a view."""
    all_items: Sequence[Item]
    rows: np.ndarray
    """int64 (len(self),): which of the folder's pictures belong to this view."""

    @classmethod
    def open(cls, path: Path | str) -> "PictureSet":
        """Open a dataset folder; raise DataError when it is missing, of another format or incomplete."""
        folder = Path(path)
        summary = _read_summary(folder)
        try:
            pictures = np.load(folder / PICTURES, mmap_mode="r", allow_pickle=False)
            with (folder / ITEMS).open(encoding="utf-8") as lines:
                items = [Item.from_json(line) for line in lines]
        except (OSError, EOFError, ValueError, TypeError) as error:
            raise DataError(f"{folder} is not a complete dataset ({error}); build it again") from None
        expected = (summary["count"], summary["size"], summary["size"], 3)
        if pictures.shape != expected or pictures.dtype != np.uint8 or len(items) != expected[0]:
            raise DataError(
                f"{folder} should hold {expected[0]} pictures of {expected[1]} px, but has an array of shape "
                f"{pictures.shape} and {len(items)} items; build it again"
            )
        return cls(folder, summary, pictures, items, np.arange(len(items)))

    @property
    def items(self) -> list[Item]:
        """Return the items of this view, in order."""
        return [self.all_items[row] for row in self.rows]

    @property
    def size(self) -> int:
        """Return the pictures' side in pixels."""
        return int(self.summary["size"])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[np.ndarray, Item]:
        """Return a copy of picture `index`, uint8 (size, size, 3), and its item."""
        row = int(self.rows[index])
        return np.array(self.pictures[row]), self.all_items[row]

    def __iter__(self) -> Iterator[tuple[np.ndarray, Item]]:
        return (self[index] for index in range(len(self)))

    def where(
        self,
        split: str | None = None,
        styles: Collection[str] | None = None,
        groups: Collection[str] | None = None,
    ) -> "PictureSet":
        """Return a view of the pictures that match everything that is not None."""
        _check_known("style", styles, {item.style for item in self.all_items})
        _check_known("group", groups, {item.group for item in self.all_items})
        kept = [
            row
            for row in self.rows
            if (split is None or self.all_items[row].split == split)
            and (styles is None or self.all_items[row].style in styles)
            and (groups is None or self.all_items[row].group in groups)
        ]
        return replace(self, rows=np.array(kept, dtype=np.int64))

    def verify(self) -> None:
        """Read the whole folder and raise DataError when a file isn't what its checksum says."""
        for name, expected in self.summary["sha256"].items():
            if file_sha256(self.folder / name) != expected:
                raise DataError(f"{self.folder / name} isn't what was built (checksum); build it again")


def _check_known(kind: str, asked: Collection[str] | None, known: Collection[str | None]) -> None:
    for name in asked or ():
        if name not in known:
            raise DataError(unknown(kind, name, [name for name in known if name]))


def dataset_folder(name: str) -> Path:
    """Return the folder where the dataset called `name` is built unless another one is named."""
    return home() / "data" / name


def find_dataset(name_or_path: str) -> Path:
    """Return where a dataset is or would be: built under that name, else at that path."""
    folder, named = Path(name_or_path).expanduser(), dataset_folder(name_or_path)
    is_path = os.sep in name_or_path or name_or_path in ("", ".", "..")
    return folder if is_path or (folder.is_dir() and not named.is_dir()) else named


def _read_summary(folder: Path) -> dict[str, Any]:
    try:
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        names = "|".join(DATASETS)
        raise DataError(f"no dataset at {folder}; make one with: fromnoise data build {names}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / SUMMARY} can't be read: {error}") from None
    if not isinstance(summary, dict) or summary.get("format") != FORMAT:
        raise DataError(f"{folder} is not a dataset of format {FORMAT}; build it again with this version")
    if missing := {"name", "size", "count", "sha256"} - summary.keys():
        raise DataError(f"{folder / SUMMARY} lacks {', '.join(sorted(missing))}; build it again")
    return summary
