"""The real pictures that everything is judged against, with their features kept beside them."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.judge import EXTRACTOR, Bytes, Floats, features
from fromnoise.data.dataset import Item, PictureSet, dataset_folder
from fromnoise.errors import DataError

STYLES = ("noto", "fluent-3d", "twemoji", "fluent-flat", "noto-v1")
GROUPS = ("animals-nature", "food-drink", "travel-places", "objects", "activities", "smileys-emotion")
GALLERY = "emoji-gallery"


@dataclass(frozen=True)
class RealPictures:
    """Real pictures of emoji, uint8 on white, with the judge's features; a view of the built dataset."""

    view: PictureSet

    @classmethod
    def open(cls, folder: Path | None = None) -> "RealPictures":
        """Open the emoji set that `fromnoise data build emoji` made."""
        return cls(PictureSet.open(folder or dataset_folder("emoji")))

    @classmethod
    def open_gallery(cls) -> "RealPictures":
        """Open the further styles that `python -m benchmarks.gallery` drew for the judge alone."""
        folder = dataset_folder(GALLERY)
        if not folder.is_dir():
            raise DataError(
                "the judge needs its further styles; draw them with: python -m benchmarks.gallery"
            )
        return cls(PictureSet.open(folder))

    def where(
        self,
        split: str | None = None,
        styles: Collection[str] | None = None,
        groups: Collection[str] | None = None,
    ) -> "RealPictures":
        """Keep the pictures that match everything that is not None."""
        return RealPictures(self.view.where(split, styles, groups))

    def judged(self) -> "RealPictures":
        """Keep what retrieval is about: animals, food, travel, objects, activities and smileys."""
        return self.where(groups=GROUPS)

    @cached_property
    def items(self) -> list[Item]:
        """Return what is known of every picture."""
        return self.view.items

    @cached_property
    def pictures(self) -> Bytes:
        """Return the pixels, uint8 (N, 128, 128, 3)."""
        return np.asarray(self.view.pictures[self.view.rows])

    @cached_property
    def features(self) -> Floats:
        """Return the judge's features (N, 1280), computed once for the whole set and kept beside it."""
        checksum = self.view.summary["sha256"]["pictures.npy"]
        path = self.view.folder / f"features-{EXTRACTOR}-{checksum[:12]}.npy"
        if not path.is_file():
            half_written = path.with_suffix(f".{os.getpid()}.tmp")
            with half_written.open("wb") as file:
                np.save(file, features(self.view.pictures))
            os.replace(half_written, path)
        return np.asarray(np.load(path, allow_pickle=False)[self.view.rows])

    @property
    def concepts(self) -> list[str]:
        """Return the concept (hexcode) of every picture."""
        return [str(item.concept) for item in self.items]

    @property
    def families(self) -> list[str]:
        """Return the family of every picture: the releases of one design."""
        return [str(item.family) for item in self.items]

    @property
    def styles(self) -> list[str]:
        """Return the style of every picture."""
        return [str(item.style) for item in self.items]
