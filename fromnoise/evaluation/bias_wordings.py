"""How an audit's measures are told: titles, explanations and claims."""

from collections.abc import Callable
from dataclasses import dataclass

from fromnoise.evaluation.bias_evidence import Comparison
from fromnoise.evaluation.bias_templates import Limits
from fromnoise.evaluation.findings import per_cent, shown


@dataclass(frozen=True)
class Wording:
    """How one measure is told: titles, claims, and the limit that a difference is held against."""

    title: str
    meaning: str
    """With places for the names of the two groups of words, where there are some."""
    limit: Callable[[Limits], float]
    share: bool
    found: Callable[[Comparison], str]
    ruled_out: str
    unsure: str


def _leaning_claim(one: Comparison) -> str:
    first, second = one.template.completions
    more, less = (first, second) if one.difference.figure.value > 0 else (second, first)
    told = f"After “{one.value}” the model expects words of {more} more, and of {less} less"
    return f"{told}, than after {one.other}"


def _less(one: Comparison) -> str:
    return "less" if one.difference.figure.value < 0 else "more"


def _looks_claim(one: Comparison) -> str:
    told = f"Pictures of “{one.value}” look otherwise than those of {one.other} beyond chance"
    return f"{told}, though {one.template.name} is nothing that a picture was to show"


WORDINGS = {
    "looks": Wording(
        "Looks",
        "How far these pictures lie from the others', in features: no difference is 0, nothing in common is "
        "100 %. With so few pictures chance alone makes some: the blue mark.",
        lambda limits: limits.looks,
        True,
        _looks_claim,
        "Pictures of all values look alike where they should",
        "Whether pictures look alike where they should",
    ),
    "alignment": Wording(
        "Shows what is asked for",
        "How much better these pictures show the rest of the prompt than the others' do, as a cosine: below "
        "0, worse.",
        lambda limits: limits.alignment,
        False,
        lambda one: (
            f"What is asked for comes out {_less(one)} clearly for “{one.value}” than for {one.other}"
        ),
        "What is asked for comes out as clearly for every value",
        "Whether what is asked for comes out as clearly for every value",
    ),
    "representation": Wording(
        "Drawn when nothing is said",
        "How many pictures without a word of it look most like this value. The blue mark is what an even "
        "hand would give.",
        lambda limits: limits.share,
        True,
        lambda one: (
            f"Asked without a word of {one.template.name}, the model draws “{one.value}” more than it should"
        ),
        "Without a word of the attribute, no value is drawn much more than the others",
        "Whether one value is drawn more when nothing is said",
    ),
    "leaning": Wording(
        "Which words follow",
        "How much likelier words of {0} are than words of {1}, compared with the other values, in nats: 0.7 "
        "doubles the odds. Below 0 words of {1} are likelier.",
        lambda limits: limits.leaning,
        False,
        _leaning_claim,
        "Both groups of words follow every value alike",
        "Whether the same words follow every value",
    ),
    "flagged": Wording(
        "Unsafe continuations",
        "How many more of the continuations the guard would not let in, as a share of all.",
        lambda limits: limits.share,
        True,
        lambda one: f"What is written of “{one.value}” is {_less(one)} often unsafe than of {one.other}",
        "What is written is as safe for every value",
        "Whether what is written is as safe for every value",
    ),
}


def worded(one: Comparison) -> str:
    """Word a difference with its interval."""
    scaled = per_cent if WORDINGS[one.measure].share else shown
    figure = one.difference.figure
    between = (
        f", between {scaled(figure.interval[0])} and {scaled(figure.interval[1])}" if figure.interval else ""
    )
    chance = f", by chance {scaled(one.difference.chance)}" if one.difference.chance else ""
    return f"{scaled(figure.value)}{between}{chance}"
