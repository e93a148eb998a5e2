import numpy as np
import pytest

from fromnoise.evaluation.variety import vendi_score


def normal(seed, n, width):
    return np.random.default_rng(seed).normal(size=(n, width))


def test_wholly_unlike_samples_count_each():
    assert vendi_score(np.eye(7)).value == pytest.approx(7)


def test_copies_count_once_and_scale_does_not_matter():
    assert vendi_score(np.repeat(np.eye(4), 5, axis=0)).value == pytest.approx(4)
    assert vendi_score(np.outer([1.0, 2.0, 50.0], [1.0, 2.0])).value == pytest.approx(1)


def test_samples_of_nothing_are_alike_and_unlike_all_else():
    assert vendi_score(np.zeros((5, 3))).value == pytest.approx(1)
    assert vendi_score(
        np.concatenate([np.zeros((3, 3)), np.tile([1.0, 0, 0], (3, 1))])
    ).value == pytest.approx(2)


@pytest.mark.parametrize("n, width", [(40, 6), (6, 40)])
def test_it_is_the_entropy_of_the_similarities(n, width):
    x = normal(0, n, width)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    shares = np.linalg.eigvalsh(unit @ unit.T / n)
    shares = shares[shares > 1e-12]
    assert vendi_score(x).value == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))


def test_one_sample_is_one_without_an_interval():
    found = vendi_score([[3.0, 4.0]])
    assert (found.value, found.interval) == (pytest.approx(1), None)


def test_intervals_hold_the_score_of_the_distribution():
    found = [vendi_score(normal(seed, 200, 6)).interval for seed in range(100)]
    assert sum(low <= 6 <= high for low, high in found) >= 90
