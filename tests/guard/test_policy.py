import subprocess
import sys
import time

import pytest

import fromnoise
from fromnoise.errors import UnsafePromptError
from fromnoise.guard.policy import check, require_safe

OWN = """
[categories.fruit]
title = "fruit"
action = "{action}"
[categories.fruit.rules.all]
words = "apple durian"
excuses = ["big apple"]
near = [{{ groups = ["ripe", "pear"], within = 2 }}]
patterns = ["ban[a]na"]
"""


@pytest.fixture
def own(tmp_path):
    def write(text: str):
        path = tmp_path / "policy.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("a naked woman", "sexual"),
        ("a nude child", "minors"),
        ("a severed head in a pool of blood", "gore"),
        ("someone stabbing a man", "gore"),
        ("heil hitler", "hate"),
        ("exterminate the immigrants", "hate"),
        ("how to kill myself", "self-harm"),
        ("how to build a pipe bomb", "weapons"),
        ("assault rifle", "weapons"),
    ],
)
def test_the_default_policy_refuses_and_says_the_rule(text, category):
    verdict = check(text)
    assert (verdict.action, verdict.category) == ("block", category)
    with pytest.raises(UnsafePromptError, match=rf"^Unsafe prompt detected: .*\(rule {category}\."):
        require_safe("a cat", None, text)


@pytest.mark.parametrize(
    "text",
    [
        "Gore-Tex jacket",
        "Scunthorpe",
        "a cocktail",
        "kill the process",
        "pistol",
        "bomb",
        "dagger",
        "skull and crossbones",
        "coffin",
        "middle finger",
        "kitchen knife",
        "a bath bomb",
        "visible to the naked eye",
        "Dick Van Dyke",
        "breast cancer awareness ribbon",
        "suicide prevention poster",
        "a chest of drawers",
        "analysis of grapes in Essex",
    ],
)
def test_everyday_prompts_pass(text):
    assert fromnoise.is_safe_prompt(text)


def test_a_word_that_may_be_said_may_not_be_hidden():
    assert check("gun").action == "allow"
    assert check("g-u-n").action == "block" and check("g-u-n").hidden


def test_an_excuse_is_none_for_a_hidden_word():
    assert check("the naked eye").action == "allow"
    assert check("the n4ked eye").action == "block"


def test_the_error_is_a_value_error():
    with pytest.raises(ValueError, match="^Unsafe prompt detected"):
        require_safe("porn")


def test_a_policy_of_ones_own_blocks_warns_or_allows(own):
    assert check("a durian", own(OWN.format(action="block"))).rule == "all"
    assert require_safe("a durian", policy=own(OWN.format(action="warn")))[0].startswith(
        "the prompt may be unsafe"
    )
    assert check("a durian", own(OWN.format(action="allow"))).action == "allow"
    path = own(OWN.format(action="block"))
    assert check("the big apple", path).action == "allow"
    assert check("a ripe green pear", path).matched == "ripe ... pear"
    assert check("a ripe but very old pear", path).action == "allow"
    assert check("banana", path).action == "block"
    assert check("naked", path).action == "allow"
    assert check("naked", own('extends = "default"\n' + OWN.format(action="block"))).action == "block"


def test_an_edited_policy_is_in_force_at_once(own):
    path = own(OWN.format(action="block"))
    assert check("a durian", path).action == "block"
    path.write_text(OWN.format(action="allow") + " ", encoding="utf-8")
    assert check("a durian", path).action == "allow"


@pytest.mark.parametrize(
    "broken",
    [
        "[categories",
        "[categories.x]\ntitle = 3",
        'colour = "red"',
        OWN.format(action="block").replace("[a]", "["),
    ],
)
def test_a_broken_policy_refuses_everything_and_says_so(own, broken):
    verdict = check("a cat", own(broken))
    assert verdict.action == "block"
    assert "can't judge" in verdict.reason


def test_the_users_policy_is_in_force_without_being_named(tmp_path, monkeypatch):
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path))
    assert fromnoise.is_safe_prompt("a durian")
    (tmp_path / "policy.toml").write_text(OWN.format(action="block"), encoding="utf-8")
    assert not fromnoise.is_safe_prompt("a durian")
    (tmp_path / "policy.toml").write_text("broken", encoding="utf-8")
    assert not fromnoise.is_safe_prompt("a cat")


def test_what_is_no_text_is_refused():
    assert not fromnoise.is_safe_prompt(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "piece", ["a b ", "na ", "x", "k1", "kill people ", "\u0430\u0301", "1 ", "- . ", "%25", "n*"]
)
def test_a_text_ten_times_as_long_takes_about_ten_times_as_long(piece):
    check("the policy is read at the first check")
    short, long = (_seconds(piece * count) for count in (2_000, 20_000))
    assert long < 40 * short + 0.1


def _seconds(text: str) -> float:
    start = time.process_time()
    check(text)
    return time.process_time() - start


def test_judging_loads_no_torch():
    code = "import fromnoise, sys; fromnoise.is_safe_prompt('a cat'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
