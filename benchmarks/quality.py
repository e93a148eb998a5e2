"""Does the model draw what it is asked for, in the style it is asked for?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.asks import Ask, answers, asks_of, loaded_model, pictures_of, through_codec, write_prompts
from benchmarks.judge import Floats, features
from benchmarks.real_pictures import STYLES, RealPictures
from benchmarks.report import Cell, run, save_result, table
from fromnoise.evaluation.alignment import Ranks, Retrieval, StyleClassifier

SPLITS = {"train": "seen pairs", "pair": "held-out pairs", "concept": "held-out concepts"}
HEAD = ("asked", "style", "n", "rank 1", "within 5", "1 / real", "5 / real", "style recognised")


@dataclass(frozen=True)
class Score:
    """Score the pictures of one kind and style; the mean over styles has the style "mean"."""

    asked: str
    style: str
    count: int
    rank_1: float
    within_5: float
    style_recognised: float


@dataclass(frozen=True)
class Judges:
    """Hold both judges, made from real pictures alone."""

    retrieval: Retrieval
    style: StyleClassifier
    families: dict[str, str]

    @classmethod
    def of_real(cls, real: RealPictures, gallery: RealPictures) -> "Judges":
        """Make the judges from real pictures: styles from all concepts, retrieval from the judged ones."""
        every, five = real.where(styles=STYLES), real.judged().where(styles=STYLES)
        known = np.concatenate([five.features, gallery.features])
        concepts, families = five.concepts + gallery.concepts, five.families + gallery.families
        return cls(
            Retrieval.of_real(known, concepts, families),
            StyleClassifier.of_real(every.features, every.concepts, every.styles),
            dict(zip(five.styles, five.families, strict=True)),
        )

    def scores(
        self, asked: str, found: Floats, concepts: Sequence[str], styles: Sequence[str]
    ) -> list[Score]:
        """Score every style's pictures and the mean over styles."""
        recognised = np.array(self.style.names(found, concepts)) == np.array(styles)
        scores = []
        for style in [style for style in STYLES if style in styles]:
            rows = [row for row, its_style in enumerate(styles) if its_style == style]
            ranks = self.retrieval.ranks(found[rows], [concepts[row] for row in rows], self.families[style])
            right = float(recognised[rows].mean())
            scores.append(Score(asked, style, len(rows), _within(ranks, 1), _within(ranks, 5), right))
        return [*scores, _mean(scores)] if scores else []


def main(
    model: str = "emoji-diffusion",
    *,
    count: int = 80,
    steps: int = 20,
    seed: int = 0,
    pictures: Path | None = None,
    write: Path | None = None,
    real_only: bool = False,
    device: str | None = None,
    name: str = "quality",
) -> None:
    """Print rank 1 and within 5 of seen pairs, held-out pairs and held-out concepts beside real pictures.

    Parameters
    ----------
    model
        A shipped model's name or a model folder.
    count
        Prompts a style and split.
    pictures
        Judge this folder, which `fromnoise image --prompts FILE -o DIR` filled from the prompts of --write.
    write
        Only write the prompts to this .jsonl file.
    real_only
        Judge the judge: real pictures alone, no model.
    name
        Name of the result file.
    """
    real_pictures = RealPictures.open()
    judged = real_pictures.judged()
    asks = [ask for split in SPLITS for ask in asks_of(judged, split, count, seed)]
    if write:
        return write_prompts(asks, write)
    loaded = None if pictures or real_only else loaded_model(model, device)
    judges = Judges.of_real(real_pictures, RealPictures.open_gallery().judged())
    five = judged.where(styles=STYLES)
    real = judges.scores("real pictures", five.features, five.concepts, five.styles)
    scores = list(real)
    if not real_only:
        made = features(answers(asks, loaded, pictures, steps))
        for split, kind in SPLITS.items():
            rows = [row for row, ask in enumerate(asks) if ask.split == split]
            scores += _scores(judges, kind, made[rows], [asks[row] for row in rows])
        if loaded is not None:
            held_out = [ask for ask in asks if ask.split != "train"]
            through = through_codec(loaded, pictures_of(five, held_out))
            scores += _scores(judges, "held out, real through the codec", features(through), held_out)
    print(table(HEAD, [_row(score, real) for score in scores]))
    result = {"model": model, "steps": steps, "seed": seed, "scores": [vars(score) for score in scores]}
    print(f"\nsaved {save_result(name, result)}")


def _scores(judges: Judges, kind: str, found: Floats, asks: Sequence[Ask]) -> list[Score]:
    return judges.scores(kind, found, [ask.concept for ask in asks], [str(ask.style) for ask in asks])


def _within(ranks: Ranks, best: int) -> float:
    share = ranks.within(best)
    return float("nan") if share is None else share.value


def _mean(scores: Sequence[Score]) -> Score:
    figures = np.array([(score.rank_1, score.within_5, score.style_recognised) for score in scores]).mean(0)
    return Score(scores[0].asked, "mean", sum(score.count for score in scores), *map(float, figures))


def _row(score: Score, real: Sequence[Score]) -> list[Cell]:
    top = next(other for other in real if other.style == score.style)
    shares = (score.rank_1 / top.rank_1, score.within_5 / top.within_5)
    found = (score.rank_1, score.within_5, *shares, score.style_recognised)
    return [score.asked, score.style, score.count, *found]


if __name__ == "__main__":
    run(main)
