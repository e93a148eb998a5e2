"""Ready or not, and why: the verdict on a report, in sentences that a person can act on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fromnoise.evaluation.evidence import Evidence, read_evidence
from fromnoise.evaluation.findings import Finding, reasons
from fromnoise.evaluation.picture_rules import picture_findings
from fromnoise.evaluation.thresholds import Thresholds, open_thresholds
from fromnoise.evaluation.word_rules import word_findings

READY, NOT_READY, INVALID, CANNOT_TELL = "ready", "not ready", "invalid", "cannot tell"

_RULES: dict[str, Callable[[Evidence, Thresholds], list[Finding]]] = {
    "pictures": lambda evidence, limits: picture_findings(evidence, limits.pictures),
    "words": lambda evidence, limits: word_findings(evidence, limits.words),
}


@dataclass(frozen=True)
class Verdict:
    """What a report comes to."""

    ready: bool
    level: str
    """"ready", "not ready", "invalid" (the test was in the training data) or "cannot tell"."""
    reasons: list[str]
    """Plain sentences, the weightiest first."""

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as a report holds it."""
        return {"ready": self.ready, "level": self.level, "reasons": list(self.reasons)}


def judge(report: Any, thresholds: Thresholds | dict[str, object] | Path | str | None = None) -> Verdict:
    """Judge a report: its JSON as a dict, made by `evaluate`, saved or written by hand.

    Thresholds are the defaults, or come from a TOML file. Raise DataError for a report that can't be right.
    """
    return weigh(find(report, open_thresholds(thresholds)))


def find(report: Any, limits: Thresholds) -> list[Finding]:
    """Return what every rule has to say; too few samples leave open what isn't certain."""
    evidence = read_evidence(report)
    findings = _RULES[evidence.kind](evidence, limits)
    least = (limits.words if evidence.kind == "words" else limits.pictures).least_samples
    if evidence.n is not None and evidence.n < least:
        return [one if one.certain or one.weight == "note" else _left_open(one) for one in findings]
    return findings


def _left_open(finding: Finding) -> Finding:
    return replace(finding, weight="open")


def weigh(findings: list[Finding]) -> Verdict:
    """Come to a verdict: what is invalid outweighs what fails, that what can't be told, that what passes."""
    invalid, fails = reasons(findings, "invalid"), reasons(findings, "fails")
    unsure, passes, notes = (reasons(findings, weight) for weight in ("unsure", "passes", "note"))
    if invalid:
        return Verdict(False, INVALID, invalid + fails)
    if fails:
        return Verdict(False, NOT_READY, fails + unsure + notes)
    if unsure:
        return Verdict(False, CANNOT_TELL, unsure + notes)
    return Verdict(True, READY, passes + notes)
