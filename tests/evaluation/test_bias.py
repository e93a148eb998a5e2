"""What an audit rests on: nothing is found where nothing is, and what was planted is found."""

from pathlib import Path

import numpy as np
import pytest

from fromnoise.errors import ConfigError
from fromnoise.evaluation.bias_evidence import Audited, Comparison, Refusals
from fromnoise.evaluation.bias_rules import judged, refused, weigh
from fromnoise.evaluation.bias_templates import Limits, Template, open_templates
from fromnoise.evaluation.bias_tests import (
    Difference,
    apart,
    contrasts,
    happens,
    holm,
    leans,
    lifted,
    nearest,
    uneven,
)
from fromnoise.evaluation.figures import Figure

AUDITS = 100
GENDER = Template(name="gender", kind="pictures", texts=("a {} cook",), values=("man", "woman"))


@pytest.fixture
def chance() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(autouse=True)
def few_redraws(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as tell 5 %, so that hundreds of audits take a moment."""
    monkeypatch.setattr("fromnoise.evaluation.bias_tests.REDRAWS", 399)


def false_alarms(p_values: list[float]) -> float:
    return float(np.mean(np.array(p_values) <= 0.05))


def test_equal_values_look_apart_one_time_in_twenty(
    chance: np.random.Generator,
) -> None:
    trials = chance.normal(size=(AUDITS, 8, 1, 5))  # what a trial's pictures share
    features = trials + chance.normal(size=(AUDITS, 8, 3, 5))
    found = [apart(one, 1, seed) for seed, one in enumerate(features)]
    assert false_alarms([one.p for one in found]) <= 0.12
    values, chances = zip(*((one.figure.value, one.chance) for one in found), strict=True)
    assert np.mean(values) == pytest.approx(np.mean(chances), rel=0.1)


def test_equal_values_raise_no_more_alarms_than_they_may(
    chance: np.random.Generator,
) -> None:
    outcomes = chance.normal(size=(AUDITS, 10, 1)) + chance.normal(size=(AUDITS, 10, 2))
    assert false_alarms([lifted(one, 1).p for one in outcomes]) <= 0.12
    words = chance.normal(size=(AUDITS, 2, 8))
    assert false_alarms([leans(*one).p for one in words]) <= 0.12
    counts = chance.multinomial(12, [0.5, 0.5], AUDITS)
    assert false_alarms([uneven(one, np.array([0.5, 0.5])) for one in counts]) <= 0.12


def test_intervals_hold_the_true_difference_19_times_in_20(chance: np.random.Generator) -> None:
    outcomes = chance.normal(size=(AUDITS, 10, 3)) + np.eye(3)[1]
    inside = [lifted(one, 1).figure.interval for one in outcomes]
    assert np.mean([low < 1.0 < high for low, high in filter(None, inside)]) >= 0.9
    words = [leans(chance.normal(0.5, 1, 8), chance.normal(0, 2, 8)).figure.interval for _ in range(AUDITS)]
    assert np.mean([low < 0.5 < high for low, high in filter(None, words)]) >= 0.9


def test_equal_results_are_no_difference_at_all(chance: np.random.Generator) -> None:
    same = np.repeat(chance.normal(size=(6, 1, 4)), 3, axis=1)
    found = apart(same, 0)
    assert found.p == 1.0 and found.figure.value == pytest.approx(0.0)
    found = lifted(same[:, :, 0], 0)
    assert found.p == 1.0 and found.figure.interval == pytest.approx((0.0, 0.0))


def test_a_planted_difference_is_found(chance: np.random.Generator) -> None:
    features = chance.normal(size=(10, 1, 5)) + 0.3 * chance.normal(size=(10, 3, 5))
    features[:, 2] += 1.5
    assert apart(features, 2).p <= 0.01 and apart(features, 2).figure.value > 2 * apart(features, 2).chance
    assert lifted(features[:, :, 0], 2).p <= 0.01
    flags = np.zeros((12, 2), bool)
    flags[:, 1] = True
    assert happens(flags, 1).p <= 0.01
    assert leans(np.full(8, 1.0) + 0.1 * chance.normal(size=8), np.zeros(8)).p <= 0.01
    assert uneven(np.array([12, 0]), np.array([1, 1])) <= 0.01


def test_a_set_that_differs_in_spread_alone_is_apart_too(chance: np.random.Generator) -> None:
    features = np.stack([chance.normal(size=(40, 5)), 0.2 * chance.normal(size=(40, 5))], axis=1)
    assert apart(features, 1).p <= 0.01


def test_what_never_happened_is_not_called_impossible() -> None:
    low, high = happens(np.zeros((8, 2), bool), 1).figure.interval or (0.0, 0.0)
    assert low < -0.3 and high > 0.3
    low, high = happens(np.zeros((20, 2), bool), 1).figure.interval or (0.0, 0.0)
    assert low > -0.2 and high < 0.2


def test_unmarked_pictures_are_nearest_to_what_they_are_drawn_as(
    chance: np.random.Generator,
) -> None:
    trials, steps = chance.normal(size=(9, 1, 5)), np.eye(3, 5) * 2
    features = trials + steps + 0.1 * chance.normal(size=(9, 3, 5))
    own, plain = nearest(features, features[:, 2] + 0.1)
    assert (own == np.arange(3)).all() and (plain == 2).all()


def test_holm_is_the_textbook_one() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0] and holm([]) == []


def test_two_values_are_compared_once_and_more_each_with_all_others() -> None:
    assert contrasts(["man", "woman"]) == [(1, "man")]
    assert contrasts("abc") == [(0, "the others"), (1, "the others"), (2, "the others")]


def audit_of(*difference: Difference, measure: str = "alignment", shows: bool = False) -> Audited:
    template = GENDER.model_copy(update={"shows": shows})
    compared = [Comparison(template, measure, "woman", "man", one, 12) for one in difference]
    return Audited(12, compared, [], [], [], {})


@pytest.mark.parametrize(
    ("difference", "level"),
    [
        (Difference(Figure(-0.4, (-0.5, -0.3)), 0.0, 0.001), "differences found"),
        (Difference(Figure(0.01, (-0.02, 0.04)), 0.0, 0.6), "no difference found"),
        (Difference(Figure(0.01, (-0.3, 0.3)), 0.0, 0.6), "cannot tell"),
        (Difference(Figure(0.01), 0.0, 0.6), "cannot tell"),
    ],
)
def test_small_samples_can_not_tell_and_narrow_intervals_rule_out(difference: Difference, level: str) -> None:
    assert weigh([one.finding for one in judged(audit_of(difference), Limits())]).level == level


def test_what_is_found_once_in_twenty_looks_is_not_found_in_twenty() -> None:
    lucky = Difference(Figure(0.3, (0.01, 0.6)), 0.0, 0.02)
    others = [Difference(Figure(0.0, (-0.01, 0.01)), 0.0, 0.9)] * 19
    assert weigh([one.finding for one in judged(audit_of(lucky), Limits())]).level == "differences found"
    assert weigh([one.finding for one in judged(audit_of(lucky, *others), Limits())]).level == "cannot tell"


def test_looks_that_are_asked_for_are_no_bias() -> None:
    apart_now = Difference(Figure(0.4, (0.3, 0.5)), 0.05, 0.0001)
    for shows, level in ((True, "no difference found"), (False, "differences found")):
        found = judged(audit_of(apart_now, measure="looks", shows=shows), Limits())
        assert weigh([one.finding for one in found]).level == level


def test_a_refusal_of_one_value_alone_is_found_and_one_of_all_is_not() -> None:
    one = Refusals.of(GENDER, lambda text: "no women" if "woman" in text else None)
    (finding,) = refused([one])
    assert finding.weight == "fails" and finding.certain and one.allowed == []
    every = Refusals.of(GENDER, lambda text: "no cooks")
    assert refused([every])[0].weight == "passes" and every.reasons["man"] == {"a man cook": "no cooks"}
    assert Refusals.of(GENDER, lambda text: None).allowed == ["a {} cook"]


def test_the_templates_that_come_along_differ_in_the_slot_alone() -> None:
    opened = open_templates()
    assert {template.kind for template in opened.templates} == {"pictures", "words"}
    for template in opened.templates:
        for text in template.texts:
            before, after = text.split("{}")
            for prompt, value in zip(template.prompts(text), template.values, strict=True):
                assert prompt == f"{before}{value}{after}"
            assert "  " not in template.plain(text) and template.plain(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "templates is missing"),
        ("templates = []", "templates: "),
        ("[[templates]\n", "not valid TOML"),
        ('texts = ["a cook"]\nvalues = ["man", "woman"]', "with 0 slots"),
        ('texts = ["{} and {}"]\nvalues = ["man", "woman"]', "with 2 slots"),
        ('texts = ["{} cook"]\nvalues = ["man"]', "values"),
        ('texts = ["{} cook"]\nvalues = ["man", "man"]', "different from each other"),
        ('texts = ["{} cook"]\nvalues = ["man", " "]', "not empty"),
        ('texts = ["{}"]\nvalues = ["man", "woman"]', "nothing but its slot"),
        ('texts = ["{} cook"]\nvalues = ["man", "woman"]\nvalue = 3', "did you mean values?"),
        (
            'texts = ["{} cook"]\nvalues = ["man", "woman"]\n[templates.completions]\na = ["b"]',
            "leave them out",
        ),
    ],
)
def test_a_bad_file_gives_one_clear_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    head = '[[templates]]\nname = "gender"\nkind = "pictures"\n' if text.startswith("texts") else ""
    path.write_text(head + text)
    with pytest.raises(ConfigError) as error:
        open_templates(path)
    assert message in str(error.value) and "\n" not in str(error.value) and "mine.toml" in str(error.value)


@pytest.mark.parametrize(
    ("completions", "message"),
    [
        ("", "two groups of completions, not 0"),
        ('a = ["b"]\nc = ["d"]', "1 words in completions.a"),
        ('a = ["b", "c", "d", "e"]\nf = ["e", "g", "h", "i"]', "'e' in both groups"),
    ],
)
def test_words_take_two_groups_of_completions(completions: str, message: str, tmp_path: Path) -> None:
    head = '[[templates]]\nname = "x"\nkind = "words"\ntexts = ["The {} was"]\nvalues = ["man", "woman"]\n'
    (tmp_path / "mine.toml").write_text(f"{head}[templates.completions]\n{completions}")
    with pytest.raises(ConfigError, match=message):
        open_templates(tmp_path / "mine.toml")


def test_names_stand_once_and_a_missing_file_is_named(tmp_path: Path) -> None:
    one = '[[templates]]\nname = "x"\nkind = "pictures"\ntexts = ["{} cook"]\nvalues = ["man", "woman"]\n'
    (tmp_path / "mine.toml").write_text(one * 2)
    with pytest.raises(ConfigError, match="2 templates are called 'x'"):
        open_templates(tmp_path / "mine.toml")
    with pytest.raises(ConfigError, match="no templates file at"):
        open_templates(tmp_path / "none.toml")
    (tmp_path / "mine.toml").write_text(one)
    with pytest.raises(ConfigError, match="makes words, and all templates are for pictures"):
        open_templates(tmp_path / "mine.toml").of_kind("words")
