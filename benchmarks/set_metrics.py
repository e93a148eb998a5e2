"""Do the distances and shares agree with torch-fidelity, torchmetrics and prdc, and how long do all take?

N pictures a set, D features. The others' values come from their own code on the same float64 features.
"""

import contextlib
import io
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module, util
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.report import run, save_result, table
from fromnoise.errors import MissingPackageError
from fromnoise.evaluation.coverage import density_coverage, precision_recall
from fromnoise.evaluation.frechet import frechet_distance, kernel_distance
from fromnoise.evaluation.inception import inception_score

Floats = NDArray[np.float64]
HEAD = ("figure", "against", "ours", "theirs", "relative difference", "our CPU s", "their CPU s", "ratio")


@dataclass(frozen=True)
class Comparison:
    """One figure, measured by this package and by another."""

    figure: str
    against: str
    ours: Callable[[Floats, Floats], float]
    theirs: Callable[[Floats, Floats], float]

    def row(self, generated: Floats, real: Floats) -> list[str | int | float]:
        """Measure both and return a row of the table."""
        our_value, our_seconds = _timed(self.ours, generated, real)
        their_value, their_seconds = _timed(self.theirs, generated, real)
        apart = abs(our_value - their_value) / max(abs(their_value), 1e-300)
        times = [
            f"{our_seconds:.2f}",
            f"{their_seconds:.2f}",
            f"{our_seconds / max(their_seconds, 1e-9):.1f}",
        ]
        return [self.figure, self.against, our_value, their_value, f"{apart:.0e}", *times]


def main(*, count: int = 2000, width: int = 256, seed: int = 0, name: str = "set_metrics") -> None:
    """Compare all figures that others measure too, ours with their intervals.

    Parameters
    ----------
    count
        Samples a set.
    width
        Features a sample.
    """
    for comparison in COMPARISONS:  # whatever is imported or started on first use
        comparison.row(np.eye(20, 8), np.eye(20, 8)[::-1] + 0.1)
    stream = np.random.default_rng(seed)
    generated = 1.05 * stream.normal(size=(count, width)) + 0.02
    real = stream.normal(size=(count, width))
    rows = [comparison.row(generated, real) for comparison in COMPARISONS]
    print(table(HEAD, rows))
    saved = {"count": count, "width": width, "rows": [dict(zip(HEAD, row, strict=True)) for row in rows]}
    print(f"\nsaved {save_result(name, saved)}")


def fidelity_frechet(generated: Floats, real: Floats) -> float:
    """Return torch-fidelity's FID of features."""
    metric = _fidelity("metric_fid")
    left, right = (metric.fid_features_to_statistics(torch.from_numpy(x)) for x in (generated, real))
    return float(metric.fid_statistics_to_metric(left, right, False)["frechet_inception_distance"])


def fidelity_kernel(
    generated: Floats, real: Floats, subset_size: int | None = None, subsets: int = 1
) -> float:
    """Return torch-fidelity's KID of features, by default from one subset of all samples."""
    found = _fidelity("metric_kid").kid_features_to_metric(
        torch.from_numpy(generated),
        torch.from_numpy(real),
        kid_subsets=subsets,
        kid_subset_size=subset_size or len(real),
        verbose=False,
    )
    return float(found["kernel_inception_distance_mean"])


def fidelity_score(logits: Floats, _: Floats | None = None, splits: int = 1) -> float:
    """Return torch-fidelity's Inception Score of logits."""
    found = _fidelity("metric_isc").isc_features_to_metric(torch.from_numpy(logits), splits)
    return float(found["inception_score_mean"])


def torchmetrics_frechet(generated: Floats, real: Floats) -> float:
    """Return torchmetrics' FID of features."""
    metric = _torchmetrics("fid").FrechetInceptionDistance(feature=_AsTheyAre(real.shape[1]))
    metric.set_dtype(torch.float64)
    return _compared(metric, generated, real)


def torchmetrics_kernel(generated: Floats, real: Floats) -> float:
    """Return torchmetrics' KID of features, from one subset of all samples."""
    metric = _torchmetrics("kid").KernelInceptionDistance(
        feature=_AsTheyAre(real.shape[1]), subsets=1, subset_size=len(real)
    )
    return _compared(metric, generated, real)


