"""What fine-tuning did, in figures and in plain words: learned, overfitted, forgot, learnt by heart."""

from collections.abc import Iterator, Mapping
from typing import Any

Sides = dict[str, float]
"""A model's loss on `train`, `held_out` and, where there is something, `kept`."""

OVERFITTING = {0.05: "hardly any", 0.2: "some"}
"""Up to this growth of the gap between what is learned and held out, as a share of the loss before."""
FORGETTING = {0.01: "nothing to speak of", 0.05: "a little", 0.2: "noticeably much"}
"""Up to this growth of the loss on what should be kept, as a share of it."""


def judged(before: Sides, after: Sides) -> dict[str, Any]:
    """Return the gap between learned and held-out data, and what the model became worse at."""
    gaps = [side["held_out"] - side["train"] for side in (before, after)]
    growth = (gaps[1] - gaps[0]) / abs(before["held_out"] or 1.0)
    found: dict[str, Any] = {
        "overfitting": {
            "gap_before": gaps[0],
            "gap": gaps[1],
            "growth": growth,
            "verdict": _level(growth, OVERFITTING, "strong"),
        },
        "forgetting": None,
    }
    if "kept" in before:
        change = (after["kept"] - before["kept"]) / abs(before["kept"] or 1.0)
        told = _level(change, FORGETTING, "much")
        verdict = told if change > -0.01 else "nothing: it became better at it"
        found["forgetting"] = {"change": change, "verdict": verdict}
    return found


def in_words(report: Mapping[str, Any]) -> list[str]:
    """Say what a report says, a sentence or two a line."""
    return [*_data(report), *_learned(report), *_overfitted(report), *_forgot(report), *_by_heart(report)]


def _level(value: float, limits: Mapping[float, str], worst: str) -> str:
    return next((word for limit, word in limits.items() if value <= limit), worst)


def _data(report: Mapping[str, Any]) -> Iterator[str]:
    data, unit = report["data"], report["data"]["unit"]
    tokens = f" ({data['tokens']:,} tokens)" if data["tokens"] is not None else ""
    leaked = f", and {data['leaked']} held-out ones stood inside others" if data["leaked"] else ""
    yield (
        f"Learned from {data['train']:,} {unit}{tokens}; {data['held_out']:,} were held out. "
        f"Of {data['found']:,} found, {data['exact']} repeated others, {data['near']} nearly so{leaked}."
    )
    for note in data["notes"]:
        yield f"Note: {note}."
    if report["too_little"]:
        yield f"Warning: this was {report['too_little']}."


def _learned(report: Mapping[str, Any]) -> Iterator[str]:
    unit, best, steps = report["data"]["unit"], report["best_step"], report["steps"]
    before, after = (f"{report[when]['held_out']:.4g}" for when in ("before", "after"))
    if not best:
        yield f"Nothing became better on held-out {unit} in {steps} steps: the model is as it was before."
        return
    yield (
        f"Held-out {unit}: {before} {report['measure']} before, {after} now, after {best} of {steps} steps; "
        f"{report['trained_parameters']:,} of {report['of_parameters']:,} parameters were trained."
    )
    if best < steps:
        yield "Later steps made nothing better and were dropped."
    elif steps < report["settings"]["steps"]:
        yield "It was getting better still when the time was up."


def _overfitted(report: Mapping[str, Any]) -> Iterator[str]:
    found, after = report["overfitting"], report["after"]
    gaps = f"the gap was {found['gap_before']:.3g} and is {found['gap']:.3g}"
    yield (
        f"Overfitting: {found['verdict']}. It scores {after['train']:.4g} on what it learned and "
        f"{after['held_out']:.4g} on what was held out; {gaps}."
    )


def _forgot(report: Mapping[str, Any]) -> Iterator[str]:
    found, by = report["forgetting"], report["forgetting_measured_on"]
    if found is None:
        yield f"Forgetting was not measured: {by}."
        return
    before, after = report["before"]["kept"], report["after"]["kept"]
    yield (
        f"Forgotten: {found['verdict']}. {before:.4g} {report['measure']} before, {after:.4g} now "
        f"({100 * found['change']:+.1f} %), on {by}."
    )


def _by_heart(report: Mapping[str, Any]) -> Iterator[str]:
    found = report["copies"]
    if "longest_span" in found:
        written, usual = found["free"] + found["from_beginnings"], found["held_out_longest_span"]
        yield (
            f"Learnt by heart: {found['flagged']} of {written} texts that it wrote share more with what it "
            f"learned than held-out texts do. The longest shared span has {found['longest_span']} characters "
            f"({usual} in held-out texts): “{found['quote'][:100]}”"
        )
    elif found:
        yield (
            f"Learnt by heart: {found['flagged']} of {found['drawn']} pictures that it drew are suspected "
            f"copies of training pictures, {found['exact']} of them exact."
        )
    else:
        yield "What was learnt by heart can't be told with so little data."
