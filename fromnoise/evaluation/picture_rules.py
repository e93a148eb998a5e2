"""When generated pictures are good enough, rule by rule.

Two samples of one distribution are expected to reach a coverage of 1 - 2 ** -k and a density of 1 (Naeem et
al. 2020); precision and recall lie near 0.7 at k = 5. That stands in where a report has no baseline.
"""

from fromnoise.evaluation.evidence import Evidence, Measure
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
from fromnoise.evaluation.thresholds import PictureThresholds

EXPECTED = {"precision": 0.7, "recall": 0.7, "density": 1.0, "coverage": 0.97}
_UNLIKE = "The pictures are unlike real ones"
_LIKE = "As a set the pictures are about as real as real ones"
_UNREAL = "Many pictures look unreal: they lie outside of what real pictures look like"
_REAL = "Most pictures, one by one, look like real ones"
_NO_VARIETY = "Variety is missing: there are kinds of real pictures that are hardly ever made"
_VARIETY = "The variety of real pictures is there"
_ALIKE = "Variety is missing: the pictures resemble each other more than real ones do"
_NEW = "No more pictures are copies than chance explains"
_UNCLEAR = "The pictures are unclear or all of one kind"
_CLEAR = "The pictures are clear and of many kinds"
_OFF_PROMPT = "Pictures often don't show what was asked for"
_ON_PROMPT = "Pictures mostly show what was asked for"
_OFF_STYLE = "Pictures often aren't in the style that was asked for"
_ON_STYLE = "Pictures mostly are in the style that was asked for"


def picture_findings(evidence: Evidence, limits: PictureThresholds) -> list[Finding]:
    """Apply every rule to a report on pictures; the weightiest come first."""
    usual = f", and {limits.conventional_samples:,} to go by the usual limits of FID"
    return [
        leaks(evidence, "pictures"),
        *samples(evidence, limits.least_samples, "pictures", usual if evidence.is_inception else ""),
        _copies(evidence, limits),
        *_likeness(evidence, limits),
        *_too_good(evidence, limits),
        *_inception_score(evidence, limits),
        *_floors(evidence, limits),
        *_variety_unknown(evidence),
    ]


def is_conventional(evidence: Evidence, limits: PictureThresholds) -> bool:
    """Tell whether the usual limits of FID and Inception Score hold: Inception features, enough pictures."""
    return evidence.is_inception and (evidence.n or 0) >= limits.conventional_samples


def _copies(evidence: Evidence, limits: PictureThresholds) -> Finding:
    share = evidence.get("memorized_share")
    if share is None:
        return Finding("note", "memorized_share", "Nobody looked for copies of training pictures")
    limit = (share.baseline or 0.0) + limits.memorized_excess
    told = f"{per_cent(share.value)} resemble one too closely"
    if share.baseline is not None:
        told += f", of held-out real pictures {per_cent(share.baseline)}"
    if share.value <= limit:
        return Finding("passes", share.name, _NEW, told)
    if share.low <= limit:
        return undecided(share, "The share of copies", limit, evidence.n)
    copied = f"{per_cent(share.value)} of the pictures are copies of training pictures (memorized)"
    return Finding("fails", share.name, f"{copied}: good scores are owed to copying", told, certain=True)


def _likeness(evidence: Evidence, limits: PictureThresholds) -> list[Finding]:
    frechet, kernel = evidence.get("frechet_distance"), evidence.get("kernel_distance")
    if frechet is not None and is_conventional(evidence, limits):
        return [_conventional(frechet, limits, evidence.n), *_contradiction(kernel, limits)]
    found = []
    if frechet is not None and frechet.baseline:
        limit = limits.frechet_ratio * frechet.baseline
        found.append(_at_most(frechet, evidence.frechet_name, limit, evidence))
    if kernel is not None:
        limit = max(kernel.baseline or 0.0, 0.0) + limits.kernel_excess
        found.append(_at_most(kernel, "Kernel distance", limit, evidence))
    return found or [_no_distance(evidence, limits)]


def _conventional(fid: Measure, limits: PictureThresholds, n: int | None) -> Finding:
    told = f"FID {spread(fid)}; good is below {limits.fid_good:g}, bad above {limits.fid_bad:g}"
    if fid.low > limits.fid_bad:
        return Finding("fails", fid.name, _UNLIKE, told)
    if fid.high < limits.fid_good:
        return Finding("passes", fid.name, "As a set the pictures look real", told)
    if fid.low < limits.fid_good:
        return undecided(fid, "FID", limits.fid_good, n)
    return Finding("fails", fid.name, "The pictures differ visibly from real ones", told)


def _contradiction(kernel: Measure | None, limits: PictureThresholds) -> list[Finding]:
    """Doubt an FID whose pictures the kernel distance sees far apart; where FID decides, it has no limit."""
    if kernel is None or kernel.low <= max(kernel.baseline or 0.0, 0.0) + limits.kernel_contradicts:
        return []
    claim = "FID and kernel distance contradict each other: measure again, with all pictures read alike"
    return [Finding("unsure", kernel.name, claim, f"kernel distance {spread(kernel)}, {_of_real(kernel)}")]