def torchmetrics_score(logits: Floats, _: Floats | None = None) -> float:
    """Return torchmetrics' Inception Score of logits, from one split."""
    metric = _torchmetrics("inception").InceptionScore(feature=_AsTheyAre(logits.shape[1]), splits=1)
    metric.update(torch.from_numpy(logits))
    return float(metric.compute()[0])


def prdc_shares(generated: Floats, real: Floats, k: int = 5) -> dict[str, float]:
    """Return prdc's precision, recall, density and coverage."""
    with _missing_named("prdc scikit-learn scipy joblib threadpoolctl cloudpickle narwhals"):
        prdc = import_module("prdc")
    with contextlib.redirect_stdout(io.StringIO()):
        found = prdc.compute_prdc(real_features=real, fake_features=generated, nearest_k=k)
    return {share: float(value) for share, value in found.items()}


class _AsTheyAre(nn.Module):
    """Hand features through, where torchmetrics wants a network."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.num_features = width

    def forward(self, features: Tensor) -> Tensor:
        return features


def _compared(metric: Any, generated: Floats, real: Floats) -> float:
    metric.update(torch.from_numpy(real), real=True)
    metric.update(torch.from_numpy(generated), real=False)
    found = metric.compute()
    return float(found[0] if isinstance(found, tuple) else found)


def _fidelity(module: str) -> ModuleType:
    with _missing_named("torch-fidelity"), _torchvision_or_its_names():
        return import_module(f"torch_fidelity.{module}")


def _torchmetrics(module: str) -> ModuleType:
    if util.find_spec("torch_fidelity") is not None:
        _fidelity("metric_fid")  # torchmetrics imports it if it is there
    with _missing_named("torchmetrics lightning-utilities"):
        return import_module(f"torchmetrics.image.{module}")


@contextlib.contextmanager
def _missing_named(packages: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingPackageError(f"{error}; pip install --no-deps {packages}") from None


@contextlib.contextmanager
def _torchvision_or_its_names() -> Iterator[None]:
    """Let torch-fidelity be imported without torchvision, which its figures don't use."""
    if util.find_spec("torchvision") is not None:
        yield
        return
    names = [f"torchvision{part}" for part in ("", ".datasets", ".transforms", ".transforms.functional")]
    stand_ins = {name: ModuleType(name) for name in names}
    for name, module in stand_ins.items():
        module.__dict__["__getattr__"] = lambda attribute: object
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(stand_ins[parent], child, module)
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)


def _timed(measure: Callable[[Floats, Floats], float], left: Floats, right: Floats) -> tuple[float, float]:
    start = time.process_time()
    return measure(left, right), time.process_time() - start


def _softmax(logits: Floats) -> Floats:
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(weights / weights.sum(1, keepdims=True))


COMPARISONS = (
    Comparison("FD", "torch-fidelity", lambda x, y: frechet_distance(x, y).value, fidelity_frechet),
    Comparison("FD", "torchmetrics", lambda x, y: frechet_distance(x, y).value, torchmetrics_frechet),
    Comparison("KD", "torch-fidelity", lambda x, y: kernel_distance(x, y).value, fidelity_kernel),
    Comparison("KD", "torchmetrics", lambda x, y: kernel_distance(x, y).value, torchmetrics_kernel),
    Comparison("IS", "torch-fidelity", lambda x, _: inception_score(_softmax(x)).value, fidelity_score),
    Comparison("IS", "torchmetrics", lambda x, _: inception_score(_softmax(x)).value, torchmetrics_score),
    Comparison(
        "precision",
        "prdc",
        lambda x, y: precision_recall(x, y).precision.value,
        lambda x, y: prdc_shares(x, y)["precision"],
    ),
    Comparison(
        "coverage",
        "prdc",
        lambda x, y: density_coverage(x, y).coverage.value,
        lambda x, y: prdc_shares(x, y)["coverage"],
    ),
)


if __name__ == "__main__":
    run(main)
