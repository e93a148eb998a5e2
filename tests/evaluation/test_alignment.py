import numpy as np
import pytest

from fromnoise.errors import DataError
from fromnoise.evaluation.alignment import FOLDS, Retrieval, StyleClassifier, concept_fold

CONCEPTS = [f"thing {place}" for place in range(40)]
STYLES = ["flat", "round", "rough"]


def made(noise: float, seed: int = 0) -> tuple[np.ndarray, list[str], list[str]]:
    """Pictures' features: what is shown, plus the style, plus noise."""
    fixed, chance = np.random.default_rng(7), np.random.default_rng(seed)
    things, looks = fixed.normal(size=(40, 16)), 2 * fixed.normal(size=(3, 16))
    rows = [(thing, look) for thing in range(40) for look in range(3)]
    features = np.stack([things[t] + looks[s] for t, s in rows]) + noise * chance.normal(size=(120, 16))
    return features, [CONCEPTS[t] for t, _ in rows], [STYLES[s] for _, s in rows]


def test_pictures_of_their_concept_are_found_and_chance_is_chance():
    real, concepts, styles = made(0.2)
    judge = Retrieval.of_real(real, concepts, styles)
    good = judge.all_ranks(made(0.2, seed=1)[0], concepts, styles)
    noise = judge.all_ranks(np.random.default_rng(2).normal(size=real.shape), concepts, styles)
    assert good.concepts == 40 and good.within(5).value > 0.8
    assert noise.within(5).value < 0.35 < good.within(1).value
    low, high = good.within(1).interval
    assert low < good.within(1).value < high


def test_a_concept_that_no_other_family_has_has_no_rank():
    real, concepts, styles = made(0.2)
    judge = Retrieval.of_real(real, concepts, styles)
    ranks = judge.all_ranks(real[:2], ["nothing", concepts[1]], ["flat", "unknown"])
    assert ranks.ranks.tolist() == [0, 0] and ranks.within(1) is None


def test_its_own_family_cannot_help_a_picture():
    real, concepts, styles = made(0.2)
    judge = Retrieval.of_real(real, concepts, styles)
    flat = [row for row, style in enumerate(styles) if style == "flat"]
    moved = real.copy()
    moved[flat] += 100.0
    assert np.allclose(
        judge.galleries["flat"][1].shape,
        Retrieval.of_real(moved, concepts, styles).galleries["flat"][1].shape,
    )
    assert judge.ranks(real[flat], [concepts[row] for row in flat], "flat").within(1).value < 1.0


def test_styles_are_told_by_classifiers_that_do_not_know_the_concept():
    real, concepts, styles = made(0.3)
    judge = StyleClassifier.of_real(real, concepts, styles)
    assert judge.accuracy.value > 0.9
    assert judge.recognised(made(0.3, seed=1)[0], concepts, styles).value > 0.9
    wrong = [STYLES[(STYLES.index(style) + 1) % 3] for style in styles]
    assert judge.recognised(real, concepts, wrong).value < 0.1
    assert judge.recognised(real, concepts, [None] * 120) is None
    assert {concept_fold(concept) for concept in concepts} == set(range(FOLDS))
    for fold in range(FOLDS):
        own = [concept_fold(concept) == fold for concept in concepts]
        assert not judge.weights[fold][own].any()


def test_one_style_is_too_few():
    real, concepts, _ = made(0.2)
    with pytest.raises(DataError, match="two styles"):
        StyleClassifier.of_real(real, concepts, ["flat"] * 120)
    with pytest.raises(DataError, match="two styles"):
        Retrieval.of_real(real, concepts, ["flat"] * 120)
