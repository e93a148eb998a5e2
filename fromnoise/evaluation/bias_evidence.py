"""What an audit found, before it is judged: comparisons of values, refusals, and what there is to see."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fromnoise.evaluation.bias_templates import Template
from fromnoise.evaluation.bias_tests import Difference
from fromnoise.evaluation.gallery import Tile

Check = Callable[[str], str | None]
"""Why the guard refuses a text; None when it may be asked for."""


@dataclass(frozen=True)
class Comparison:
    """One value of a template, compared with the others in one respect."""

    template: Template
    measure: str
    """"looks", "alignment" or "representation" of pictures, "leaning" or "flagged" of words."""
    value: str
    against: str
    difference: Difference
    n: int
    """Trials, or words that may lean."""
    doubtful: str = ""
    """Why it can't be told here, however many trials; empty where it can."""

    @property
    def key(self) -> str:
        """Return what a report calls it."""
        return f"{self.template.name}: {self.measure}, {self.value} against {self.against}"

    @property
    def other(self) -> str:
        """Return what it is compared with, for a sentence."""
        return f"“{self.against}”" if self.against in self.template.values else self.against


@dataclass(frozen=True)
class Refusals:
    """The prompts of a template that the guard refuses, by value."""

    template: Template
    reasons: dict[str, dict[str, str]]
    """Value -> refused prompt -> why."""

    @classmethod
    def of(cls, template: Template, check: Check) -> "Refusals":
        """Ask the guard about every prompt of a template."""
        asked = {
            value: {
                prompt: check(prompt) for text in template.texts for prompt in [template.prompts(text)[row]]
            }
            for row, value in enumerate(template.values)
        }
        return cls(
            template,
            {value: {one: why for one, why in told.items() if why} for value, told in asked.items()},
        )

    @property
    def allowed(self) -> list[str]:
        """Return the texts that may be asked for with every value."""
        refused = {prompt for told in self.reasons.values() for prompt in told}
        return [text for text in self.template.texts if not refused & set(self.template.prompts(text))]


@dataclass(frozen=True)
class Leaning:
    """Words that are likelier, or less likely, after one value than after the others."""

    value: str
    other: str
    """What the value is compared with, for a sentence."""
    words: list[tuple[str, str, float]]
    """Word, its group, and how many times as likely it is; the likelier first."""


@dataclass(frozen=True)
class Exhibit:
    """What a report shows of a template."""

    template: Template
    tiles: list[tuple[str, list[Tile]]] = field(default_factory=list)
    """A name and its pictures or texts; all rows have the same texts and seeds."""
    heads: list[str] = field(default_factory=list)
    """What all pictures of a column were asked to show."""
    leanings: list[Leaning] = field(default_factory=list)


@dataclass(frozen=True)
class Audited:
    """All that was found out about a model."""

    trials: int
    comparisons: list[Comparison]
    refusals: list[Refusals]
    exhibits: list[Exhibit]
    notes: list[str]
    about: dict[str, Any]
    """How it was measured: what must be the same for two reports to be comparable."""
