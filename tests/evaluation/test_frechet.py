import time

import numpy as np
import pytest
import torch

from fromnoise.errors import DataError
from fromnoise.evaluation.coverage import density_coverage, precision_recall
from fromnoise.evaluation.frechet import frechet_distance, kernel_distance
from fromnoise.evaluation.inception import inception_score
from fromnoise.evaluation.variety import vendi_score

DRAWS = 100
AT_LEAST = 90


def normal(seed, n, width, scale=1.0, shift=0.0):
    return scale * np.random.default_rng(seed).normal(size=(n, width)) + shift


def with_moments(x, mean, covariance):
    """Bend samples until their mean and covariance are exactly these."""
    x = x - x.mean(0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T))).T
    return x @ np.linalg.cholesky(covariance).T + mean


def expected_kernel(mean, scale, other, other_scale):
    """Return E (x.y / D + 1)^3 of x ~ N(mean, scale^2), y ~ N(other, other_scale^2), all isotropic."""
    width = len(mean)
    one, eye = mean @ other, np.eye(width)
    second = np.outer(mean, mean) + scale**2 * eye
    two = np.trace(second @ (np.outer(other, other) + other_scale**2 * eye))
    three = (third_moment(mean, scale) * third_moment(other, other_scale)).sum()
    return three / width**3 + 3 * two / width**2 + 3 * one / width + 1


def third_moment(mean, scale):
    cross = np.einsum("ij,k->ijk", scale**2 * np.eye(len(mean)), mean)
    return np.einsum("i,j,k->ijk", mean, mean, mean) + sum(np.moveaxis(cross, 2, axis) for axis in range(3))


def covered(measure, truth, draws=DRAWS):
    """Count the draws whose interval holds the truth."""
    intervals = [measure(draw).interval for draw in range(draws)]
    return sum(low <= truth <= high for low, high in intervals)


def test_the_frechet_distance_of_known_moments_is_the_closed_form():
    first, second = np.diag([1.0, 4.0, 9.0]), np.diag([4.0, 1.0, 0.25])
    x = with_moments(normal(0, 50, 3), np.array([1.0, 0, 0]), first)
    y = with_moments(normal(1, 70, 3), np.zeros(3), second)
    assert frechet_distance(x, y).value == pytest.approx(1 + 1 + 1 + 2.5**2, rel=1e-9)


def test_the_frechet_distance_is_symmetric_and_blind_to_turns():
    x, y = normal(0, 60, 8, 1.3), normal(1, 40, 8)
    turn = np.linalg.qr(normal(2, 8, 8))[0]
    there = frechet_distance(x, y).value
    assert frechet_distance(y, x).value == pytest.approx(there, rel=1e-12)
    assert frechet_distance(x @ turn, y @ turn).value == pytest.approx(there, rel=1e-9)


def test_means_of_a_hundred_thousand_cost_no_precision():
    x, y = normal(0, 60, 8, 1.3), normal(1, 40, 8)
    far = frechet_distance(x + 1e5, y + 1e5)
    assert far.value == pytest.approx(frechet_distance(x, y).value, rel=1e-7)
    assert far.interval == pytest.approx(frechet_distance(x, y).interval, rel=1e-4)


def test_features_that_are_nought_everywhere_change_nothing():
    x, y = normal(0, 60, 8, 1.3), normal(1, 40, 8)
    padded = frechet_distance(np.pad(x, ((0, 0), (0, 5))), np.pad(y, ((0, 0), (0, 5))))
    assert padded.value == pytest.approx(frechet_distance(x, y).value, rel=1e-9)
    assert padded.interval == pytest.approx(frechet_distance(x, y).interval, rel=1e-6)


@pytest.mark.parametrize("samples", [normal(0, 50, 8), normal(0, 20, 64), np.ones((30, 4))])
def test_identical_sets_lie_no_distance_apart(samples):
    distance, kernel = frechet_distance(samples, samples), kernel_distance(samples, samples)
    assert distance.value == pytest.approx(0, abs=1e-9)
    assert distance.interval[0] == 0
    assert kernel.interval[0] <= 0 <= kernel.interval[1]
    assert np.isfinite([*distance.interval, *kernel.interval, kernel.value]).all()


def test_torch_and_half_precision_are_taken():
    x, y = torch.randn(30, 4).half(), torch.randn(20, 4).bfloat16()
    assert frechet_distance(x, y) == frechet_distance(x.double().numpy(), y.double().numpy())


def test_two_samples_have_a_distance_but_no_interval():
    found = frechet_distance(normal(0, 2, 4), normal(1, 2, 4))
    assert found.value > 0
    assert found.interval is None


def test_where_samples_are_fewer_than_features_the_interval_is_wide_but_true():
    for seed in range(5):
        low, high = frechet_distance(normal(seed, 30, 128), normal(seed + 50, 40, 128, 2.0)).interval
        assert low <= 128 <= high


