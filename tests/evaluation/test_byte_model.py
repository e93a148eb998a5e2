import math

import numpy as np
import pytest

from fromnoise.errors import DataError
from fromnoise.evaluation.byte_model import END, fit_bytes
from fromnoise.evaluation.word_likelihood import (
    bits_per_byte,
    likelihood_baselines,
    stratified_times,
)

TEXTS = ["the cat sat on the mat", "the dog sat on the log", "a cat and a dog", "été"]


@pytest.mark.parametrize("order", [1, 3, 6, 8])
def test_the_probabilities_of_all_next_bytes_sum_to_one(order: int) -> None:
    model = fit_bytes(TEXTS, order)
    for context in ("", "the ca", "zzz", "the cat sat on the mat"):
        total = sum(_next(model, context, byte) for byte in range(256))
        assert total == pytest.approx(1, abs=1e-9)


def _next(model: object, context: str, byte: int) -> float:
    """P(byte | context) from the tables, gram by gram."""
    before = bytes([END]) * 8 + context.encode()
    probability = np.array([1 / 256])
    for table in model.tables:  # type: ignore[attr-defined]
        gram = (before + bytes([byte]))[-table.length :]
        probability = table.mix(np.array([int.from_bytes(gram, "big")], np.uint64), probability)
    return float(probability[0])


def test_a_text_costs_the_sum_of_its_bytes_and_its_end() -> None:
    model = fit_bytes(TEXTS, 4)
    for text in ("a dog", "été", "x"):
        data = text.encode()
        parts = (
            [_next(model, data[:i].decode("latin-1"), data[i]) for i in range(len(data))]
            if data.isascii()
            else []
        )
        if parts:
            nats = -sum(math.log(part) for part in (*parts, _next(model, text, END)))
            assert model.text_nats([text])[0] == pytest.approx(nats)
    assert np.allclose(
        model.text_nats(["a dog", "x"]), [model.text_nats([text])[0] for text in ("a dog", "x")]
    )


def test_known_words_are_likelier_and_bytes_are_counted_as_utf8() -> None:
    model = fit_bytes(TEXTS * 5)
    assert model.text_nats(["the cat sat"])[0] < model.text_nats(["xqz jvk wpf"])[0] / 2
    nats = np.full(2, 8 * math.log(2))
    assert bits_per_byte(nats, ["été ", "été "]).value == pytest.approx(8 / 6)


def test_uniform_bytes_cost_eight_bits() -> None:
    rng = np.random.default_rng(0)
    texts = ["".join(map(chr, rng.integers(0, 128, 2000))) for _ in range(30)]
    found = likelihood_baselines(texts[15:], texts[:15])
    assert all(6.9 < figure.value < 8.5 for figure in found.values())
    assert found["6-gram"].value < 7.4
    assert found["6-gram"].interval is not None


def test_a_bound_is_the_mean_of_its_samples_and_its_interval_holds_them() -> None:
    rng = np.random.default_rng(1)
    truth, hits = 2.0, 0
    for seed in range(100):
        sizes = rng.integers(50, 150, 40)
        nats = (
            sizes[:, None] * (truth + rng.normal(0, 1, (40, 8)) + rng.normal(0, 0.3, (40, 1))) * math.log(2)
        )
        figure = bits_per_byte(nats, ["a" * size for size in sizes], seed)
        assert figure.interval is not None
        hits += figure.interval[0] <= truth <= figure.interval[1]
    assert hits >= 90


def test_stratified_times_lie_one_in_each_stratum() -> None:
    times = stratified_times(5, 8, seed=3)
    assert times.shape == (5, 8)
    assert np.array_equal(np.ceil(times * 8), np.tile(np.arange(1, 9), (5, 1)))


def test_broken_nats_are_refused() -> None:
    with pytest.raises(DataError, match=r"2 texts take nats of shape"):
        bits_per_byte(np.zeros(3), ["a", "b"])
    with pytest.raises(DataError, match="text 1 has NaN or infinite"):
        bits_per_byte(np.array([1.0, np.inf]), ["a", "b"])
    with pytest.raises(DataError, match="1 to 8"):
        fit_bytes(TEXTS, 9)
    with pytest.raises(DataError, match="at least one"):
        fit_bytes([])
