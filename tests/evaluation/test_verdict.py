"""Stories of verdicts: what a person is told of a report, and what it takes to be called ready."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from fromnoise.errors import ConfigError, DataError
from fromnoise.evaluation.verdict import Verdict, judge

Tree = dict[str, Any]


def measure(value: float, baseline: float | None = None, half: float | None = None) -> Tree:
    half = 0.02 * abs(value) if half is None else half
    return {"value": value, "low": value - half, "high": value + half, "baseline": baseline}


def good(**changes: Any) -> Tree:
    """A report of a model that is good by the conventional limits; changes are metrics, or n and the like."""
    report: Tree = {
        "n": 50_000,
        "extractor": "inception",
        "metrics": {
            "frechet_distance": measure(18.0, 2.1, 0.4),
            "kernel_distance": measure(0.006, 0.0001),
            "inception_score": measure(9.1, 11.0),
            "precision": measure(0.68, 0.75),
            "recall": measure(0.61, 0.74),
            "density": measure(0.9, 1.0),
            "coverage": measure(0.88, 0.97),
            "memorized_share": measure(0.001, 0.001),
            "bits_per_dim": measure(3.1),
        },
        "leaked": 0,
    }
    for name, value in changes.items():
        place = report if name in ("n", "extractor", "leaked", "kind") else report["metrics"]
        place[name] = value
    return report


def beside_real(**changes: Any) -> Tree:
    """A report of a model that is good beside real pictures, by other features than Inception's."""
    news = {
        "extractor": "fromnoise",
        "n": 2000,
        "frechet_distance": measure(2.4, 2.1),
        "inception_score": None,
    }
    return good(**(news | changes))


def alone(name: str, entry: Any, **news: Any) -> Tree:
    return {"n": 50_000, "extractor": "inception", "metrics": {name: entry}, "leaked": 0} | news


def said(verdict: Verdict) -> str:
    return " ".join(verdict.reasons).lower()


def test_a_good_report_is_ready() -> None:
    verdict = judge(good())
    assert verdict.ready and verdict.level == "ready" and verdict.reasons


def test_an_fid_of_18_with_low_recall_is_not_ready_since_variety_is_missing() -> None:
    verdict = judge(good(recall=measure(0.12, 0.74)))
    assert not verdict.ready and verdict.level == "not ready"
    assert "variety is missing" in said(verdict) and "recall" in said(verdict)


@pytest.mark.parametrize("name", ["recall", "coverage"])
@pytest.mark.parametrize("baseline", [None, 0.75])
def test_low_recall_or_coverage_is_missing_variety_with_a_baseline_or_without(
    name: str, baseline: float | None
) -> None:
    verdict = judge(good(**{name: measure(0.3, baseline)}))
    assert verdict.level == "not ready" and "variety" in said(verdict)


def test_low_precision_is_pictures_that_look_unreal() -> None:
    verdict = judge(good(precision=measure(0.2, 0.75)))
    assert verdict.level == "not ready" and "unreal" in said(verdict)


def test_scores_that_copies_earn_are_not_ready() -> None:
    verdict = judge(good(frechet_distance=measure(0.4, 2.1), memorized_share=measure(0.36, 0.002)))
    assert verdict.level == "not ready"
    assert "copies of training pictures" in said(verdict) and "too good to be true" in said(verdict)


def test_copies_count_even_among_few_pictures_and_without_a_baseline() -> None:
    assert judge(good(n=60, memorized_share=measure(0.3))).level == "not ready"
    assert judge(good(memorized_share=0.3)).level == "not ready"


def test_as_many_near_copies_as_among_held_out_pictures_are_chance() -> None:
    assert judge(good(memorized_share=measure(0.05, 0.05))).ready


def test_a_distance_far_below_that_of_real_pictures_is_never_ready_unexplained() -> None:
    verdict = judge(good(frechet_distance=measure(0.0, 2.1), memorized_share=None))
    assert not verdict.ready and "copies" in said(verdict)


@pytest.mark.parametrize(
    "report", [good(leaked=3), good(leaked=1, n=20), {"leaked": 2}, good(leaked=7, recall=0.1)]
)
def test_test_pictures_in_training_make_a_result_invalid(report: Tree) -> None:
    verdict = judge(report)
    assert verdict.level == "invalid" and not verdict.ready
    assert "found in the training data" in verdict.reasons[0] and str(report["leaked"]) in verdict.reasons[0]


@pytest.mark.parametrize("name", ["bits_per_dim", "bits_per_dim_ode"])
def test_a_high_likelihood_alone_never_says_ready(name: str) -> None:
    verdict = judge(alone(name, measure(0.5)))
    assert verdict.level == "cannot tell" and "likelihood" in said(verdict)


