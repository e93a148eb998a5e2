import json
import math
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from fromnoise.errors import DataError
from fromnoise.evaluation.byte_model import fit_bytes
from fromnoise.evaluation.mauve import _area, mauve
from fromnoise.evaluation.style_words import learn_styles, style_accuracy
from fromnoise.evaluation.word_sources import Texts
from fromnoise.evaluation.words import evaluate_words

SEA = ["wave", "salt", "ship", "gull", "storm", "sail", "tide", "deck", "rope", "wind", "captain"]
TOWN = ["street", "lamp", "coach", "market", "window", "clock", "baker", "bridge", "smoke", "crowd", "corner"]
SMALL = ["the", "a", "of", "and", "in", "to", "was", "with"]


def texts(rng: random.Random, count: int, words: Sequence[str] = SEA) -> list[str]:
    def one() -> str:
        return " ".join(rng.choice(words if rng.random() < 0.6 else SMALL) for _ in range(60))

    return [one() for _ in range(count)]


def styled(rng: random.Random, each: int) -> Texts:
    items = texts(rng, each) + texts(rng, each, TOWN)
    return Texts("styled", tuple(items), ("sea",) * each + ("town",) * each, tuple(range(2 * each)))


def test_mauve_is_high_for_the_same_source_and_low_for_another() -> None:
    rng = random.Random(0)
    real, same, other = texts(rng, 100), texts(rng, 100), texts(rng, 100, TOWN)
    alike, apart = mauve(same, real), mauve(other, real)
    assert alike.value > 0.8 > 0.1 > apart.value
    assert mauve(real, real).value == pytest.approx(1)
    assert mauve(other, other + real).value > apart.value
    assert alike.interval is not None and alike.interval[0] <= alike.value <= alike.interval[1] <= 1
    with pytest.raises(DataError, match="needs 20 texts a side"):
        mauve(real[:5], real)


def test_the_divergence_curve_takes_sides_with_nobody() -> None:
    left, right = np.array([0.7, 0.2, 0.1]), np.array([0.1, 0.3, 0.6])
    assert _area(left, left) == pytest.approx(1)
    assert _area(left, right) == pytest.approx(_area(right, left))
    nearer = np.array([0.5, 0.25, 0.25])
    assert 0 < _area(left, right) < _area(left, nearer) < 1


def test_identical_texts_have_a_defined_mauve() -> None:
    assert mauve(["same"] * 20, ["same"] * 20).value == pytest.approx(1)


def test_styles_are_told_apart_and_the_accuracy_on_real_texts_is_known() -> None:
    rng = random.Random(1)
    real, new = styled(rng, 40), styled(rng, 20)
    classifier = learn_styles(real.items, [style or "" for style in real.styles])
    assert classifier.real_accuracy().value >= 0.95
    assert style_accuracy(classifier, new.items, [style or "" for style in new.styles]).value >= 0.95
    assert style_accuracy(classifier, new.items, ["sea"] * 40).value == pytest.approx(0.5, abs=0.05)
    assert classifier.confusions() == []
    with pytest.raises(DataError, match="two styles"):
        learn_styles(real.items[:40], ["sea"] * 40)


def test_a_good_set_stands_beside_its_baselines() -> None:
    rng = random.Random(2)
    report = evaluate_words(styled(rng, 50), styled(rng, 100), styled(rng, 100))
    assert report["kind"] == "words" and report["n"] == 100
    assert report["leaked"] == 0 and report["leaks"] == []
    metrics = report["metrics"]
    names = (
        "generative_perplexity token_entropy distinct_1 distinct_2 distinct_3 repetition mauve style_accuracy"
    )
    assert set(metrics) == {*names.split(), "copied_span", "memorized_share", "containment"}
    for name in ("generative_perplexity", "token_entropy", "distinct_2", "mauve", "style_accuracy"):
        entry = metrics[name]
        assert entry["low"] <= entry["value"] <= entry["high"]
        assert entry["value"] == pytest.approx(entry["baseline"], rel=0.2)
    assert "right in" in metrics["style_accuracy"]["note"]
    assert report["memorization"]["flagged"] == []
    _finite(json.loads(json.dumps(report, allow_nan=False)))


def _finite(report: object) -> None:
    if isinstance(report, dict):
        for value in report.values():
            _finite(value)
    assert not isinstance(report, float) or math.isfinite(report)


def test_copies_and_leaks_are_reported() -> None:
    rng = random.Random(3)
    train, real, generated = texts(rng, 100), texts(rng, 100), texts(rng, 50)
    report = evaluate_words([" ", *generated, *train[:3]], [*real, train[9]], train, n=30)
    assert report["leaked"] == 1
    assert report["leaks"][0] | {"text": ""} == {
        "train": 9,
        "test": 100,
        "kind": "exact",
        "similarity": 1.0,
        "text": "",
    }
    spans = report["metrics"]["copied_span"]
    assert spans["value"] > 200 > 3 * spans["baseline"] / 2
    assert report["memorization"]["worst"][0]["words"] == 60
    assert sorted(report["memorization"]["flagged"]) == [51, 52, 53]


def test_a_set_judged_against_itself_leaks_whole() -> None:
    same = texts(random.Random(4), 50)
    report = evaluate_words(same, same, same)
    assert report["leaked"] == 50 and report["memorization"] is None
    assert "nothing to hold copies against" in " ".join(report["notes"])


def test_a_model_is_held_against_the_strongest_baseline() -> None:
    rng = random.Random(5)
    train, real = texts(rng, 60), texts(rng, 60)
    entry = evaluate_words(train, real, train, model=fit_bytes(train))["metrics"]["bits_per_byte"]
    assert entry["value"] == pytest.approx(entry["baseline"])
    assert entry["note"].startswith("exact, over ") and "lzma" in entry["note"]


def test_tiny_sets_get_notes_and_no_nan() -> None:
    report = evaluate_words(["A word."], ["One.", "Two."], ["Three."])
    assert report["n"] == 1
    assert set(report["metrics"]) >= {"token_entropy", "copied_span"}
    assert any("too few to tell" in note for note in report["notes"])
    assert any("mauve needs 20" in note for note in report["notes"])
    json.dumps(report, allow_nan=False)


@pytest.mark.parametrize(
    ("real", "n", "says"),
    [(["one"], None, "one text"), ([], None, "no texts"), (["a", "b"], 0, "at least 1")],
)
def test_what_cant_be_compared_is_refused(real: list[str], n: int | None, says: str) -> None:
    with pytest.raises(DataError, match=says):
        evaluate_words(["text"], real, n=n)


def test_files_seed_and_n_decide_everything(tmp_path: Path) -> None:
    rng = random.Random(6)
    for name in ("generated", "real"):
        lines = [json.dumps({"text": text}) for text in texts(rng, 60)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    paths = tmp_path / "generated.jsonl", tmp_path / "real.jsonl"
    first, again = (evaluate_words(*paths, seed=1, n=25) for _ in range(2))
    assert first == again and first["n"] == 25
    assert first["train"] is None and "leaked" not in first
    assert evaluate_words(*paths, seed=2, n=25)["metrics"] != first["metrics"]
    assert np.isfinite(first["metrics"]["mauve"]["value"])
