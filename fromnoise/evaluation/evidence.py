"""What a report says, checked: one that was measured here, saved long ago or written by hand."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fromnoise.errors import DataError, unknown

KINDS = ("pictures", "words")
SHARES = {"precision", "recall", "coverage", "memorized_share", "style_accuracy", "containment", "mauve"}
SHARES |= {"concept_rank_1", "concept_rank_5"}
NEVER_NEGATIVE = SHARES | {"frechet_distance", "inception_score", "density", "vendi_score", "repetition"}
METRICS = NEVER_NEGATIVE | {"kernel_distance", "bits_per_dim", "bits_per_dim_ode", "bits_per_byte"}
METRICS |= {"bits_per_code"}
METRICS |= {"generative_perplexity", "token_entropy", "distinct_1", "distinct_2", "distinct_3", "copied_span"}
"""Every metric that a verdict knows of."""
LARGEST = 1e300
_SLACK = 1e-6  # what rounding may add to a bound
_INCEPTION = re.compile(r"inception(?:[-_ ]?v?3)?(?:[-_ ](?:compat|fid|pt|tf|2015-12-05))*")


@dataclass(frozen=True)
class Measure:
    """One metric of a report; without an interval, `low` and `high` are the value."""

    name: str
    value: float
    low: float
    high: float
    baseline: float | None
    """The same metric of real data against other real data, at the same number of samples."""
    note: str = ""


@dataclass(frozen=True)
class Evidence:
    """All that a verdict goes by."""

    kind: str
    n: int | None
    """Samples a side; None where the report doesn't say."""
    extractor: str | None
    leaked: int | None
    """Test items found in training; None where nobody looked."""
    measures: Mapping[str, Measure]

    @property
    def is_inception(self) -> bool:
        """Tell whether the features are Inception's, which the conventional thresholds were made for."""
        return bool(self.extractor and _INCEPTION.fullmatch(self.extractor.strip().lower()))

    @property
    def frechet_name(self) -> str:
        """Return what the Frechet distance is called: FID with Inception alone."""
        return (
            "FID" if self.is_inception else f"FD-{self.extractor}" if self.extractor else "Frechet distance"
        )

    @property
    def kind_of_things(self) -> str:
        """Return what is judged, in plain words."""
        return "texts" if self.kind == "words" else "pictures"

    def get(self, name: str) -> Measure | None:
        """Return a measure, or None where the report lacks it."""
        return self.measures.get(name)


def read_evidence(report: Any) -> Evidence:
    """Check a report and take from it what a verdict needs; unknown keys are left alone.

    Raise DataError in one line for the first thing that can't be right.
    """
    if not isinstance(report, Mapping):
        raise DataError(f"a report is an object with n, extractor and metrics, not {_kind_of(report)}")
    kind = report.get("kind")
    if kind not in (None, *KINDS):
        raise DataError(f"report: {unknown('kind', kind, KINDS)}")
    extractor = report.get("extractor")
    if extractor is not None and not isinstance(extractor, str):
        raise DataError(f"report: extractor is a name, not {_kind_of(extractor)}")
    metrics = report.get("metrics")
    if metrics is not None and not isinstance(metrics, Mapping):
        raise DataError(f"report: metrics is an object of named metrics, not {_kind_of(metrics)}")
    found = {name: _measure(name, (metrics or {}).get(name)) for name in METRICS}
    measures = {name: measure for name, measure in found.items() if measure is not None}
    return Evidence(kind or "pictures", _count(report, "n"), extractor, _count(report, "leaked"), measures)


def _measure(name: str, entry: Any) -> Measure | None:
    if entry is None:
        return None
    if not isinstance(entry, Mapping):  # a bare number is a value
        entry = {"value": entry}
    value = _number(name, "value", entry.get("value"))
    low, high = _number(name, "low", entry.get("low")), _number(name, "high", entry.get("high"))
    baseline = _number(name, "baseline", entry.get("baseline"))
    if value is None:
        return None
    if low is not None and high is not None and low > high + _SLACK:
        raise DataError(f"report: {name} has low {low:g} above high {high:g}")
    low, high = min(value, value if low is None else low), max(value, value if high is None else high)
    note = entry.get("note")
    return Measure(name, value, low, high, baseline, note if isinstance(note, str) else "")


def _number(name: str, key: str, number: Any) -> float | None:
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise DataError(f"report: {name} has {key} {number!r}; it takes a number")
    if abs(number) > LARGEST or not math.isfinite(number):
        raise DataError(f"report: {name} has {key} {number}; leave out what can't be computed")
    found = float(number)
    if key in ("value", "baseline") and name in NEVER_NEGATIVE and found < -_SLACK:
        raise DataError(f"report: {name} has {key} {found:g}; it is never below 0")
    if key in ("value", "baseline") and name in SHARES and found > 1 + _SLACK:
        raise DataError(f"report: {name} has {key} {found:g}; it is a share from 0 to 1, not per cent")
    return found


def _count(report: Mapping[str, Any], key: str) -> int | None:
    count = report.get(key)
    if count is None:
        return None
    whole = isinstance(count, int) or (isinstance(count, float) and count.is_integer())
    if isinstance(count, bool) or not whole or count < 0:
        raise DataError(f"report: {key} is a whole number from 0 on, not {count!r}")
    return int(count)


def _kind_of(thing: Any) -> str:
    return "null" if thing is None else type(thing).__name__
