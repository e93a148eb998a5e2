"""Does the memorisation check find planted copies, and how often does it accuse honest pictures?

Held-out pictures stand for honest ones: half of them are judged, half calibrate. Vectors are drawn at random.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.report import Cell, run, save_result, table
from fromnoise.data.dataset import PictureSet, find_dataset
from fromnoise.evaluation.extractors import SMALL, extract, open_extractor, resize
from fromnoise.evaluation.memorization import Memorization, memorization, memorization_of_pictures
from fromnoise.evaluation.sources import Pixels, source_of

Look = Callable[[Pixels], NDArray[Any]]
Damage = Callable[[Pixels, np.random.Generator], Pixels]

VECTORS = {"normal": 64, "clusters": 16, "clusters of 1/10": 128}
"""Kind of random vectors -> how many numbers each has."""
GRAIN = 0.02  # of a vector's copy, for the standard deviation of all numbers


def grained(picture: Pixels, chance: np.random.Generator) -> Pixels:
    """Add Gaussian noise of 4 / 255."""
    noise = 4 * chance.standard_normal(picture.shape)
    return np.asarray((picture + noise).round().clip(0, 255), dtype=np.uint8)


def shifted(picture: Pixels, chance: np.random.Generator) -> Pixels:
    """Shift by one pixel along an axis; what leaves on one side enters on the other."""
    return np.roll(picture, chance.choice((-1, 1)), axis=int(chance.integers(2)))


def stored(quality: int) -> Damage:
    """Store as JPEG."""

    def damage(picture: Pixels, chance: np.random.Generator) -> Pixels:
        file = BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file))

    return damage


DAMAGES: dict[str, Damage] = {
    "exact": lambda picture, chance: picture,
    "grain": grained,
    "shift": shifted,
    "JPEG 90": stored(90),
    "JPEG 75": stored(75),
    "mirrored": lambda picture, chance: picture[:, ::-1],
}
HEAD = ("judged by", "damaged at", "honest ones accused", *DAMAGES)


@dataclass(frozen=True)
class Trial:
    """Honest samples to judge and to calibrate on, and copies by how they were damaged."""

    honest: NDArray[Any]
    copies: dict[str, NDArray[Any]]
    train: NDArray[Any]
    held_out: NDArray[Any]

    def shares(self, judge: Callable[..., Memorization] = memorization) -> dict[str, float]:
        """Return the share that is flagged of the honest samples ("") and of each kind of copies."""
        parts = {"": self.honest} | self.copies
        found = judge(np.concatenate(list(parts.values())), self.train, self.held_out)
        flags = np.isin(np.arange(len(found.scores)), found.flagged)
        ends = np.cumsum([len(part) for part in parts.values()])
        return {
            name: float(part.mean()) for name, part in zip(parts, np.split(flags, ends[:-1]), strict=True)
        }


def main(
    extractors: Sequence[str] = ("fromnoise",),
    *,
    dataset: str = "emoji",
    sizes: Sequence[int] = (32, 64, 128),
    trials: int = 5,
    copies: int = 40,
    seed: int = 0,
    name: str = "copies",
) -> None:
    """Print the share that is flagged of honest pictures and of each kind of copies, over several trials.

    Parameters
    ----------
    extractors
        Features to judge by, computed at the largest size.
    sizes
        Pictures are shrunk to these, px, before they are damaged.
    copies
        Planted in every trial, of each kind. Every sample is judged by itself, so their share is no matter.
    """
    pictures = PictureSet.open(find_dataset(dataset))
    rows = [of_vectors(kind, trials, copies, seed) for kind in VECTORS]
    for size in sizes:
        shrunk = np.stack([resize(picture, size) for picture in pictures.pictures[pictures.rows]])
        ways: dict[str, tuple[Look, Callable[..., Memorization]]] = {
            "the report": (small, memorization_of_pictures)
        }
        if size <= 64:
            ways["flattened pictures"] = (flat, memorization)
        if size == max(sizes):
            ways |= {spec: (features(spec), memorization) for spec in extractors}
        for way, (look, judge) in ways.items():
            found = of_pictures(shrunk, pictures, look, judge, trials, copies, seed)
            rows.append([way, f"{size} px", *found])
    print(table(HEAD, rows))
    saved = [dict(zip(HEAD, row, strict=True)) for row in rows]
    print(f"\nsaved {save_result(name, {'dataset': dataset, 'trials': trials, 'rows': saved})}")


def of_pictures(
    shrunk: Pixels,
    pictures: PictureSet,
    look: Look,
    judge: Callable[..., Memorization],
    trials: int,
    copies: int,
    seed: int,
) -> list[Cell]:
    """Return the shares that are flagged, in HEAD's order."""
    is_train = np.array([pictures.all_items[row].split == "train" for row in pictures.rows])
    seen = look(shrunk)
    found = []
    for trial in range(trials):
        chance = np.random.default_rng(seed + trial)
        held_out, planted = chance.permutation(seen[~is_train]), shrunk[is_train]
        planted = planted[chance.permutation(len(planted))[:copies]]
        damaged = {
            kind: look(np.stack([damage(picture, chance) for picture in planted]))
            for kind, damage in DAMAGES.items()
        }
        half = len(held_out) // 2
        found.append(Trial(held_out[:half], damaged, seen[is_train], held_out[half:]).shares(judge))
    return _means(found)


def of_vectors(kind: str, trials: int, copies: int, seed: int, count: int = 2000) -> list[Cell]:
    """Return a row for random vectors: `count` to train on, half of it to calibrate, half to judge."""
    width, found = VECTORS[kind], []
    for trial in range(trials):
        chance = np.random.default_rng(seed + trial)
        vectors = chance.normal(size=(2 * count, width))
        if kind != "normal":
            vectors *= 0.1 if "1/10" in kind else 1.0
            vectors += chance.normal(size=(20, width))[chance.integers(20, size=len(vectors))]
        train, held_out, honest = np.split(vectors, [count, count + count // 2])
        planted = train[chance.permutation(count)[:copies]]
        grain = GRAIN * train.std() * chance.normal(size=planted.shape)
        found.append(Trial(honest, {"exact": planted, "grain": planted + grain}, train, held_out).shares())
    return [f"{width} numbers, {kind}", "-", *_means(found)]


def small(pictures: Pixels) -> Pixels:
    """Shrink pictures as the report does before it looks for copies."""
    return np.stack([resize(picture, SMALL, Image.Resampling.BILINEAR) for picture in pictures])


def flat(pictures: Pixels) -> NDArray[Any]:
    """Flatten pictures, 0 to 1."""
    return pictures.reshape(len(pictures), -1) / np.float32(255)


def features(spec: str) -> Look:
    """Return an extractor's features."""
    extractor = open_extractor(spec)
    return lambda pictures: extract(source_of(pictures), extractor).features


def _means(found: Sequence[dict[str, float]]) -> list[Cell]:
    return [
        f"{100 * np.mean([one[kind] for one in found]):.3g} %" if kind in found[0] else "-"
        for kind in ("", *DAMAGES)
    ]


if __name__ == "__main__":
    run(main)