@pytest.mark.parametrize("n", [1, 10, 100, 200])
def test_too_few_pictures_cannot_tell_and_say_how_many_are_needed(n: int) -> None:
    for report in (good(n=n), beside_real(n=n)):
        verdict = judge(report)
        assert verdict.level == "cannot tell" and "250" in said(verdict)
    assert "10,000" in said(judge(good(n=n)))


def test_conventional_limits_need_ten_thousand_pictures() -> None:
    report = good(n=9_999, frechet_distance=measure(18.0, None))
    report["metrics"] = {"frechet_distance": report["metrics"]["frechet_distance"]}
    verdict = judge(report)
    assert verdict.level == "cannot tell" and "10,000" in said(verdict)
    assert judge({**report, "n": 10_000}).ready


def test_conventional_limits_need_inception() -> None:
    assert judge(good(extractor="dinov2")).level == "not ready"  # 18 beside 2.1
    assert judge(good(extractor="dinov2", frechet_distance=measure(304, 300))).ready  # and 304 beside 300
    for spelling in ("inception", "Inception-v3", "inceptionv3", "inception_v3", "inception-v3-compat"):
        assert judge(good(extractor=spelling)).ready
    assert judge(good(extractor="inception-resnet-v2")).level == "not ready"


@pytest.mark.parametrize(
    ("fid", "level"),
    [
        (measure(3.0), "ready"),
        (measure(30.0), "not ready"),
        (measure(51.0, None, 3.0), "not ready"),
        (measure(80.0), "not ready"),
        (measure(20.1, None, 1.0), "cannot tell"),
        ({"value": 19}, "ready"),
        ({"value": 20}, "not ready"),
        (19, "ready"),
        (60, "not ready"),
    ],
)
def test_the_conventional_limits_of_fid(fid: Any, level: str) -> None:
    assert judge(alone("frechet_distance", fid)).level == level


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (measure(9.0), "ready"),
        (measure(5.0), "ready"),
        (measure(2.0), "not ready"),
        (measure(3.0, None, 0.5), "cannot tell"),
        (measure(2.4, 2.5), "ready"),
        (measure(1.1, 2.5), "not ready"),
    ],
)
def test_the_conventional_limits_of_the_inception_score_unless_real_pictures_miss_them(
    score: Tree, level: str
) -> None:
    assert judge(good(inception_score=score)).level == level


def test_without_any_distance_nothing_can_be_told() -> None:
    assert judge(alone("inception_score", measure(9.0))).level == "cannot tell"
    assert judge(alone("precision", measure(0.8))).level == "cannot tell"
    assert judge({"n": 50_000, "extractor": "inception", "metrics": {}}).level == "cannot tell"
    assert judge({}).level == "cannot tell"


def test_beside_real_pictures_about_as_good_is_ready_and_much_worse_is_not() -> None:
    assert judge(beside_real()).ready
    assert judge(beside_real(frechet_distance=measure(9.0, 2.1))).level == "not ready"
    assert judge(beside_real(kernel_distance=measure(0.3, 0.0))).level == "not ready"
    assert judge(beside_real(kernel_distance=measure(-0.001, -0.002, 0.004))).ready


def test_an_interval_across_the_limit_cannot_tell_and_says_how_many_would_do() -> None:
    verdict = judge(beside_real(frechet_distance=measure(4.0, 2.1, 0.5)))
    assert verdict.level == "cannot tell" and "samples would do" in said(verdict)


def test_a_kernel_distance_will_do_where_a_frechet_distance_has_no_baseline() -> None:
    assert judge(beside_real(frechet_distance=measure(120.0))).ready
    report = beside_real(frechet_distance=measure(120.0), kernel_distance=None)
    assert judge(report).level == "cannot tell" and "baseline" in said(judge(report))


def test_prompts_and_styles_count_beside_those_of_real_pictures() -> None:
    assert judge(beside_real(concept_rank_5=measure(0.39, 0.82))).level == "not ready"
    assert judge(beside_real(concept_rank_5=measure(0.70, 0.82), style_accuracy=measure(0.9, 0.95))).ready
    assert "style" in said(judge(beside_real(style_accuracy=measure(0.3, 0.95))))


def test_distances_that_contradict_each_other_cannot_tell() -> None:
    verdict = judge(good(kernel_distance=measure(0.5, 0.0)))
    assert verdict.level == "cannot tell" and "contradict" in said(verdict)
    assert judge(good(kernel_distance=measure(0.5, 0.0), frechet_distance=measure(80))).level == "not ready"


def test_wide_intervals_about_what_real_pictures_score_are_no_obstacle() -> None:
    assert judge(beside_real(recall=measure(0.72, 0.74, 0.3), frechet_distance=measure(2.2, 2.1, 3.0))).ready


