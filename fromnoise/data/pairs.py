"""Pairs of pictures that show the same thing, one of them often damaged: what a feature encoder learns from.

A batch is a function of (seed, step) alone, so a resumed run sees what it would have seen.
Legend: B pairs in a batch, S picture side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fromnoise.data.damage import DAMAGES, Chance, Pixels
from fromnoise.data.dataset import Item, PictureSet
from fromnoise.data.feed import Epochs
from fromnoise.data.mirror import may_mirror

DAMAGED = 0.75  # share of second pictures
MOVED = 0.5  # share of pictures that are shifted and scaled, which costs them some sharpness
TINTED = 0.15  # share of pictures that get another ground than white


@dataclass(frozen=True)
class PairBatch:
    """B pictures as they are, then B of the same things, often in another style and damaged."""

    pictures: Tensor
    """uint8 (2 B, S, S, 3)."""
    concepts: Tensor
    """int64 (B,): equal where pairs show the same thing."""
    styles: Tensor
    """int64 (2 B,): which style; -1 for none."""
    kinds: Tensor
    """int64 (2 B,): which damage, counted from 1; 0 for none."""
    levels: Tensor
    """float32 (2 B,): how much damage, 0 to 1."""

    def __len__(self) -> int:
        return len(self.concepts)


class PairFeed:
    """Batches of pairs from the training split, and some from the rest to validate on."""

    def __init__(self, pictures: PictureSet, side: int, styles: Sequence[str], seed: int) -> None:
        self._pictures, self._side, self._seed = pictures, side, seed
        self._styles = {style: index for index, style in enumerate(styles)}
        names = sorted({_concept(item) for item in pictures.all_items})
        self._concepts = {name: index for index, name in enumerate(names)}
        train = pictures.where(split="train").rows
        self._rows, self._alike = train, self._groups(train)
        self._epochs = Epochs(np.ones(len(train)), seed)
        self._held = np.setdiff1d(pictures.rows, train)

    def batch(self, step: int, size: int) -> PairBatch:
        """Return the batch of a step."""
        chance = np.random.default_rng((self._seed, step))
        rows = [int(self._rows[self._epochs[step * size + index]]) for index in range(size)]
        return self._pairs(rows, self._alike, chance)

    def validation(self, size: int, most: int = 384) -> list[PairBatch]:
        """Return pairs of held-out pictures in whole batches, always the same."""
        chance = np.random.default_rng((self._seed, 0, 0))
        rows, alike = chance.permutation(self._held)[:most], self._groups(self._held)
        whole = range(0, len(rows) - size + 1, size) if len(rows) >= size else range(0, len(rows), size)
        return [self._pairs([int(row) for row in rows[at : at + size]], alike, chance) for at in whole]

    def _groups(self, rows: np.ndarray) -> dict[int, list[int]]:
        """Return the rows of each concept."""
        alike: dict[int, list[int]] = {}
        for row in rows:
            alike.setdefault(self._concept(int(row)), []).append(int(row))
        return alike

    def _concept(self, row: int) -> int:
        return self._concepts[_concept(self._pictures.all_items[row])]

    def _pairs(self, rows: list[int], alike: dict[int, list[int]], chance: Chance) -> PairBatch:
        others = []
        for row in rows:
            choice = [other for other in alike[self._concept(row)] if other != row] or [row]
            others.append(choice[chance.integers(len(choice))])
        shown = [self._shown(row, chance) for row in rows + others]
        names = list(DAMAGES)
        kinds, levels = np.zeros(len(shown), np.int64), np.zeros(len(shown), np.float32)
        for index in range(len(rows), len(shown)):
            if chance.random() < DAMAGED:
                kind, level = int(chance.integers(len(names))), float(chance.random())
                shown[index] = DAMAGES[names[kind]](shown[index], level, chance)
                kinds[index], levels[index] = kind + 1, level
        items = [self._pictures.all_items[row] for row in rows + others]
        return PairBatch(
            torch.from_numpy(np.stack(shown)),
            torch.tensor([self._concept(row) for row in rows]),
            torch.tensor([self._styles.get(item.style or "", -1) for item in items]),
            torch.from_numpy(kinds),
            torch.from_numpy(levels),
        )

    def _shown(self, row: int, chance: Chance) -> Pixels:
        """Return a picture, perhaps mirrored, moved and tinted, at the encoder's size."""
        picture = np.array(self._pictures.pictures[row])
        if chance.random() < 0.5 and may_mirror(self._pictures.all_items[row]):
            picture = picture[:, ::-1].copy()
        picture = _moved(picture, self._side, chance)
        return _tinted(picture, chance) if chance.random() < TINTED else picture


def whitening_pictures(pictures: PictureSet, side: int, every: int = 2) -> tuple[Tensor, Tensor]:
    """Return training pictures as they are, uint8 (N, S, S, 3), and the same damaged in all ways."""
    chance = np.random.default_rng(0)
    names = list(DAMAGES)
    plain, damaged = [], []
    for index, row in enumerate(pictures.where(split="train").rows[::every]):
        picture = _resized(np.array(pictures.pictures[row]), side)
        plain.append(picture)
        damaged.append(DAMAGES[names[index % len(names)]](picture, float(chance.random()), chance))
    return torch.from_numpy(np.stack(plain)), torch.from_numpy(np.stack(damaged))


def _concept(item: Item) -> str:
    return item.concept or item.label


def _moved(picture: Pixels, side: int, chance: Chance) -> Pixels:
    """Show about all of the picture, shifted and scaled on white, or else just as it is."""
    if chance.random() >= MOVED:
        return _resized(picture, side)
    whole = picture.shape[0]
    margin = whole // 4
    padded = np.pad(picture, ((margin, margin), (margin, margin), (0, 0)), constant_values=255)
    part = whole * float(chance.uniform(0.8, 1.2))
    left, top = (margin + (whole - part) / 2 + chance.uniform(-0.1, 0.1, 2) * whole).tolist()
    box = left, top, left + part, top + part
    return np.array(Image.fromarray(padded).resize((side, side), Image.Resampling.BICUBIC, box))


def _tinted(picture: Pixels, chance: Chance) -> Pixels:
    """Lay the picture, as on glass, over a ground of smoothly changing colours."""
    ground = Image.fromarray(chance.integers(40, 256, (4, 4, 3), dtype=np.uint8))
    smooth = ground.resize(picture.shape[1::-1], Image.Resampling.BICUBIC)
    lit: Pixels = (picture.astype(np.uint16) * np.asarray(smooth) // 255).astype(np.uint8)
    return lit


def _resized(picture: Pixels, side: int) -> Pixels:
    if picture.shape[0] == side:
        return picture
    return np.array(Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC))
