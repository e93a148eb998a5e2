"""Does the model draw, or does it hand out training pictures?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import avg_pool2d

from benchmarks.asks import answers, asks_of, free_asks, loaded_model, write_prompts
from benchmarks.free_prompts import PROMPTS
from benchmarks.judge import Bytes, Flags, Floats, cosine_distance, features
from benchmarks.real_pictures import STYLES, RealPictures
from benchmarks.report import Cell, run, save_result, table
from fromnoise.codecs.codec import resized

FALSE_ALARMS = 0.01
KINDS = {"train": "seen pairs", "pair": "held-out pairs", "free": "free prompts"}
HEAD = ("pictures", "n", "near copies", "share", "median feature distance", "median pixel RMSE")


@dataclass(frozen=True)
class Nearest:
    """Hold each picture's distance to its nearest training picture, by features and by pixels, and which."""

    by_features: Floats
    by_pixels: Floats
    in_features: np.ndarray
    in_pixels: np.ndarray


@dataclass(frozen=True)
class Thresholds:
    """Call a picture a near copy when it is nearer than either of these."""

    features: float
    pixels: float

    @classmethod
    def of_held_out(cls, held_out: Nearest) -> "Thresholds":
        """Take the largest common quantile at which at most 1 % of held-out real pictures count."""
        best = cls(0.0, 0.0)
        for quantile in np.linspace(0, FALSE_ALARMS, 101):
            sides = (held_out.by_features, held_out.by_pixels)
            tried = cls(*(float(np.quantile(side, quantile)) for side in sides))
            if tried.flags(held_out).mean() <= FALSE_ALARMS:
                best = tried
        return best

    def flags(self, nearest: Nearest) -> Flags:
        """Return which pictures are near copies."""
        return np.asarray((nearest.by_features < self.features) | (nearest.by_pixels < self.pixels))


@dataclass(frozen=True)
class Training:
    """Search the pictures that the model was trained on."""

    features: Floats  # (N, D)
    small: Floats  # (N, 32 * 32 * 3)

    @classmethod
    def of_real(cls, real: RealPictures) -> "Training":
        """Search the pictures of the split that trains, in all styles."""
        trained = real.where(split="train")
        return cls(trained.features, small(trained.pictures))

    def nearest(self, pictures: Bytes, found: Floats) -> Nearest:
        """Return the nearest training pictures of some pictures with their features."""
        by_features = cosine_distance(found, self.features, self.features.mean(0))
        query = torch.from_numpy(small(pictures))
        by_pixels = torch.cdist(query, torch.from_numpy(self.small)).numpy() / np.sqrt(query.shape[1])
        return Nearest(by_features.min(1), by_pixels.min(1), by_features.argmin(1), by_pixels.argmin(1))


def small(pictures: Bytes) -> Floats:
    """Blur pictures to 32 px by means of squares, flattened, 0 to 1: (N, H, W, 3) -> (N, 3072) float32."""
    flat = []
    for start in range(0, len(pictures), 512):
        part = torch.from_numpy(np.array(pictures[start : start + 512]))
        whole = part if part.shape[1] % 32 == 0 else resized(part, 32)
        x = whole.permute(0, 3, 1, 2).float() / 255
        flat.append(avg_pool2d(x, x.shape[-1] // 32).flatten(1).numpy())
    return np.concatenate(flat)


def main(
    model: str = "emoji-diffusion",
    *,
    count: int = 80,
    steps: int = 20,
    seed: int = 0,
    pictures: Path | None = None,
    write: Path | None = None,
    name: str = "memorisation",
) -> None:
    """Print the near copies of training pictures among seen pairs, held-out pairs and free prompts.

    Near means nearer to a training picture, by features or by pixels at 32 px, than 99 % of held-out real
    pictures are.

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
    """
    real = RealPictures.open()
    asks = [ask for split in ("train", "pair") for ask in asks_of(real.judged(), split, count, seed)]
    asks += free_asks(PROMPTS, seed)
    if write:
        return write_prompts(asks, write)
    training = Training.of_real(real)
    held_out = [real.where(split, STYLES) for split in ("pair", "concept")]
    unseen = np.concatenate([part.pictures for part in held_out])
    known = training.nearest(unseen, np.concatenate([part.features for part in held_out]))
    limits = Thresholds.of_held_out(known)
    made = answers(asks, None if pictures else loaded_model(model), pictures, steps)
    nearest = training.nearest(made, features(made))
    splits = np.array([ask.split for ask in asks])
    rows = [_row("held-out real pictures", known, limits, np.ones(len(known.by_pixels), bool))]
    rows += [_row(kind, nearest, limits, splits == split) for split, kind in KINDS.items()]
    print(f"near copy: feature distance < {limits.features:.4f} or pixel RMSE < {limits.pixels:.4f}\n")
    print(table(HEAD, rows))
    named = [dict(zip(HEAD, row, strict=True)) for row in rows]
    saved = {"model": model, "limits": vars(limits), "rows": named}
    print(f"\nsaved {save_result(name, saved)}")


def _row(kind: str, nearest: Nearest, limits: Thresholds, rows: Flags) -> Sequence[Cell]:
    flags = limits.flags(nearest)[rows]
    medians = [float(np.median(side[rows])) for side in (nearest.by_features, nearest.by_pixels)]
    return [kind, int(rows.sum()), int(flags.sum()), float(flags.mean()), *medians]


if __name__ == "__main__":
    run(main)
