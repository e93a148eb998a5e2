"""Does another seed give another picture?"""

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.asks import Ask, answers, loaded_model, write_prompts
from benchmarks.contact_sheet import save_sheet, sheet
from benchmarks.judge import Bytes, Floats, cosine_distance, features
from benchmarks.real_pictures import STYLES, RealPictures
from benchmarks.report import RESULTS, run, save_result, table

PROMPTS = ("a cat", "a house", "a flower", "a happy face", "a fish")
SEEDS = 8
SHIFT = 4  # px that a picture may move and stay the same picture


def main(
    model: str = "emoji-diffusion",
    *,
    style: str | None = None,
    steps: int | None = None,
    seed: int = 0,
    pictures: Path | None = None,
    write: Path | None = None,
    output: Path = RESULTS / "diversity.png",
    name: str = "diversity",
) -> None:
    """Draw 8 seeds of five prompts, and count the pictures that all differ visibly from one another.

    Two pictures differ visibly when their features lie further apart than a real picture's and its own when
    moved by 4 px in 95 of 100 cases. Beside it stands the count for a concept's real pictures, five styles.

    Parameters
    ----------
    model
        A shipped model's name or a model folder.
    style
        One style for all; None lets the model choose.
    pictures
        Judge this folder, which `fromnoise image --prompts FILE -o DIR` filled from the prompts of --write.
    write
        Only write the prompts to this .jsonl file.
    """
    asks = [Ask(prompt, style, seed + place) for prompt in PROMPTS for place in range(SEEDS)]
    if write:
        return write_prompts(asks, write)
    real = RealPictures.open().judged().where(styles=STYLES)
    centre, limit = real.features.mean(0), _limit(real)
    made = answers(asks, None if pictures else loaded_model(model), pictures, steps)
    captions = [f"{ask.prompt}, seed {ask.seed}" for ask in asks]
    save_sheet(sheet(made, captions, ["#444444"] * len(asks), SEEDS), output)
    found = features(made).reshape(len(PROMPTS), SEEDS, -1)
    rows: list[list[str | int | float]] = []
    for prompt, group in zip(PROMPTS, found, strict=True):
        distances = cosine_distance(group, group, centre)
        rows.append([prompt, SEEDS, different(distances, limit), _mean_pair(distances)])
    head = ("prompt", "seeds", "visibly different", "mean distance")
    print(table(head, [*rows, _real_styles(real, centre, limit)]))
    saved = {"model": model, "limit": limit, "rows": [dict(zip(head, row, strict=True)) for row in rows]}
    print(f"\ndifferent means further apart than {limit:.3f}\nsaved {save_result(name, saved)}")


def different(distances: Floats, limit: float) -> int:
    """Return the size of a set of pictures that are all further apart than `limit`, gathered greedily."""
    chosen: list[int] = []
    for row in range(len(distances)):
        if all(distances[row, other] > limit for other in chosen):
            chosen.append(row)
    return len(chosen)


def moved(picture: Bytes, right: int, down: int) -> Bytes:
    """Move a picture by some pixels on its white ground."""
    page = Image.new("RGB", picture.shape[1::-1], "white")
    page.paste(Image.fromarray(picture), (right, down))
    return np.asarray(page)


def _limit(real: RealPictures, count: int = 100) -> float:
    rows = np.linspace(0, len(real.items) - 1, count).astype(int)
    again = features(np.stack([moved(picture, SHIFT, SHIFT) for picture in real.pictures[rows]]))
    distances = cosine_distance(real.features[rows], again, real.features.mean(0)).diagonal()
    return float(np.quantile(distances, 0.95))


def _real_styles(real: RealPictures, centre: Floats, limit: float) -> list[str | int | float]:
    """Count the visibly different pictures of a concept in the five styles, the mean over concepts."""
    groups: dict[str, list[int]] = {}
    for row, concept in enumerate(real.concepts):
        groups.setdefault(concept, []).append(row)
    full = [rows for rows in groups.values() if len(rows) == len(STYLES)]
    between = [cosine_distance(real.features[rows], real.features[rows], centre) for rows in full]
    counts = [different(distances, limit) for distances in between]
    means = [_mean_pair(distances) for distances in between]
    return ["real pictures, five styles", len(STYLES), float(np.mean(counts)), float(np.mean(means))]


def _mean_pair(distances: Floats) -> float:
    return float(distances[np.triu_indices(len(distances), 1)].mean())


if __name__ == "__main__":
    run(main)