def _at_most(distance: Measure, name: str, limit: float, evidence: Evidence) -> Finding:
    told = f"{name} {spread(distance)}; {_of_real(distance)}, and up to {shown(limit)} would do"
    if distance.low > limit:
        return Finding("fails", distance.name, _UNLIKE, told)
    middle = (limit + (distance.baseline or 0.0)) / 2  # nearer to real pictures than to the limit
    if distance.high <= limit or distance.value <= middle:
        return Finding("passes", distance.name, _LIKE, told)
    return undecided(distance, name, limit, evidence.n)


def _of_real(distance: Measure) -> str:
    return f"real pictures from each other have {shown(distance.baseline or 0.0)}"


def _no_distance(evidence: Evidence, limits: PictureThresholds) -> Finding:
    frechet = evidence.get("frechet_distance")
    if frechet is not None:
        needed = f"{limits.conventional_samples:,} pictures" + " and Inception" * (not evidence.is_inception)
        told = f"{evidence.frechet_name} {shown(frechet.value)} says nothing by itself"
        real = "the distance of real pictures from each other at the same number (baseline)"
        return Finding("unsure", frechet.name, f"{told}: it takes {real}, or {needed}")
    bits = evidence.get("bits_per_dim") or evidence.get("bits_per_dim_ode")
    if bits is not None:
        told = "A high likelihood (bits per dimension) alone never says that pictures look real"
        return Finding("unsure", bits.name, f"{told}: compare pictures too")
    told = "Nothing says how far the pictures are from real ones: a distance is needed"
    return Finding("unsure", "frechet_distance", told)


def _too_good(evidence: Evidence, limits: PictureThresholds) -> list[Finding]:
    """Doubt a distance far below that of real pictures: it improves with copying, down to 0."""
    frechet, share = evidence.get("frechet_distance"), evidence.get("memorized_share")
    if frechet is None or not frechet.baseline:
        return []
    if frechet.high >= limits.too_good_ratio * frechet.baseline:
        return []
    told = f"{evidence.frechet_name} {spread(frechet)}, although {_of_real(frechet)}"
    claim = "The distance is too good to be true, as copies of real pictures would make it"
    if share is not None and share.low > (share.baseline or 0.0) + limits.memorized_excess:
        return [Finding("fails", frechet.name, claim, told)]
    return [Finding("unsure", frechet.name, f"{claim}: look for copies, with the training pictures", told)]


def _inception_score(evidence: Evidence, limits: PictureThresholds) -> list[Finding]:
    score = evidence.get("inception_score")
    if score is None:
        return []
    real_is_low = score.baseline is not None and score.baseline < limits.inception_score_good
    if is_conventional(evidence, limits) and not real_is_low:
        return [_conventional_score(score, limits, evidence.n)]
    if score.baseline is None:
        return []
    return [above_floor(score, limits.inception_score, score.baseline, evidence, _UNCLEAR, _CLEAR)]


def _conventional_score(score: Measure, limits: PictureThresholds, n: int | None) -> Finding:
    bad, good = limits.inception_score_bad, limits.inception_score_good
    told = f"Inception Score {spread(score)}; good is above {good:g}, bad below {bad:g}"
    if score.high < bad:
        return Finding("fails", score.name, _UNCLEAR, told)
    if score.low < bad:
        return undecided(score, "Inception Score", bad, n)
    if score.low > good:
        return Finding("passes", score.name, _CLEAR, told)
    return Finding("note", score.name, "The Inception Score is middling", told)


def _floors(evidence: Evidence, limits: PictureThresholds) -> list[Finding]:
    """Hold what should be high against its floor; what has no known baseline says nothing."""
    rules = (
        ("precision", limits.precision, _UNREAL, _REAL),
        ("density", limits.density, _UNREAL, _REAL),
        ("recall", limits.recall, _NO_VARIETY, _VARIETY),
        ("coverage", limits.coverage, _NO_VARIETY, _VARIETY),
        ("vendi_score", limits.vendi_score, _ALIKE, _VARIETY),
        ("concept_rank_1", limits.concept_rank_1, _OFF_PROMPT, _ON_PROMPT),
        ("concept_rank_5", limits.concept_rank_5, _OFF_PROMPT, _ON_PROMPT),
        ("style_accuracy", limits.style_accuracy, _OFF_STYLE, _ON_STYLE),
    )
    found = []
    for name, floor, low, high in rules:
        if (measure := evidence.get(name)) is None:
            continue
        known = EXPECTED.get(name) if measure.baseline is None else measure.baseline
        if known is not None:
            found.append(above_floor(measure, floor, known, evidence, low, high))
    return found


def _variety_unknown(evidence: Evidence) -> list[Finding]:
    if any(evidence.get(name) for name in ("recall", "coverage", "vendi_score")):
        return []
    return [Finding("note", "recall", "Variety was not measured by itself (recall, coverage)")]
