import math

import numpy as np
import pytest

from fromnoise.errors import DataError
from fromnoise.evaluation.byte_model import fit_bytes
from fromnoise.evaluation.jackknife import student
from fromnoise.evaluation.word_intervals import ratio
from fromnoise.evaluation.word_variety import fluency, word_count

LISTENER = fit_bytes(["one two three four five six seven eight"] * 5)


def test_figures_of_a_hand_counted_text() -> None:
    found = fluency(["a b a b", "a c"], LISTENER)
    assert found.words == 6
    assert found.distinct_1.value == pytest.approx(3 / 6)
    assert found.distinct_2.value == pytest.approx(3 / 4)  # ab ba ab | ac
    assert found.distinct_3.value == pytest.approx(1)  # aba bab
    shares = np.array([3, 2, 1]) / 6
    assert found.token_entropy.value == pytest.approx(-(shares * np.log2(shares)).sum())
    assert found.repetition.value == 0
    assert fluency(["a b c d " * 3], LISTENER).repetition.value == pytest.approx(1 - 4 / 9)


def test_leaving_texts_out_in_closed_form_is_leaving_them_out() -> None:
    texts = ["the cat sat", "the dog sat", "a cat", "the end of it", "it sat", "cat", "a dog or a cat"]
    found = fluency(texts, LISTENER)
    for name in ("distinct_1", "distinct_2", "token_entropy"):
        without = [
            getattr(fluency(texts[:i] + texts[i + 1 :], LISTENER), name).value for i in range(len(texts))
        ]
        spread = math.sqrt((len(texts) - 1) / len(texts) * sum((w - np.mean(without)) ** 2 for w in without))
        figure = getattr(found, name)
        reach = figure.value - figure.interval[0]
        assert reach == pytest.approx(student(len(texts) - 1) * spread)


def test_love_love_love_is_fluent_but_has_no_variety() -> None:
    poor = fluency(["one one one one one one one one"] * 20, LISTENER)
    rich = fluency(["one two three four five six seven eight"] * 20, LISTENER)
    assert poor.token_entropy.value == 0
    assert poor.repetition.value > 0.7 > rich.repetition.value
    assert poor.distinct_1.value < rich.distinct_1.value


def test_perplexity_is_per_word_and_never_infinite() -> None:
    text = "one two three"
    nats = LISTENER.text_nats([text])[0]
    assert fluency([text], LISTENER).generative_perplexity.value == pytest.approx(math.exp(nats / 3))
    assert math.isfinite(fluency(["\U0001f600" * 2000], LISTENER).generative_perplexity.value)


def test_equal_word_counts_cut_variety_alone() -> None:
    texts = ["one two three four"] * 10
    assert word_count(texts) == 40
    assert fluency(texts, LISTENER, most_words=8).distinct_1.value == pytest.approx(4 / 8)
    with pytest.raises(DataError, match="no words"):
        fluency(["\u00ad"], LISTENER)


def test_intervals_of_a_ratio_cover_it() -> None:
    rng = np.random.default_rng(0)
    for count in (8, 50):
        hits = 0
        for seed in range(100):
            below = rng.gamma(3, 10, count)
            figure = ratio(below * rng.beta(2, 6, count), below, seed, draws=300)
            assert figure.interval is not None
            hits += figure.interval[0] <= 0.25 <= figure.interval[1]
        assert hits >= 90
    assert ratio(np.ones(2), np.ones(2)).interval is None
