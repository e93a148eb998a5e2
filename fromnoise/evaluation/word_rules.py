"""When generated texts are good enough, rule by rule.

Every figure is held against the same figure of held-out real texts, its baseline.
"""

from fromnoise.evaluation.evidence import SHARES, Evidence, Measure
from fromnoise.evaluation.findings import (
    Finding,
    above_floor,
    leaks,
    per_cent,
    samples,
    shown,
    spread,
    undecided,
)
from fromnoise.evaluation.thresholds import WordThresholds

_UNLIKE = "The texts are unlike real ones"
_LIKE = "As a set the texts are about as real as real ones"
_POOR = "Variety is missing: the texts use fewer different words and phrases than real ones"
_RICH = "The variety of real texts is there"
_REPEATS = "The texts repeat themselves"
_FRESH = "The texts don't repeat themselves more than real ones"
_COPIED = "Phrases of the texts are copies from the training texts"
_BY_HEART = "Texts are copies from the training texts, learnt by heart"
_COPIED_LONG = "Long passages are copies from the training texts"
_OWN = "The texts are no copies of training texts"
_OFF_STYLE = "Texts often aren't in the style that was asked for"
_ON_STYLE = "Texts mostly are in the style that was asked for"
_WORSE = "The model predicts real texts worse than the baseline"
_BETTER = "The model predicts real texts better than the baseline"


def word_findings(evidence: Evidence, limits: WordThresholds) -> list[Finding]:
    """Apply every rule to a report on words; the weightiest come first."""
    return [
        leaks(evidence, "texts"),
        *samples(evidence, limits.least_samples, "texts"),
        *_copies(evidence, limits),
        _likeness(evidence, limits),
        *_repetition(evidence, limits),
        *_floors(evidence, limits),
        *_bits(evidence, limits),
    ]


def _copies(evidence: Evidence, limits: WordThresholds) -> list[Finding]:
    learnt, share, span = (evidence.get(name) for name in ("memorized_share", "containment", "copied_span"))
    found = []
    if learnt is not None:
        limit = (learnt.baseline or 0.0) + limits.memorized_excess
        told = f"{per_cent(learnt.value)}{_beside(learnt)}"
        found.append(_at_most(learnt, limit, _BY_HEART, _OWN, told, evidence.n, certain=True))
    if share is not None:
        limit = (share.baseline or 0.0) + limits.containment_excess
        told = f"{per_cent(share.value)}{_beside(share)}"
        found.append(_at_most(share, limit, _COPIED, _OWN, told, evidence.n, certain=True))
    if span is not None and span.baseline:
        limit, told = limits.copied_span_ratio * span.baseline, f"up to {shown(span.value)}{_beside(span)}"
        found.append(_at_most(span, limit, _COPIED_LONG, _OWN, told, evidence.n, certain=True))
    return found or [Finding("note", "containment", "Nobody looked for copies of training texts")]


def _likeness(evidence: Evidence, limits: WordThresholds) -> Finding:
    mauve = evidence.get("mauve")
    if mauve is not None:
        baseline = 1.0 if mauve.baseline is None else mauve.baseline
        return above_floor(mauve, limits.mauve, baseline, evidence, _UNLIKE, _LIKE)
    if evidence.get("bits_per_byte"):
        told = "A high likelihood (bits per byte) alone never says that texts are good: compare texts too"
        return Finding("unsure", "bits_per_byte", told)
    if evidence.get("generative_perplexity"):
        told = "A low perplexity is also that of texts that repeat themselves: compare texts with real ones"
        return Finding("unsure", "generative_perplexity", told)
    return Finding("unsure", "mauve", "Nothing says how far the texts are from real ones: mauve is needed")


def _repetition(evidence: Evidence, limits: WordThresholds) -> list[Finding]:
    repetition = evidence.get("repetition")
    if repetition is None:
        return []
    limit = (repetition.baseline or 0.0) + limits.repetition_excess
    told = f"repetition {spread(repetition)}{_beside(repetition)}"
    return [_at_most(repetition, limit, _REPEATS, _FRESH, told, evidence.n)]


def _floors(evidence: Evidence, limits: WordThresholds) -> list[Finding]:
    rules = (
        ("token_entropy", limits.token_entropy, _POOR, _RICH),
        ("distinct_1", limits.distinct_1, _POOR, _RICH),
        ("distinct_2", limits.distinct_2, _POOR, _RICH),
        ("distinct_3", limits.distinct_3, _POOR, _RICH),
        ("style_accuracy", limits.style_accuracy, _OFF_STYLE, _ON_STYLE),
    )
    return [
        above_floor(measure, floor, measure.baseline, evidence, low, high)
        for name, floor, low, high in rules
        if (measure := evidence.get(name)) is not None and measure.baseline is not None
    ]


def _bits(evidence: Evidence, limits: WordThresholds) -> list[Finding]:
    bits = evidence.get("bits_per_byte")
    if bits is None or not bits.baseline:
        return []
    told, limit = f"{spread(bits)} bits per byte{_beside(bits)}", limits.bits_per_byte_ratio * bits.baseline
    return [_at_most(bits, limit, _WORSE, _BETTER, told, evidence.n)]


def _at_most(
    measure: Measure, limit: float, above: str, below: str, told: str, n: int | None, certain: bool = False
) -> Finding:
    """Hold a figure that should be low against its limit; `above` and `below` say what either side means."""
    if measure.value <= limit:
        return Finding("passes", measure.name, below, told)
    if measure.low <= limit:
        return undecided(measure, measure.name.replace("_", " ").capitalize(), limit, n)
    return Finding("fails", measure.name, above, f"{told}, and up to {shown(limit)} would do", certain)


def _beside(measure: Measure) -> str:
    if measure.baseline is None:
        return ""
    return f", held-out real texts {(per_cent if measure.name in SHARES else shown)(measure.baseline)}"
