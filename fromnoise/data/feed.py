"""From a dataset to training batches.

A batch is a function of (seed, step) alone, so a resumed run sees what it would have seen.
Legend: B batch, S picture side, K versions of each picture, N pictures.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from fromnoise.codecs.codec import PictureBatch
from fromnoise.config import Settings
from fromnoise.data.augment import LABEL, AugmentSettings, Version, draw_kind, version
from fromnoise.data.captions import draw_number, name_colour, vary_caption
from fromnoise.data.colours import dominant_colours
from fromnoise.data.dataset import DATASETS, PictureSet, find_dataset
from fromnoise.data.mirror import may_mirror
from fromnoise.errors import DataError, unknown


class DataSettings(Settings):
    """Which pictures to train on."""

    dataset: str = "emoji"
    """Name of a built dataset, or the folder of one."""
    styles: tuple[str, ...] = ()
    """Only these styles; empty means all."""
    weights: dict[str, float] = Field(default_factory=dict)
    """How often a group's pictures are shown, where not 1."""
    augment: AugmentSettings = AugmentSettings()


@dataclass(frozen=True)
class CaptionedBatch:
    """Encoded pictures with what is told about them."""

    x0: Tensor
    """(B, *shape) of the codec."""
    captions: list[str]
    styles: list[str | None]
    augmented: Tensor
    """(B, LABEL): what geometry was changed."""

    def __len__(self) -> int:
        return len(self.x0)


def open_dataset(settings: DataSettings) -> PictureSet:
    """Open the dataset; one that needs no download is built when it is missing."""
    folder = find_dataset(settings.dataset)
    if settings.dataset == "shapes" and not folder.exists():
        DATASETS["shapes"](out=folder)
    pictures = PictureSet.open(folder)
    if settings.styles:
        pictures = pictures.where(styles=settings.styles)
    if not len(pictures.where(split="train")):
        raise DataError(f"{folder} has no training pictures in the styles {list(settings.styles)}")
    _check_weights(pictures.where(split="train"), settings.weights)
    return pictures


def _check_weights(pictures: PictureSet, weights: Mapping[str, float]) -> None:
    groups = {item.group or "" for item in pictures.all_items}
    for group, weight in weights.items():
        if group not in groups:
            raise DataError(unknown("group", group, groups))
        if weight < 0:
            raise DataError(f"weights must be at least 0 (never shown), not {weight} for {group!r}")
    if not row_weights(pictures, weights).any():
        raise DataError("no picture is left to train on: every group's weight is 0")


class Epochs:
    """Visit rows in random order, each about as often as its weight says; any position can be asked for."""

    def __init__(self, weights: np.ndarray, seed: int) -> None:
        self.edges = np.cumsum(weights / weights.sum())
        self.seed = seed
        self._kept: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    def __getitem__(self, position: int) -> int:
        """Return the row at `position` of the endless walk."""
        epoch, place = divmod(position, len(self.edges))
        if epoch != self._kept[0]:
            self._kept = epoch, self._order(epoch)
        return int(self._kept[1][place])

    def _order(self, epoch: int) -> np.ndarray:
        # systematic resampling: a row of weight w comes floor(N w) or ceil(N w) times
        chance = np.random.default_rng((self.seed, epoch))
        count = len(self.edges)
        rows = np.searchsorted(self.edges, (np.arange(count) + chance.random()) / count, side="right")
        return chance.permutation(rows.clip(max=count - 1))


class PictureFeed:
    """Batches of plain pictures, mirrored half of the time, for codecs."""

    def __init__(self, pictures: PictureSet, settings: DataSettings, seed: int) -> None:
        train = pictures.where(split="train")
        self._pictures, self._rows = pictures.pictures, train.rows
        self._epochs = Epochs(row_weights(train, settings.weights), seed)
        self._seed, self._items = seed, pictures.all_items
        self._held = np.setdiff1d(pictures.rows, train.rows)[::4]

    def batch(self, step: int, size: int) -> PictureBatch:
        """Return the batch of a step."""
        chance = np.random.default_rng((self._seed, step))
        rows = [self._rows[self._epochs[step * size + index]] for index in range(size)]
        pictures = np.stack([self._pictures[row] for row in rows])
        allowed = np.array([may_mirror(self._items[row]) for row in rows])
        mirrored = allowed & (chance.random(size) < 0.5)
        pictures[mirrored] = pictures[mirrored][:, :, ::-1]
        if chance.random() < 0.3:  # other colours, so that the codec knows more than the data's
            pictures = pictures[..., chance.permutation(3)]
        return PictureBatch(torch.from_numpy(np.ascontiguousarray(pictures)))

    def validation(self, size: int, most: int = 256) -> list[PictureBatch]:
        """Return held-out pictures in batches."""
        rows = self._held[:most]
        return [
            PictureBatch(torch.from_numpy(np.array(self._pictures[rows[at : at + size]])))
            for at in range(0, len(rows), size)
        ]


def row_weights(pictures: PictureSet, weights: Mapping[str, float]) -> np.ndarray:
    """Return the weight of every picture of a view, by its group."""
    return np.array([weights.get(item.group or "", 1.0) for item in pictures.items])


