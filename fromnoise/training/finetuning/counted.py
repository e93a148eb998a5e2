"""What there is to learn from, and whether that is enough.

The more a method can change, the more it can learn by heart. What is needed is chosen so that the best of
the training, by held-out data, comes after some steps and not at once: docs/fine-tuning.md has the figures.
"""

from dataclasses import dataclass, field

from fromnoise.errors import DataError
from fromnoise.training.finetuning.settings import Method


@dataclass(frozen=True)
class Counted:
    """The data once copies are out and some of it is held out."""

    unit: str
    """"texts" or "pictures"."""
    found: int
    exact: int
    """Repeat another to the letter or pixel."""
    near: int
    """Repeat another with small changes."""
    leaked: int
    """Would have been held out, but stand inside what is learned."""
    train: int
    held_out: int
    tokens: int | None = None
    """To learn from; None for pictures."""
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Need:
    """The least that a method takes: so many of each, and more for more parameters."""

    texts: int
    tokens: int
    parameters_a_token: int
    pictures: int
    parameters_a_picture: int


NEEDS: dict[Method, Need] = {
    "lora": Need(16, 1_000, 500, 10, 50_000),
    "full": Need(64, 4_000, 100, 100, 20_000),
}


def needed(method: Method, unit: str, parameters: int) -> dict[str, int]:
    """Return how many of what a method takes that trains so many parameters."""
    need = NEEDS[method]
    if unit == "pictures":
        return {"pictures": max(need.pictures, parameters // need.parameters_a_picture)}
    return {"texts": need.texts, "tokens": max(need.tokens, parameters // need.parameters_a_token)}


def check_enough(counted: Counted, method: Method, parameters: int, force: bool) -> str | None:
    """Return None when there is enough; else raise DataError, or return its words where `force` is set."""
    needs = needed(method, counted.unit, parameters)
    there = {counted.unit: counted.train, "tokens": counted.tokens or 0}
    short = [f"{there[what]:,} {what} of {least:,}" for what, least in needs.items() if there[what] < least]
    if not short:
        return None
    twins = counted.exact + counted.near
    of = f"{counted.found:,} {counted.unit} found, {twins:,} copies left out, {counted.held_out:,} held out"
    told = f"too little to learn from: {' and '.join(short)} needed ({of})"
    if force:
        return told
    other = "; lora takes less" if method == "full" else ""
    raise DataError(f"{told} for {method} with {parameters:,} trained parameters{other}; --force goes on")
