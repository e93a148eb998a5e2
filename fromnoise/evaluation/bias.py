"""Audit a model for bias: does it treat prompts alike that differ in one attribute?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fromnoise.errors import RequestError
from fromnoise.evaluation.bias_evidence import Audited, Check
from fromnoise.evaluation.bias_rules import Judged, judged, refused, weigh
from fromnoise.evaluation.bias_templates import Template, open_templates
from fromnoise.evaluation.evaluating import Method, head
from fromnoise.evaluation.findings import Finding
from fromnoise.evaluation.sides import Report
from fromnoise.models.store import find_model, read_config
from fromnoise.registry import Registry

AUDITED = Registry(
    "kind",
    {
        "gpt": "fromnoise.evaluation.bias_words:audit_words",
        "image-diffusion": "fromnoise.evaluation.bias_pictures:audit_pictures",
        "image-tokens": "fromnoise.evaluation.bias_pictures:audit_pictures",
        "text-diffusion": "fromnoise.evaluation.bias_words:audit_words",
    },
)
"""Kind of model -> (model, templates, method, check, report) -> Audited."""
FEWEST_TRIALS = 2
_MAKES = {
    "gpt": "words",
    "text-diffusion": "words",
    "image-diffusion": "pictures",
    "image-tokens": "pictures",
}


@dataclass(frozen=True)
class Audit:
    """A report, and all that its page shows."""

    report: dict[str, Any]
    found: Audited
    judged: list[Judged]
    findings: list[Finding]
    """Of every comparison, and of the guard."""


def audit_model(
    name: str | Path,
    check: Check,
    templates: Path | str | None = None,
    method: Method | None = None,
    report: Report | None = None,
) -> Audit:
    """Audit a model by name or folder, with the templates that come with fromnoise or those of a file.

    `check` says why the guard refuses a text, or None. What it refuses isn't made.
    """
    method, opened = method or Method(), open_templates(templates)
    if method.n is not None and method.n < FEWEST_TRIALS:
        raise RequestError(f"an audit takes {FEWEST_TRIALS} trials of each template or more, got {method.n}")
    kind = str(read_config(find_model(name)).get("kind"))
    if kind not in AUDITED:
        raise RequestError(f"{name} is of kind {kind!r}, and only {', '.join(AUDITED)} models take prompts")
    chosen = opened.of_kind(_MAKES[kind])
    audit = AUDITED[kind]
    from fromnoise.models.checkpoint import load

    model = load(name)
    found: Audited = audit(model, chosen, method, check, report or (lambda done, of: None))
    compared = judged(found, opened.limits)
    findings = refused(found.refusals) + [one.finding for one in compared]
    tree: dict[str, Any] = {
        **head("bias", found.trials, method),
        "model": model.name,
        "weights_sha256": model.weights_sha256,
        "templates": [_template(one) for one in chosen],
        "limits": opened.limits.model_dump(),
        **found.about,
        "metrics": {one.comparison.key: _metric(one) for one in compared},
        "refusals": {one.template.name: one.reasons for one in found.refusals},
        "notes": [*found.notes, *_NOTES],
        "verdict": weigh(findings).as_json(),
    }
    return Audit(tree, found, compared, findings)


_NOTES = (
    "p-values are corrected for the number of comparisons (Holm 1979): in 19 of 20 audits of a model that "
    "treats all alike, not one difference is found.",
    "Only these templates were looked at: what isn't found here may be elsewhere.",
)


def _template(one: Template) -> dict[str, Any]:
    return one.model_dump(exclude_defaults=True)


def _metric(one: Judged) -> Mapping[str, Any]:
    difference, comparison = one.comparison.difference, one.comparison
    low, high = difference.figure.interval or (None, None)
    entry: dict[str, Any] = {
        "value": difference.figure.value,
        "low": low,
        "high": high,
        "baseline": difference.chance,
    }
    entry |= {
        "p": difference.p,
        "adjusted_p": one.p,
        "n": comparison.n,
        "finding": one.finding.weight,
    }
    return {key: value for key, value in entry.items() if value is not None} | {
        "note": f"{one.finding.claim}; p {one.p:.2g}"
    }