class EncodedFeed:
    """Batches of encoded, augmented, captioned pictures. All versions are encoded once and kept in a file."""

    def __init__(
        self,
        pictures: PictureSet,
        settings: DataSettings,
        seed: int,
        encode: Callable[[Tensor], Tensor],
        cache: Path,
        report: Callable[[int, int], None] = lambda done, of: None,
    ) -> None:
        train = pictures.where(split="train")
        held = np.setdiff1d(pictures.rows, train.rows)
        self._items = train.items
        self._held_items = [pictures.all_items[row] for row in held]
        self._epochs = Epochs(row_weights(train, settings.weights), seed)
        self._seed, self._augment = seed, settings.augment
        encoded = cache.with_suffix(".npz")
        if not encoded.exists():
            encode_versions(pictures, train.rows, held, settings.augment, encode, encoded, report)
        with np.load(encoded, allow_pickle=False) as arrays:
            self._x0, self._labels, self._held_x0 = arrays["x0"], arrays["labels"], arrays["held"]
            self._colours = arrays["colours"]
            self._natural = arrays["natural"]

    def batch(self, step: int, size: int) -> CaptionedBatch:
        """Return the batch of a step."""
        stream = torch.Generator().manual_seed((self._seed * 1_000_003 + step) % 2**63)
        rows = [self._epochs[step * size + index] for index in range(size)]
        kinds = [draw_kind(self._augment, stream) for _ in rows]
        return CaptionedBatch(
            x0=_unpacked(self._x0[kinds, rows]),
            captions=[self._caption(row, kind, stream) for row, kind in zip(rows, kinds, strict=True)],
            styles=[self._items[row].style for row in rows],
            augmented=torch.from_numpy(self._labels[kinds, rows]),
        )

    def validation(self, size: int, most: int = 512) -> list[CaptionedBatch]:
        """Return held-out pictures, untouched and with their plain captions, in batches."""
        chosen = range(0, min(most, len(self._held_items)))
        return [
            CaptionedBatch(
                x0=_unpacked(self._held_x0[at : at + size]),
                captions=[item.caption for item in self._held_items[at : at + size]],
                styles=[item.style for item in self._held_items[at : at + size]],
                augmented=torch.zeros(len(self._held_items[at : at + size]), LABEL),
            )
            for at in chosen[::size]
        ]

    def _caption(self, row: int, kind: int, stream: torch.Generator) -> str:
        """Word the caption anew; a turned hue is always told, a natural colour now and then."""
        item = self._items[row]
        colour = str(self._colours[kind, row])
        if colour:
            return name_colour(item.caption, colour)
        natural = str(self._natural[row])
        if natural and draw_number(stream) < 0.15:
            return name_colour(item.caption, natural)
        return vary_caption(item, stream)


def _drawn_version(pictures: PictureSet, row: int, kind: int, settings: AugmentSettings) -> Version:
    stream = torch.Generator().manual_seed(row * 64 + kind)
    picture, mirror = np.array(pictures.pictures[row]), may_mirror(pictures.all_items[row])
    return version(picture, kind, settings, stream, mirror)


def _packed(encoded: Tensor) -> np.ndarray:
    """Keep latents in 16 bits, codes in 32."""
    return encoded.half().numpy() if encoded.is_floating_point() else encoded.int().numpy()


def _unpacked(kept: np.ndarray) -> Tensor:
    """Return latents in 32 bits, codes in 64."""
    encoded = torch.from_numpy(kept)
    return encoded.float() if encoded.is_floating_point() else encoded.long()


def encode_versions(
    pictures: PictureSet,
    train: np.ndarray,
    held: np.ndarray,
    settings: AugmentSettings,
    encode: Callable[[Tensor], Tensor],
    out: Path,
    report: Callable[[int, int], None],
    chunk: int = 64,
) -> None:
    """Encode every version of the training pictures, and the held-out pictures as they are, into one file."""
    encoded: list[np.ndarray] = []
    labels: list[tuple[float, ...]] = []
    colours: list[str] = []
    total = settings.versions * len(train) + len(held)
    for kind in range(settings.versions):
        for at in range(0, len(train), chunk):
            made = [_drawn_version(pictures, int(row), kind, settings) for row in train[at : at + chunk]]
            encoded.append(_packed(encode(torch.from_numpy(np.stack([one.picture for one in made])))))
            labels.extend(one.label for one in made)
            colours.extend(one.colour or "" for one in made)
            report(kind * len(train) + at + len(made), total)
    held_x0 = [
        _packed(encode(torch.from_numpy(np.array(pictures.pictures[held[at : at + chunk]]))))
        for at in range(0, len(held), chunk)
    ]
    report(total, total)
    x0 = np.concatenate(encoded)
    shape = (settings.versions, len(train))
    natural = [(dominant_colours(pictures.pictures[row], least=0.4) or [""])[0] for row in train]
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.{os.getpid()}.npz")
    try:
        np.savez(
            partial,
            x0=x0.reshape(*shape, *x0.shape[1:]),
            labels=np.array(labels, np.float32).reshape(*shape, LABEL),
            colours=np.array(colours).reshape(shape),
            natural=np.array(natural),
            held=np.concatenate(held_x0) if held_x0 else np.empty((0, *x0.shape[1:]), x0.dtype),
        )
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
