"""Are samples copies of the training set? Nearest neighbours, judged by what unseen real data shows.

A sample is suspected when it lies nearer to a training sample, for the distance of its next neighbours, than
unseen real samples do (Carlini et al. 2023, "Extracting training data from diffusion models"). Pictures are
also compared spot by spot.

Legend: N generated, M training, H held-out samples, D features.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fromnoise.errors import DataError
from fromnoise.evaluation.figures import Array, Figure, as_samples
from fromnoise.evaluation.look_alikes import Pictures, as_pictures, points_of, soften
from fromnoise.evaluation.neighbours import Floats, Indices, near
from fromnoise.evaluation.shares import share_of
from fromnoise.evaluation.views import View, views_of_features, views_of_pictures

FEWEST_UNSEEN = 20
"""With fewer of both, only exact copies are flagged."""
ROUNDING = 3e-7
"""Relative to a sample's length: copies that went through float32 differ by no more."""


@dataclass(frozen=True)
class Memorization:
    """Which samples are copies, and of what."""

    flagged: Indices
    """Which of the generated samples are suspected, the most suspicious first."""
    exact: Indices
    """Which of them equal a training sample."""
    scores: Array
    """(N,): about the share of honest samples that come as near, 0 to 1; 0 for exact copies."""
    threshold: float
    """Samples with a lower score are flagged."""
    nearest: Indices
    """(N,): the training sample that each is most suspected to copy."""
    distances: Array
    """(N,): how far it is, in the features as they came; for pictures, blurred at 32 px, 0 to 1."""
    auth_pct: float
    """Percentage of samples further from their training sample than that is from all others of its kind
    (AuthPct: Alaa et al. 2022); near 50 for honest samples, and blind to a few copies."""
    held_out_twins: Indices
    """Which held-out samples equal a training sample: a leak, left out of the calibration."""
    calibration: str
    """What the threshold comes from, in words."""

    @property
    def share(self) -> float:
        """Return the share of the generated samples that are flagged."""
        return len(self.flagged) / len(self.scores)

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the share."""
        return share_of(len(self.flagged), len(self.scores)).interval or (0.0, 1.0)

    @property
    def figure(self) -> Figure:
        """Return the share and its interval."""
        return Figure(self.share, self.interval)


def memorization(generated: Any, train: Any, held_out: Any = None) -> Memorization:
    """Find the generated samples that copy a training sample, by features (N, D), (M, D), (H, D) of any kind.

    `held_out` is real data that was not trained on; without it training samples are held out one at a time.

    Features find what their encoder doesn't tell from the training sample: those of ImageNet's encoders
    change more with a little grain or JPEG than from one person's picture to the next. Flattened square
    pictures are seen as pictures (`memorization_of_pictures`).
    """
    sets = _checked(generated, train, held_out)
    return _judged(views_of_features(*sets), *sets)


def memorization_of_pictures(
    generated: Pictures, train: Pictures, held_out: Pictures | None = None
) -> Memorization:
    """Find the pictures that copy a training picture, also moved a little, mirrored, grained or stored anew.

    Pictures are uint8 (N, S, S, 3), any S of 16 or more.
    """
    made, known = as_pictures(generated, "generated"), as_pictures(train, "train")
    unseen = known[:0] if held_out is None else as_pictures(held_out, "held_out")
    if len({part.shape[1:] for part in (made, known, unseen)}) > 1:
        sizes = [part.shape[1:3] for part in (made, known, unseen)]
        raise DataError(f"generated, train and held_out must be pictures of one size, not {sizes}")
    soft = [soften(part.transpose(0, 3, 1, 2), white=255) for part in (made, known, unseen)]
    return _judged(views_of_pictures(*soft), *(points_of(part) for part in soft))


def _judged(views: list[View], generated: Floats, train: Floats, held_out: Floats) -> Memorization:
    """Judge by all views at once; these points, seen as in the first view, say what is exact."""
    first = views[0]
    exact = _twins(generated, train, first.generated.rows)
    leaked = _twins(held_out, train, first.held_out.rows)
    doubled = np.zeros(0, bool) if first.left_out is None else _twins(train, train, first.left_out.rows)
    honest = ~np.concatenate([leaked, doubled])
    scores, threshold, blame = _scores(views, honest)
    scores[exact], blame[exact] = 0.0, 0
    nearest = np.stack([view.generated.rows for view in views])[blame, np.arange(len(blame))]
    order = np.argsort(scores, kind="stable")
    return Memorization(
        flagged=order[scores[order] < threshold],
        exact=np.flatnonzero(exact),
        scores=scores,
        threshold=threshold,
        nearest=nearest,
        distances=np.linalg.norm(generated - train[nearest], axis=1).astype(np.float64),
        auth_pct=_auth_pct(generated, train),
        held_out_twins=np.flatnonzero(leaked),
        calibration=_in_words(int((~leaked).sum()), len(doubled), int(leaked.sum()), int(honest.sum())),
    )


def _scores(views: list[View], honest: NDArray[np.bool_]) -> tuple[Array, float, Indices]:
    """Return scores (N,), the threshold and which view each score is owed to (N,)."""
    count = len(views[0].generated.rows)
    threshold = sum(view.false_alarms for view in views)
    if honest.sum() < FEWEST_UNSEEN:
        return np.ones(count), threshold, np.zeros(count, np.int64)
    each = np.stack([view.shares(honest) * threshold / view.false_alarms for view in views])
    return each.min(0).clip(max=1), threshold, each.argmin(0)


def _twins(queries: Floats, train: Floats, nearest: Indices) -> NDArray[np.bool_]:
    gaps = np.linalg.norm(queries - train[nearest], axis=1)
    return np.asarray(gaps <= ROUNDING * np.linalg.norm(queries, axis=1))


def _auth_pct(generated: Floats, train: Floats) -> float:
    found = near(generated, train, 1)
    rows, back = np.unique(found.rows[:, 0], return_inverse=True)
    own = near(train[rows], train, 1, own=rows)
    return float(100 * (found.distances > own.distances[back]).mean())


def _in_words(held_out: int, left_out: int, leaked: int, honest: int) -> str:
    parts = [f"{held_out} held-out samples"] if held_out else []
    parts += [f"{left_out} training samples held out one at a time"] if left_out else []
    words = " and ".join(parts)
    if honest < FEWEST_UNSEEN:
        words = f"{words}: too few, only exact copies are flagged"
    return words + (f"; {leaked} more left out, as they equal a training sample" if leaked else "")


def _checked(generated: Any, train: Any, held_out: Any) -> tuple[Array, Array, Array]:
    """Return the three sets as arrays; nothing held out is an empty one."""
    made, known = as_samples(generated, "generated", 1), as_samples(train, "train", 3)
    unseen = np.zeros((0, known.shape[1])) if held_out is None else as_samples(held_out, "held_out", 0)
    widths = made.shape[1], known.shape[1], unseen.shape[1]
    if len(set(widths)) > 1:
        raise DataError(f"generated, train and held_out must have the same number of features, not {widths}")
    return made, known, unseen
