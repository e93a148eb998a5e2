import numpy as np
import pytest

from fromnoise.errors import DataError
from fromnoise.evaluation.inception import inception_score


def one_hot(classes, count):
    return np.eye(count)[classes]


def test_sure_and_even_predictions_score_the_number_of_classes():
    assert inception_score(one_hot(np.arange(70) % 7, 7)).value == pytest.approx(7)


def test_predictions_that_are_all_alike_score_one():
    found = inception_score(np.tile([0.7, 0.2, 0.1], (30, 1)))
    assert found.value == pytest.approx(1)
    assert found.interval == pytest.approx((1, 1))


def test_the_score_of_one_split_ignores_the_order():
    p = np.random.default_rng(0).dirichlet(np.ones(5), 100)
    assert inception_score(p[::-1]).value == pytest.approx(inception_score(p).value, rel=1e-12)


def test_sorted_classes_do_not_spoil_splits():
    sorted_by_class = one_hot(np.sort(np.arange(500) % 5), 5)
    assert inception_score(sorted_by_class, splits=10).value > 4.5


def test_the_interval_lies_above_the_value_that_few_samples_give():
    classes = np.random.default_rng(0).integers(0, 50, 200)
    found = inception_score(one_hot(classes, 50))
    assert found.value < found.interval[0] < found.interval[1] <= 50


def test_float16_probabilities_are_taken():
    p = np.random.default_rng(0).dirichlet(np.ones(20), 100)
    assert inception_score(p.astype(np.float16)).value == pytest.approx(inception_score(p).value, rel=1e-2)


def test_one_sample_scores_one_without_an_interval():
    found = inception_score([[0.5, 0.5]])
    assert (found.value, found.interval) == (1, None)


@pytest.mark.parametrize(
    "data", [[[2.0, -1.0], [0.5, 0.5]], [[3.0, 1.0], [0.5, 0.5]], [[0.0, 0.0], [0.5, 0.5]]]
)
def test_logits_are_refused(data):
    with pytest.raises(DataError, match="put logits through a softmax first"):
        inception_score(data)


@pytest.mark.parametrize("splits", [0, 4])
def test_splits_must_hold_samples(splits):
    with pytest.raises(DataError, match=f"between 1 and the 3 samples, not {splits}"):
        inception_score(one_hot(np.arange(3), 3), splits=splits)


@pytest.mark.parametrize("n", [200, 1000])
@pytest.mark.parametrize("name", ["even classes", "uneven classes", "soft"])
def test_intervals_hold_the_score_of_the_distribution(n, name):
    shares = np.arange(1, 11) / 55
    draws = {
        "even classes": lambda stream: one_hot(stream.integers(0, 10, n), 10),
        "uneven classes": lambda stream: one_hot(stream.choice(10, n, p=shares), 10),
        "soft": lambda stream: stream.dirichlet(np.ones(10), n),
    }
    harmonic = sum(1 / place for place in range(2, 11))  # mean entropy of a flat Dirichlet over 10 classes
    truths = {"even classes": 10, "uneven classes": np.exp(-(shares * np.log(shares)).sum())}
    truth = {**truths, "soft": 10 * np.exp(-harmonic)}[name]
    found = [inception_score(draws[name](np.random.default_rng(seed))).interval for seed in range(100)]
    assert sum(low <= truth <= high for low, high in found) >= 90
