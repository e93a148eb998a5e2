import numpy as np
import pytest

from benchmarks.judge import Retrieval, StyleJudge, frechet_distance, kernel_distance, principal_axes, within

DRAW = np.random.default_rng(0)


def test_frechet_distance_of_known_gaussians():
    near, far = DRAW.normal(size=(4000, 3)), DRAW.normal([2, 0, 0], [1, 3, 1], size=(4000, 3))
    assert frechet_distance(near, far) == pytest.approx(4 + (3 - 1) ** 2, rel=0.05)


@pytest.mark.parametrize("count", [20, 200])
def test_frechet_distance_matches_the_matrix_root(count):
    x, y = DRAW.normal(size=(count, 40)), DRAW.normal(size=(count + 5, 40)) + 0.1
    product = np.cov(x.T) @ np.cov(y.T)
    root = np.sqrt(np.maximum(np.linalg.eigvals(product).real, 0)).sum()
    means = ((x.mean(0) - y.mean(0)) ** 2).sum()
    expected = means + np.trace(np.cov(x.T)) + np.trace(np.cov(y.T)) - 2 * root
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-5)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)


def test_kernel_distance_is_unbiased():
    same = [kernel_distance(DRAW.normal(size=(30, 8)), DRAW.normal(size=(40, 8))) for _ in range(50)]
    assert abs(np.mean(same)) < 0.05
    assert kernel_distance(DRAW.normal(size=(30, 8)), DRAW.normal(size=(40, 8)) + 1) > 0.5


def test_principal_axes_find_the_widest_direction():
    axes = principal_axes(DRAW.normal(size=(500, 4)) * [1, 9, 1, 1], 1)
    assert abs(axes[1, 0]) > 0.99


def test_retrieval_looks_only_outside_the_asked_family():
    real = np.array([[9.0, 0], [0, 9], [1, 8], [8, 1]])
    concepts, families = ["a", "b", "a", "b"], ["one", "one", "two", "two"]
    retrieval = Retrieval.of_real(real, concepts, families)
    assert retrieval.ranks(real[:2], ["a", "b"], "one").tolist() == [2, 2]
    assert retrieval.ranks(real[:2], ["b", "a"], "one").tolist() == [1, 1]
    assert retrieval.ranks(real[:1], ["unknown"], "one").tolist() == [0]


def test_within_leaves_out_concepts_without_an_entry():
    assert within(np.array([1, 2, 0, 6]), 1) == pytest.approx(1 / 3)


def test_style_judge_knows_styles_of_unseen_concepts():
    concepts = [str(concept) for concept in range(60) for _ in range(2)]
    styles = ["round", "square"] * 60
    real = DRAW.normal(size=(120, 6)) ** 2 + np.tile([[4.0, 0, 0, 0, 0, 0], [0, 4.0, 0, 0, 0, 0]], (60, 1))
    judge = StyleJudge.of_real(real, concepts, styles)
    assert np.mean(np.array(judge.names(real, concepts)) == styles) > 0.85
