"""What one rule has to say of a report, and the comparisons that rules share."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fromnoise.evaluation.evidence import Evidence, Measure
from fromnoise.evaluation.thresholds import Floor

Weight = Literal["invalid", "fails", "unsure", "passes", "note", "open"]
""""open" is what too few samples leave open: it is told by none of the reasons."""
MOST_SAMPLES = 1_000_000
HOPELESS_FROM = 50
"""Samples from which on a figure below half of its floor is believed, though a good one is not."""


@dataclass(frozen=True)
class Finding:
    """One rule's word on one figure, and what it does to the verdict."""

    weight: Weight
    about: str
    """The metric, or the part of the report, that it rests on."""
    claim: str
    """A sentence for people, without its full stop."""
    figures: str = ""
    certain: bool = False
    """Holds however few samples there are."""


def reasons(findings: Iterable[Finding], weight: Weight) -> list[str]:
    """Word all findings of a weight; those that claim the same become one sentence with all their figures."""
    figures: dict[str, list[str]] = {}
    for finding in findings:
        if finding.weight == weight:
            figures.setdefault(finding.claim, []).extend([finding.figures] if finding.figures else [])
    return [f"{claim} ({'; '.join(told)})." if told else f"{claim}." for claim, told in figures.items()]


def leaks(evidence: Evidence, what: str) -> Finding:
    """Say whether test data stand in the training data, which makes every other figure worthless."""
    if evidence.leaked is None:
        return Finding("note", "leaked", f"Whether test {what} leaked into training was not looked at")
    if not evidence.leaked:
        return Finding(
            "passes", "leaked", f"No test {what[:-1]} was found in the training data", certain=True
        )
    one = evidence.leaked == 1
    found = f"{evidence.leaked:,} test {what[:-1] if one else what} {'was' if one else 'were'}"
    memory = "found in the training data (a leak), so the figures measure memory, not skill"
    remedy = "take what leaked out of one of the two and measure again"
    return Finding("invalid", "leaked", f"{found} {memory}: {remedy}", certain=True)


def samples(evidence: Evidence, least: int, what: str, hint: str = "") -> list[Finding]:
    """Say whether there are too few samples for a verdict, and how many are needed."""
    needed = f"at least {least:,} are needed{hint}"
    if evidence.n is None:
        return [Finding("unsure", "n", f"The report doesn't say how many {what} were compared (n); {needed}")]
    if evidence.n >= least:
        return []
    few = f"{evidence.n:,} {what[:-1] if evidence.n == 1 else what} on each side are too few to tell"
    return [Finding("unsure", "n", f"{few}; {needed}", certain=True)]


def above_floor(
    measure: Measure, floor: Floor, baseline: float, evidence: Evidence, low: str, high: str
) -> Finding:
    """Hold a figure that should be high against its floor; `low` and `high` say what either side means.

    One that is nearer to its baseline than to the floor passes, however wide its interval is: real data give
    wide ones too where they are few.
    """
    limit = max(floor.least, floor.share * baseline)
    name = measure.name.replace("_", " ")
    told = f"{name} {spread(measure)}, where real {evidence.kind_of_things} reach {shown(baseline)}"
    if measure.high < limit:
        hopeless = measure.high < limit / 2 and (evidence.n or 0) >= HOPELESS_FROM
        return Finding("fails", measure.name, low, told, hopeless)
    if measure.low < limit and measure.value < (limit + baseline) / 2:
        return undecided(measure, name.capitalize(), limit, evidence.n)
    return Finding("passes", measure.name, high, told)


def undecided(measure: Measure, name: str, limit: float, n: int | None) -> Finding:
    """Say that an interval straddles a limit, and how many samples would narrow it enough."""
    told = f"{spread(measure)}, limit {shown(limit)}"
    if (needed := _samples_to_decide(measure, limit, n)) is None:
        return Finding("unsure", measure.name, f"{name} lies so near its limit that it can't be told", told)
    enough = f"about {needed:,} samples would do"
    return Finding("unsure", measure.name, f"{name} lies too near its limit to tell; {enough}", told)


def spread(measure: Measure) -> str:
    """Word a value with its interval."""
    if measure.low == measure.high:
        return shown(measure.value)
    return f"{shown(measure.value)}, between {shown(measure.low)} and {shown(measure.high)}"


def shown(value: float) -> str:
    """Word a number for people, with three significant digits."""
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if size >= 1e-4 or not size else f"{value:.1e}"


def per_cent(share: float) -> str:
    """Word a share in per cent."""
    return f"{100 * share:.0f} %" if share >= 0.1 or not share else f"{100 * share:.2g} %"


def _samples_to_decide(measure: Measure, limit: float, n: int | None) -> int | None:
    """Return about how many samples would decide: an interval shrinks with the root of their number."""
    gap, half = abs(measure.value - limit), (measure.high - measure.low) / 2
    if not n or not gap or (needed := 1.2 * n * (half / gap) ** 2) > MOST_SAMPLES:
        return None
    step = 10 ** max(0, math.floor(math.log10(max(needed, n))) - 1)
    return int(max(math.ceil(needed / step) * step, n + step))
