import numpy as np
import pytest

from fromnoise.errors import DataError
from fromnoise.evaluation.coverage import density_coverage, neighbourhoods, precision_recall

SHARES = ("precision", "recall", "density", "coverage")


def normal(seed, n, width, scale=1.0, shift=0.0):
    return scale * np.random.default_rng(seed).normal(size=(n, width)) + shift


def values(generated, real, k=5):
    found = neighbourhoods(generated, real, k)
    return {share: getattr(found, share).value for share in SHARES}


def counted(generated, real, k):
    """Count by the definitions, one pair after another."""
    to_kth_real = [np.sort(np.linalg.norm(real - sample, axis=1))[k] for sample in real]
    to_kth_made = [np.sort(np.linalg.norm(generated - sample, axis=1))[k] for sample in generated]
    apart = np.linalg.norm(real[:, None] - generated, axis=2)  # (M, N)
    inside = apart < np.array(to_kth_real)[:, None]
    return {
        "precision": inside.any(0).mean(),
        "recall": (apart < np.array(to_kth_made)).any(1).mean(),
        "density": inside.sum() / (k * len(generated)),
        "coverage": inside.any(1).mean(),
    }


@pytest.mark.parametrize("n, m, k", [(60, 50, 5), (30, 70, 1), (6, 6, 5)])
def test_all_four_are_what_their_definitions_count(n, m, k):
    generated, real = normal(0, n, 3, 1.2), normal(1, m, 3)
    assert values(generated, real, k) == pytest.approx(counted(generated, real, k))


def test_samples_of_one_mode_are_precise_but_recall_and_cover_little():
    real = np.concatenate([normal(0, 100, 4), normal(1, 100, 4, shift=50)])
    found = values(normal(2, 200, 4), real)
    assert found["precision"] > 0.9
    assert found["recall"] < 0.55
    assert found["coverage"] < 0.55


def test_precision_and_recall_swap_with_the_sets():
    generated, real = normal(0, 80, 4, 0.5), normal(1, 60, 4)
    there, back = precision_recall(generated, real), precision_recall(real, generated)
    assert (there.precision.value, there.recall.value) == (back.recall.value, back.precision.value)
    assert there.precision.value > there.recall.value


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(normal(0, 100, 8), id="all different"),
        pytest.param(np.repeat(normal(0, 10, 8), 8, axis=0), id="eight of each"),
        pytest.param(np.full((20, 3), 7.0), id="all the same"),
    ],
)
def test_identical_sets_have_all_four_at_one(samples):
    assert values(samples, samples.copy()) == pytest.approx(dict.fromkeys(SHARES, 1.0))


def test_samples_beside_a_set_of_copies_are_outside():
    assert values(np.full((20, 3), 7.1), np.full((20, 3), 7.0)) == dict.fromkeys(SHARES, 0.0)


def test_what_lies_at_the_rim_is_outside():
    real, generated = np.array([[0.0], [1.0], [3.0]]), np.array([[-1.0], [4.0]])
    assert precision_recall(generated, real, k=1).precision.value == 0.5  # 4 is in the ball of 3, of width 2


def test_neither_far_off_sets_nor_the_order_change_anything():
    generated, real = normal(0, 80, 4, 0.5), normal(1, 60, 4)
    there = values(generated, real)
    assert values(generated + 1e6, real + 1e6) == pytest.approx(there)
    assert values(generated[::-1], real[::-1]) == pytest.approx(there)


def test_intervals_hold_the_value_and_are_drawn_by_the_seed_alone():
    generated, real = normal(0, 80, 4, 0.5), normal(1, 60, 4)
    found = neighbourhoods(generated, real, seed=1)
    assert neighbourhoods(generated, real, seed=1) == found
    for share in SHARES:
        figure = getattr(found, share)
        assert 0 <= figure.interval[0] <= figure.value <= figure.interval[1]


def test_nothing_inside_is_not_sure_to_be_nothing():
    found = neighbourhoods(normal(0, 100, 4, shift=100), normal(1, 100, 4))
    for share in SHARES:
        figure = getattr(found, share)
        assert figure.value == 0
        assert 0 < figure.interval[1] < 0.1


def test_sets_of_one_sample_more_than_neighbours_are_measured_without_an_interval():
    found = density_coverage(normal(0, 6, 4), normal(1, 6, 4))
    assert np.isfinite([found.density.value, found.coverage.value]).all()
    assert found.density.interval is found.coverage.interval is None


def test_too_few_samples_are_refused_with_numbers():
    with pytest.raises(DataError, match="generated has 5 samples; 5 neighbours each take at least 6"):
        precision_recall(normal(0, 5, 4), normal(1, 50, 4))
    with pytest.raises(DataError, match="real has 3 samples; 3 neighbours each take at least 4"):
        density_coverage(normal(0, 50, 4), normal(1, 3, 4), k=3)
    with pytest.raises(DataError, match="k must be at least 1"):
        density_coverage(normal(0, 50, 4), normal(1, 3, 4), k=0)


def test_identical_distributions_have_density_one_and_the_known_coverage():
    found = [values(normal(seed, 40, 4), normal(seed + 500, 40, 4)) for seed in range(60)]
    nobody = np.prod([(39 - place) / (79 - place) for place in range(5)])  # Naeem et al. 2020, lemma 2
    assert np.mean([each["density"] for each in found]) == pytest.approx(1, abs=0.05)
    assert np.mean([each["coverage"] for each in found]) == pytest.approx(1 - nobody, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("width", [8, 64])
@pytest.mark.parametrize("scale, shift", [(1.0, 0.0), (1.0, 0.3), (0.8, 0.0)])
def test_intervals_hold_the_expected_values(width, scale, shift):
    def draw(seed):
        return normal(seed, 200, width, scale, shift), normal(seed + 10_000, 200, width)

    truths = [values(*draw(seed)) for seed in range(1000, 1400)]
    found = [neighbourhoods(*draw(seed)) for seed in range(100)]
    for share in SHARES:
        truth = np.mean([each[share] for each in truths])
        intervals = [getattr(each, share).interval for each in found]
        assert sum(low <= truth <= high for low, high in intervals) >= 90, share
