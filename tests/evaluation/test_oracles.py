"""Our figures beside those of torch-fidelity, torchmetrics and prdc, where these are installed."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # the benchmarks are no part of the installed package

from benchmarks import set_metrics
from fromnoise.errors import MissingPackageError
from fromnoise.evaluation.coverage import neighbourhoods
from fromnoise.evaluation.frechet import frechet_distance, kernel_distance
from fromnoise.evaluation.inception import inception_score

SHAPES = [
    (400, 400, 16, 0.0),
    (300, 200, 64, 3.0),
    (40, 60, 64, 0.0),
    (100, 80, 256, 1.0),
    (300, 300, 32, 1e3),
]


@pytest.fixture(params=SHAPES, ids=str)
def pair(request):
    n, m, width, offset = request.param
    stream = np.random.default_rng(n)
    mix = stream.normal(size=(width, width)) / np.sqrt(width)
    return stream.normal(size=(n, width)) @ mix + 0.2 + offset, stream.normal(size=(m, width)) + offset


def theirs(figure, *arguments, **settings):
    try:
        return figure(*arguments, **settings)
    except MissingPackageError as error:
        pytest.skip(str(error))


def test_the_frechet_distance_is_that_of_torch_fidelity_and_torchmetrics(pair):
    ours = frechet_distance(*pair).value
    assert ours == pytest.approx(theirs(set_metrics.fidelity_frechet, *pair), rel=1e-5)
    assert ours == pytest.approx(theirs(set_metrics.torchmetrics_frechet, *pair), rel=1e-5)


def test_the_kernel_distance_is_that_of_torch_fidelity_and_torchmetrics(pair):
    least = min(len(side) for side in pair)
    generated, real = (side[:least] for side in pair)
    ours = kernel_distance(generated, real).value
    assert ours == pytest.approx(theirs(set_metrics.fidelity_kernel, generated, real), rel=1e-5)
    assert ours == pytest.approx(theirs(set_metrics.torchmetrics_kernel, generated, real), rel=1e-5)


def test_the_kernel_distance_of_subsets_is_torch_fidelitys(pair):
    ours = kernel_distance(*pair, subset_size=30, subsets=7, seed=2020).value
    expected = theirs(set_metrics.fidelity_kernel, *pair, subset_size=30, subsets=7)
    assert ours == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("splits", [1, 10])
def test_the_inception_score_is_torch_fidelitys(splits):
    logits = 2 * np.random.default_rng(0).normal(size=(503, 20))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = theirs(set_metrics.fidelity_score, logits, splits=splits)
    assert inception_score(p, splits=splits).value == pytest.approx(expected, rel=1e-9)


def test_the_inception_score_of_one_split_is_that_of_torchmetrics():
    logits = 2 * np.random.default_rng(0).normal(size=(503, 20))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = theirs(set_metrics.torchmetrics_score, logits)
    assert inception_score(p).value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_precision_recall_density_and_coverage_are_those_of_prdc(pair, k):
    ours, expected = neighbourhoods(*pair, k=k), theirs(set_metrics.prdc_shares, *pair, k=k)
    for share, value in expected.items():
        assert getattr(ours, share).value == pytest.approx(value, rel=1e-12), share


def test_they_are_those_of_prdc_where_samples_are_copies():
    stream = np.random.default_rng(0)
    real = stream.normal(size=(300, 64))
    generated = np.concatenate([real[:150], stream.normal(size=(150, 64))])
    ours, expected = neighbourhoods(generated, real), theirs(set_metrics.prdc_shares, generated, real)
    for share, value in expected.items():
        assert getattr(ours, share).value == pytest.approx(value, rel=1e-12), share
