"""Diffusion against prediction: the same prompts, the same judges, who draws better?"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.asks import Ask, asks_of, loaded_model, pictures_of, read_pictures, through_codec
from benchmarks.judge import Bytes, Floats, features
from benchmarks.memorisation import Thresholds, Training
from benchmarks.quality import SPLITS, Judges
from benchmarks.real_pictures import STYLES, RealPictures
from benchmarks.report import Cell, run, save_result, table
from fromnoise.evaluation.coverage import density_coverage, precision_recall
from fromnoise.evaluation.frechet import frechet_distance, kernel_distance

HEAD = ("figure", "real through the codec", "diffusion", "prediction, one try", "prediction")
CHUNK = 256
TIMED = {1: 5, 16: 1}
"""Pictures at once -> how often that is timed."""


@dataclass(frozen=True)
class Judge:
    """Everything that pictures are measured against."""

    real: RealPictures
    five: RealPictures
    asks: list[Ask]
    judges: Judges
    training: Training
    limits: Thresholds

    @classmethod
    def of(cls, count: int, seed: int) -> "Judge":
        """Open the real pictures and choose the prompts."""
        real = RealPictures.open()
        judged = real.judged()
        asks = [ask for split in SPLITS for ask in asks_of(judged, split, count, seed)]
        training = Training.of_real(real)
        unseen = [real.where(split, STYLES) for split in ("pair", "concept")]
        pictures, found = (
            np.concatenate([getattr(part, side) for part in unseen]) for side in ("pictures", "features")
        )
        limits = Thresholds.of_held_out(training.nearest(pictures, found))
        judges = Judges.of_real(real, RealPictures.open_gallery().judged())
        return cls(real, judged.where(styles=STYLES), asks, judges, training, limits)

    def figures(self, made: Bytes) -> dict[str, float]:
        """Measure one picture an ask."""
        found = features(made)
        real = features(pictures_of(self.five, self.asks))
        both = precision_recall(found, real)
        figures = {
            "FD": frechet_distance(found, real).value,
            "kernel distance": kernel_distance(found, real).value,
            "precision": both.precision.value,
            "recall": both.recall.value,
            "coverage": density_coverage(found, real).coverage.value,
        }
        for split in SPLITS:
            figures |= self._alignment(found, split)
        near = self.limits.flags(self.training.nearest(made, found))
        return figures | {"near copies": float(near.mean())}

    def _alignment(self, found: Floats, split: str) -> dict[str, float]:
        rows = [row for row, ask in enumerate(self.asks) if ask.split == split]
        asks = [self.asks[row] for row in rows]
        scores = self.judges.scores(
            split, found[rows], [ask.concept for ask in asks], [str(ask.style) for ask in asks]
        )
        mean, kind = scores[-1], SPLITS[split]
        return {
            f"{kind}, rank 1": mean.rank_1,
            f"{kind}, within 5": mean.within_5,
            f"{kind}, style recognised": mean.style_recognised,
        }


def main(
    diffusion: str = "emoji-diffusion",
    prediction: str = "emoji-tokens",
    *,
    diffusion_pictures: Path | None = None,
    prediction_pictures: Path | None = None,
    one_try_pictures: Path | None = None,
    count: int = 80,
    seed: int = 0,
    timed: bool = True,
    name: str = "two-ways",
) -> None:
    """Print distances, alignment, memorisation and seconds a picture of both models.

    Parameters
    ----------
    diffusion_pictures, prediction_pictures, one_try_pictures
        Folders that `fromnoise image --prompts FILE -o DIR` filled from `benchmarks.quality --write FILE`.
    count
        Prompts a style and split.
    timed
        Time pictures as well, one at once and sixteen.
    """
    judge = Judge.of(count, seed)
    tokens = loaded_model(prediction)
    codec = through_codec(tokens, pictures_of(judge.five, judge.asks))
    matches = Matches.of(tokens, judge)
    columns = {"codec": judge.figures(codec) | matches.figures(codec)}
    sides: dict[str, tuple[Any, Path | None, dict[str, int]]] = {
        "diffusion": (loaded_model(diffusion), diffusion_pictures, {}),
        "one try": (tokens, one_try_pictures, {"best_of": 1}),
        "prediction": (tokens, prediction_pictures, {}),
    }
    for kind, (model, folder, options) in sides.items():
        made = read_pictures(folder, len(judge.asks)) if folder else drawn(model, judge.asks, options)
        columns[kind] = judge.figures(made)
        if model is tokens:
            columns[kind] |= matches.figures(made)
        if timed:
            each = {f"seconds a picture, {size} at once": seconds(model, size, options) for size in TIMED}
            columns[kind] |= each
    rows: list[list[Cell]] = [
        [figure, *[column.get(figure, "") for column in columns.values()]] for figure in columns["prediction"]
    ]
    print(table(HEAD, rows))
    saved = {"models": [diffusion, prediction], "seed": seed, "count": len(judge.asks), "figures": columns}
    print(f"\nsaved {save_result(name, saved)}")


def drawn(model: Any, asks: list[Ask], options: dict[str, int]) -> Bytes:
    """Make every picture by its own seed, uint8 (N, H, W, 3)."""
    made = [model.generate(ask.prompt, style=ask.style, seed=ask.seed, **options).images[0] for ask in asks]
    return np.stack([np.asarray(picture) for picture in made])


@dataclass(frozen=True)
class Matches:
    """Compare codes of answers to held-out pairs with those of training pictures and their mirror images."""

    model: Any
    rows: list[int]
    codes: np.ndarray  # (N, T)

    @classmethod
    def of(cls, model: Any, judge: Judge) -> "Matches":
        """Encode the training pictures."""
        trained = judge.real.where(split="train").pictures
        codes = np.concatenate([codes_of(model, side) for side in (trained, trained[:, :, ::-1].copy())])
        return cls(model, [row for row, ask in enumerate(judge.asks) if ask.split == "pair"], codes)

    def figures(self, made: Bytes) -> dict[str, float]:
        """Return the share of exact matches, and how many codes the nearest training picture shares.

        A match is exact where a picture is, to the pixel, what the codes of its nearest one show.
        """
        answers = made[self.rows]
        shares = np.stack([(self.codes == one).mean(1) for one in codes_of(self.model, answers)])
        near = shares.argmax(1)
        shown = self.model.codec.decode(torch.from_numpy(self.codes[near]).view(-1, *self.model.codec.shape))
        exact = (shown.numpy() == answers).all((1, 2, 3))
        return {
            "held-out pairs, exact code matches": float(exact.mean()),
            "held-out pairs, codes shared with the nearest training picture": float(np.median(shares.max(1))),
        }


def codes_of(model: Any, pictures: Bytes) -> np.ndarray:
    """Return the codes of pictures, (N, T)."""
    parts = torch.split(torch.from_numpy(pictures), CHUNK)
    return np.concatenate([model.codec.encode(part).flatten(1).numpy() for part in parts])


def seconds(model: Any, size: int, options: dict[str, int]) -> float:
    """Return the median seconds a picture, of `size` pictures at once, after one for warming up."""
    model.generate("a red apple", count=1, seed=0, **options)
    took = []
    for turn in range(TIMED[size]):
        begun = time.perf_counter()
        model.generate("a red apple", count=size, seed=turn, **options)
        took.append((time.perf_counter() - begun) / size)
    return float(np.median(took))


if __name__ == "__main__":
    run(main)
