"""The questions of a report, and what each figure that answers them means; meanings.toml has the words."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Meaning:
    """One metric in plain words."""

    name: str
    title: str
    sentence: str
    better: str
    """"higher" or "lower"."""
    share: bool = False
    """A share from 0 to 1, shown in per cent."""


@dataclass(frozen=True)
class Question:
    """What a person wants to know, put so that yes is good."""

    name: str
    text: str
    metrics: tuple[Meaning, ...]


@cache
def questions(kind: str) -> tuple[Question, ...]:
    """Return the questions of a report on "pictures" or "words", in the order of the page."""
    tree = tomllib.loads(files("fromnoise.evaluation").joinpath("meanings.toml").read_text("utf-8"))
    return tuple(
        Question(one["name"], one["text"], tuple(Meaning(**metric) for metric in one.get("metrics", ())))
        for one in tree[kind]
    )