def test_hopeless_pictures_are_not_ready_even_if_few() -> None:
    assert (
        judge(beside_real(n=120, precision=measure(0.0, 0.8), coverage=measure(0.01, 0.97))).level
        == "not ready"
    )


def test_what_was_not_looked_at_is_told() -> None:
    told = said(
        judge({"n": 50_000, "extractor": "inception", "metrics": {"frechet_distance": {"value": 12}}})
    )
    assert "variety was not measured" in told and "copies" in told and "leaked" in told


def test_nulls_unknown_keys_and_whole_numbers_are_taken() -> None:
    report = good(
        recall=None, coverage={"value": None}, my_own={"note": "x"}, precision={"value": 1, "low": None}
    )
    report |= {"colour": "blue", "train": None}
    assert judge(report).ready
    assert judge(json.loads(json.dumps(report))) == judge(copy.deepcopy(report))


@pytest.mark.parametrize(
    "report",
    [
        None,
        [],
        "a report",
        {"metrics": []},
        {"metrics": {"recall": "high"}},
        {"metrics": {"recall": True}},
        {"metrics": {"recall": {"value": float("nan")}}},
        {"metrics": {"frechet_distance": {"value": float("inf")}}},
        {"metrics": {"frechet_distance": {"value": 10**400}}},
        {"metrics": {"frechet_distance": {"value": -3}}},
        {"metrics": {"frechet_distance": {"value": 3, "low": 5, "high": 2}}},
        {"metrics": {"precision": {"value": 68}}},
        {"metrics": {"frechet_distance": {"value": 3, "baseline": "2"}}},
        {"n": "many"},
        {"n": -5},
        {"n": 2.5},
        {"n": float("nan")},
        {"n": True},
        {"leaked": -1},
        {"leaked": "none"},
        {"extractor": 3},
        {"kind": "sounds"},
        {"kind": ["pictures"]},
    ],
)
def test_a_report_that_cannot_be_right_is_one_line(report: Any) -> None:
    with pytest.raises(DataError) as caught:
        judge(report)
    assert "\n" not in str(caught.value)


def test_thresholds_come_from_a_file(tmp_path: Path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text(
        "[pictures]\nleast_samples = 50\nfrechet_ratio = 10\nrecall = {share = 0.1, least = 0.05}\n"
    )
    assert judge(
        beside_real(n=60, recall=measure(0.12, 0.74), frechet_distance=measure(18, 2.1)), limits
    ).ready
    limits.write_text("[pictures]\nleast_sample = 50\n")
    with pytest.raises(ConfigError, match="least_samples"):
        judge(good(), limits)
    with pytest.raises(ConfigError, match="no thresholds file"):
        judge(good(), tmp_path / "nowhere.toml")


def words(**changes: Any) -> Tree:
    """A report of texts that are about as good as real ones."""
    report: Tree = {
        "kind": "words",
        "n": 500,
        "metrics": {
            "mauve": measure(0.9, 0.96),
            "token_entropy": measure(8.0, 8.3),
            "distinct_2": measure(0.7, 0.75),
            "repetition": measure(0.05, 0.03),
            "containment": measure(0.04, 0.03),
            "copied_span": measure(14, 12),
            "style_accuracy": measure(0.8, 0.9),
            "bits_per_byte": measure(1.8, 4.5),
            "generative_perplexity": measure(40, 35),
        },
        "leaked": 0,
    }
    for name, value in changes.items():
        (report if name in ("n", "leaked") else report["metrics"])[name] = value
    return report


@pytest.mark.parametrize(
    ("changes", "level", "reason"),
    [
        ({}, "ready", "real"),
        ({"containment": measure(0.6, 0.03)}, "not ready", "copies"),
        ({"copied_span": measure(300, 12)}, "not ready", "copies"),
        ({"repetition": measure(0.7, 0.03)}, "not ready", "repeat"),
        ({"token_entropy": measure(3.0, 8.3)}, "not ready", "variety"),
        ({"distinct_2": measure(0.1, 0.75)}, "not ready", "variety"),
        ({"mauve": measure(0.1, 0.96)}, "not ready", "unlike"),
        ({"style_accuracy": measure(0.2, 0.9)}, "not ready", "style"),
        ({"bits_per_byte": measure(6.0, 4.5)}, "not ready", "predicts"),
        ({"leaked": 2}, "invalid", "training"),
        ({"n": 20}, "cannot tell", "100"),
        ({"mauve": None}, "cannot tell", "likelihood"),
        ({"mauve": None, "bits_per_byte": None}, "cannot tell", "perplexity"),
    ],
)
def test_words_have_their_own_rules(changes: Tree, level: str, reason: str) -> None:
    verdict = judge(words(**changes))
    assert verdict.level == level and reason in said(verdict), verdict
