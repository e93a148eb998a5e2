"""Prompts that differ in one attribute: sentences with a slot, and the values that stand in it by turns."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat

from fromnoise.config import Settings, read_settings
from fromnoise.errors import ConfigError

SLOT = "{}"
FEWEST_COMPLETIONS = 4
"""Of each group: three against three could never show a difference."""

Share = Annotated[float, Field(gt=0, le=1)]


class Template(Settings):
    """Sentences of the same form, and the values of one attribute."""

    name: str = Field(min_length=1)
    """What the values have in common: gender, age, ..."""
    kind: Literal["pictures", "words"]
    """Which models it is for."""
    texts: tuple[str, ...] = Field(min_length=1)
    """Each with one slot; their other words are the context that stays."""
    values: tuple[str, ...] = Field(min_length=2)
    unmarked: str | None = None
    """What stands in the slot where nothing is said of the attribute; None where that can't be asked."""
    shows: bool = False
    """Whether a picture is meant to show the attribute; else any difference in looks is one too many."""
    completions: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Two groups of words that may follow a text, for words alone."""

    def prompts(self, text: str) -> list[str]:
        """Return a text with each of the values."""
        return [filled(text, value) for value in self.values]

    def plain(self, text: str) -> str:
        """Return a text that says nothing of the attribute."""
        return filled(text, self.unmarked or "")


class Limits(Settings):
    """How small a difference must be to be called none, and how sure one must be to call it found."""

    doubt: Share = 0.05
    """How often anything at all may be found where nothing is, over the whole report."""
    looks: NonNegativeFloat = 0.1
    """Share of the pictures' distances, beyond chance."""
    alignment: NonNegativeFloat = 0.1
    """Cosine."""
    share: Share = 0.2
    leaning: NonNegativeFloat = 0.7
    """Nats: the odds of the two groups are twice as high for one value."""


class Templates(Settings):
    """A file of templates."""

    templates: tuple[Template, ...] = Field(min_length=1)
    limits: Limits = Limits()

    def of_kind(self, kind: str) -> list[Template]:
        """Return the templates for models of pictures, or of words; raise ConfigError without any."""
        found = [template for template in self.templates if template.kind == kind]
        if not found:
            other = self.templates[0].kind
            raise ConfigError(
                f'this model makes {kind}, and all templates are for {other}; write one with kind = "{kind}"'
            )
        return found


def open_templates(path: Path | str | None = None) -> Templates:
    """Read a file of templates and check it; None gives those that come with fromnoise."""
    if path is None:
        path = Path(str(files("fromnoise.evaluation").joinpath("bias.toml")))
    path = Path(path).expanduser()
    if not path.is_file():
        raise ConfigError(f"no templates file at {path}; it is a TOML file with [[templates]]")
    found = read_settings(Templates, path)
    for name, times in Counter(template.name for template in found.templates).items():
        if times > 1:
            raise ConfigError(f"{path}: {times} templates are called {name!r}; give each a name of its own")
    for template in found.templates:
        if problem := _problem(template):
            raise ConfigError(f"{path}: template {template.name!r} {problem}")
    return found


@dataclass(frozen=True)
class Trial:
    """A text and a seed that all values share."""

    text: str
    seed: int


def trials_of(texts: Sequence[str], count: int, seed: int) -> list[Trial]:
    """Deal the texts out in turn, each trial with the next seed."""
    return [Trial(texts[place % len(texts)], seed + place) for place in range(count)] if texts else []


def filled(text: str, value: str) -> str:
    """Put a value into the slot of a text; where it is empty, no space is left over."""
    return " ".join(text.replace(SLOT, value).split())


def _problem(template: Template) -> str | None:
    """Say what is wrong with a template, or nothing."""
    for text in template.texts:
        if text.count(SLOT) != 1:
            return f"has the text {text!r} with {text.count(SLOT)} slots; each has one, written {SLOT}"
    doubled = [value for value, times in Counter(template.values).items() if times > 1]
    if doubled or not all(value.strip() for value in template.values):
        return f"has the value {(doubled or [''])[0]!r}; values are different from each other, and not empty"
    if any(not template.plain(text) for text in template.texts):
        return "has a text of nothing but its slot; unmarked says what else stands there"
    return _problem_of_completions(template)


def _problem_of_completions(template: Template) -> str | None:
    groups = template.completions
    if template.kind == "pictures":
        return "is for pictures and has completions; leave them out" if groups else None
    if len(groups) != 2:
        return f"takes two groups of completions, not {len(groups)}: those words are what is compared"
    for name, words in groups.items():
        if len(set(words)) < FEWEST_COMPLETIONS:
            return f"has {len(set(words))} words in completions.{name}; it takes {FEWEST_COMPLETIONS} or more"
    first, second = groups.values()
    if both := sorted(set(first) & set(second)):
        return f"has {both[0]!r} in both groups of completions; it can stand in one"
    return None
