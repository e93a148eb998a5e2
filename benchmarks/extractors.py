"""Does an extractor see that pictures got worse, and by as much as others say?"""

from collections.abc import Callable, Sequence
from io import BytesIO

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.report import Cell, run, save_result, table
from fromnoise.data.dataset import PictureSet, find_dataset
from fromnoise.errors import DataError
from fromnoise.evaluation.extractors import Extracted, Extractor, extract, open_extractor
from fromnoise.evaluation.frechet import frechet_distance, kernel_distance
from fromnoise.evaluation.sources import Pixels, source_of

Spoil = Callable[[Pixels, float, np.random.Generator], Pixels]
REAL = "real"
HEAD = ("set", "level", "KID x 1000", "FD")


def blurred(picture: Pixels, radius: float, chance: np.random.Generator) -> Pixels:
    """Blur by a Gaussian of `radius` px."""
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def noised(picture: Pixels, deviation: float, chance: np.random.Generator) -> Pixels:
    """Add Gaussian noise."""
    grain = deviation * chance.standard_normal(picture.shape)
    return np.asarray((picture + grain).round().clip(0, 255), dtype=np.uint8)


def compressed(picture: Pixels, quality: float, chance: np.random.Generator) -> Pixels:
    """Store as JPEG."""
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=int(quality))
    return np.asarray(Image.open(file))


def shrunk(picture: Pixels, factor: float, chance: np.random.Generator) -> Pixels:
    """Shrink and enlarge again."""
    size = picture.shape[1], picture.shape[0]
    small = max(1, round(size[0] / factor)), max(1, round(size[1] / factor))
    return np.asarray(Image.fromarray(picture).resize(small, Image.Resampling.BICUBIC).resize(size))


SPOILS: dict[str, tuple[Spoil, tuple[float, float, float]]] = {
    "blur, px": (blurred, (1, 2, 4)),
    "noise, of 255": (noised, (8, 24, 64)),
    "JPEG, quality": (compressed, (75, 30, 10)),
    "shrunk by": (shrunk, (2, 4, 8)),
}
"""Name -> what spoils a picture, at three levels that get worse."""
KEPT = (2, 8, 32)  # one in so many pictures is left, and comes that often


def main(
    extractors: Sequence[str] = ("fromnoise", "efficientnet-lite0"),
    *,
    dataset: str = "emoji",
    count: int = 261,
    seed: int = 0,
    name: str = "extractors",
) -> None:
    """Spoil held-out pictures in five ways at three levels, and see whether each extractor's distances grow.

    The spoilt half is compared with the other half, of the same number; the first row is real against real.

    Parameters
    ----------
    extractors
        The rank correlation is that of the first with each other.
    dataset
        A dataset's name or folder; all of it but the training split is used.
    count
        Pictures in each half, at most.
    """
    spoilt, other = halves(dataset, count, seed)
    found = {spec: distances(open_extractor(spec), spoilt, other, seed) for spec in extractors}
    for spec, rows in found.items():
        print(
            f"\n{spec}, {len(spoilt)} against {len(other)}: {in_order(rows)} of {len(SPOILS) + 1} in order\n"
        )
        print(table(HEAD, rows))
    first, *others = extractors
    agreement = {spec: rank_correlation(found[first], found[spec]) for spec in others}
    for spec, value in agreement.items():
        print(f"\nrank correlation of {first} and {spec}: {value:.3f}")
    saved = {spec: [dict(zip(HEAD, row, strict=True)) for row in rows] for spec, rows in found.items()}
    result = {"dataset": dataset, "count": len(spoilt), "seed": seed, "rows": saved, "agreement": agreement}
    print(f"\nsaved {save_result(name, result)}")


def distances(extractor: Extractor, spoilt: Pixels, other: Pixels, seed: int = 0) -> list[list[Cell]]:
    """Return a row of HEAD for real against real, and for every way and level of spoiling."""
    real = _features(extractor, other)
    sound = _features(extractor, spoilt)
    rows = [[REAL, 0.0, *_apart(sound.features, real.features)]]
    for name, (spoil, levels) in SPOILS.items():
        for level in levels:
            chance = np.random.default_rng(seed)
            worse = np.stack([spoil(picture, level, chance) for picture in spoilt])
            rows.append([name, level, *_apart(_features(extractor, worse).features, real.features)])
    for kept in KEPT:
        few = np.resize(np.arange(max(2, len(spoilt) // kept)), len(spoilt))
        rows.append(["one kept in", float(kept), *_apart(sound.features[few], real.features)])
    return rows


def in_order(rows: Sequence[Sequence[Cell]]) -> int:
    """Count the ways of spoiling whose distances, both, grow from real over all three levels."""
    kinds = {row[0] for row in rows} - {REAL}
    grown = 0
    for kind in kinds:
        for column in (2, 3):
            values = [float(row[column]) for row in rows if row[0] in (REAL, kind)]
            if values != sorted(values):
                break
        else:
            grown += 1
    return grown


def rank_correlation(left: Sequence[Sequence[Cell]], right: Sequence[Sequence[Cell]]) -> float:
    """Return Spearman's correlation of two extractors' kernel distances over all sets."""
    ranks = [np.argsort(np.argsort([float(row[2]) for row in rows])) for rows in (left, right)]
    return float(np.corrcoef(*ranks)[0, 1])


def halves(dataset: str, count: int, seed: int) -> tuple[Pixels, Pixels]:
    """Return held-out pictures of a dataset in two halves of the same number, shuffled."""
    pictures = PictureSet.open(find_dataset(dataset))
    held = [row for row in pictures.rows if pictures.all_items[row].split != "train"]
    if len(held) < 16:
        raise DataError(f"dataset {dataset} holds out {len(held)} pictures; it takes at least 16")
    rows = np.random.default_rng(seed).permutation(held)
    half = min(count, len(rows) // 2)
    return np.array(pictures.pictures[rows[:half]]), np.array(pictures.pictures[rows[half : 2 * half]])


def _features(extractor: Extractor, pictures: Pixels) -> Extracted:
    return extract(source_of(pictures), extractor)


def _apart(made: np.ndarray, real: np.ndarray) -> list[float]:
    return [1000 * kernel_distance(made, real).value, frechet_distance(made, real).value]


if __name__ == "__main__":
    run(main)