@pytest.mark.parametrize(
    "n, width, scale, shift", [(200, 4, 1.0, 0.0), (200, 4, 1.5, 0.2), (60, 16, 1.0, 0.5)]
)
def test_frechet_intervals_hold_the_distance_of_the_distributions(n, width, scale, shift):
    truth = width * (shift**2 + (scale - 1) ** 2)

    def measure(draw):
        return frechet_distance(normal(draw, n, width, scale, shift), normal(draw + 1000, n, width))

    assert covered(measure, truth) >= AT_LEAST


@pytest.mark.slow
@pytest.mark.parametrize("n", [200, 1000])
@pytest.mark.parametrize("scale, shift", [(1.0, 0.0), (1.0, 0.125), (2.0, 0.0)])
def test_frechet_intervals_hold_it_at_64_features_too(n, scale, shift):
    truth = 64 * (shift**2 + (scale - 1) ** 2)

    def measure(draw):
        return frechet_distance(normal(draw, n, 64, scale, shift), normal(draw + 1000, n, 64))

    assert covered(measure, truth) >= AT_LEAST


@pytest.mark.parametrize("width", [4, 16])
@pytest.mark.parametrize("scale, shift", [(1.0, 0.0), (1.0, 0.5), (1.4, 0.0)])
def test_kernel_intervals_hold_the_distance_of_the_distributions(width, scale, shift):
    mean, nought = np.full(width, shift), np.zeros(width)
    truth = expected_kernel(mean, scale, mean, scale) + expected_kernel(nought, 1, nought, 1)
    truth -= 2 * expected_kernel(mean, scale, nought, 1)

    def measure(draw):
        return kernel_distance(normal(draw, 200, width, scale, shift), normal(draw + 1000, 200, width))

    assert covered(measure, truth) >= AT_LEAST


def test_the_kernel_distance_is_unbiased():
    values = [kernel_distance(normal(seed, 20, 4), normal(seed + 1000, 30, 4)).value for seed in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(400)


def test_the_kernel_distance_is_the_formula():
    x, y = normal(0, 7, 3), normal(1, 9, 3)

    def mean_kernel(left, right, leave_out):
        kernel = (left @ right.T / 3 + 1) ** 3
        return (kernel.sum() - leave_out * np.trace(kernel)) / (len(left) * (len(right) - leave_out))

    expected = mean_kernel(x, x, 1) + mean_kernel(y, y, 1) - 2 * mean_kernel(x, y, 0)
    assert kernel_distance(x, y).value == pytest.approx(expected, rel=1e-12)


def test_one_subset_of_all_samples_is_the_whole():
    x, y = normal(0, 50, 6, 1.3), normal(1, 50, 6)
    whole, subset = kernel_distance(x, y), kernel_distance(x, y, subset_size=50, subsets=1)
    assert subset.value == pytest.approx(whole.value, rel=1e-9)
    assert subset.interval == pytest.approx(whole.interval, rel=1e-9)


def test_subsets_are_drawn_by_the_seed_alone():
    x, y = normal(0, 50, 6, 1.3), normal(1, 60, 6)
    first = kernel_distance(x, y, 20, 10, seed=3)
    assert kernel_distance(x, y, 20, 10, seed=3) == first
    assert kernel_distance(x, y, 20, 10, seed=4) != first


@pytest.mark.parametrize(
    "size, subsets, words", [(51, 5, "the smaller set's 50"), (1, 5, "not 1"), (9, 0, "not 0")]
)
def test_subsets_that_cannot_be_drawn_are_refused(size, subsets, words):
    with pytest.raises(DataError, match=words):
        kernel_distance(normal(0, 50, 6), normal(1, 60, 6), size, subsets)


@pytest.mark.parametrize("measure", [frechet_distance, kernel_distance])
def test_what_cannot_be_compared_is_named(measure):
    with pytest.raises(DataError, match="same number of features, not 4 and 5"):
        measure(normal(0, 9, 4), normal(1, 9, 5))
    with pytest.raises(DataError, match="generated has NaN or infinite features in 1 of 9"):
        measure(np.where(np.arange(9)[:, None] == 3, np.nan, 1.0), normal(1, 9, 1))
    with pytest.raises(DataError, match="real has 1 samples"):
        measure(normal(0, 9, 4), normal(1, 1, 4))


@pytest.mark.slow
def test_ten_thousand_samples_take_a_minute_of_two_cores():
    x, y = normal(0, 10_000, 512, 1.05).astype("f"), normal(1, 10_000, 512).astype("f")
    start = time.process_time()
    for measure in (frechet_distance, kernel_distance, precision_recall, density_coverage):
        measure(x, y)
    vendi_score(x)
    inception_score(np.abs(x) / np.abs(x).sum(1, keepdims=True))
    assert time.process_time() - start < 120
