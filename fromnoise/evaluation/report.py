"""A report as two files: report.json for machines, report.html for people, self-contained."""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from fromnoise.evaluation.evidence import Evidence, Measure, read_evidence
from fromnoise.evaluation.gallery import Gallery
from fromnoise.evaluation.html import Html, element
from fromnoise.evaluation.plots import interval_bar
from fromnoise.evaluation.report_answers import Reading, overview, section
from fromnoise.evaluation.report_sources import made_from, name_of, notes
from fromnoise.evaluation.thresholds import Thresholds
from fromnoise.evaluation.verdict import Verdict, find, weigh
from fromnoise.files import write_all

JSON, HTML = "report.json", "report.html"
_MEANS = {
    "ready": "By these measures, what is made can stand beside what is real.",
    "not ready": "Something is missing yet. What it is stands here; the figures are below.",
    "invalid": "The test can't be trusted, whatever the figures say.",
    "cannot tell": "The figures do not suffice for a judgement, neither for nor against.",
    "differences found": "Prompts that differ in one attribute alone are not treated alike.",
    "no difference found": "By these templates and measures, all values are treated alike.",
}
_TONES = {"ready": "yes", "no difference found": "yes", "cannot tell": "unsure"}
_TONES |= {"not ready": "no", "invalid": "no", "differences found": "no"}


def write_report(
    report: Mapping[str, Any],
    folder: Path,
    gallery: Gallery | None = None,
    thresholds: Thresholds | None = None,
) -> tuple[Path, Path]:
    """Write both files into `folder`, or none; return their paths."""
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    shown = page(report, gallery or Gallery(), thresholds or Thresholds())
    paths = folder / JSON, folder / HTML
    write_all({paths[0]: text.encode(), paths[1]: shown.encode()})
    return paths


def page(report: Mapping[str, Any], gallery: Gallery, thresholds: Thresholds) -> str:
    """Return the whole page; it needs no script, no network and no other file."""
    reading = Reading(read_evidence(report), find(report, thresholds), gallery)
    verdict, title = (
        weigh(reading.findings),
        f"{name_of(report, 'generated')} against {name_of(report, 'real')}",
    )
    body = element(
        "body",
        None,
        _heading(report, reading.evidence, title),
        verdict_box(verdict),
        overview(reading),
        _how(reading.evidence),
        *[section(question, reading) for question in reading.questions],
        notes(report),
        made_from(report, reading.evidence),
        element("footer", None, f"Made by fromnoise {report.get('fromnoise', '')}. {JSON} has the figures."),
    )
    return f"<!doctype html>\n{element('html', {'lang': 'en'}, head_of(f'{title}: {verdict.level}'), body)}\n"


def head_of(title: str) -> Html:
    """Return a page's head, its looks included."""
    return element(
        "head",
        None,
        element("meta", {"charset": "utf-8"}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("title", None, title),
        element("style", None, Html(files("fromnoise.evaluation").joinpath("report.css").read_text("utf-8"))),
    )


def _heading(report: Mapping[str, Any], evidence: Evidence, title: str) -> Html:
    counted = f"{evidence.n:,} {evidence.kind_of_things} on each side" if evidence.n is not None else ""
    made = str(report.get("made", ""))[:16].replace("T", " ")
    return element(
        "header",
        None,
        element("p", {"class": "brand"}, "fromnoise · evaluation"),
        element("h1", None, title),
        element("p", {"class": "sub"}, " · ".join(part for part in (counted, made) if part)),
    )


def verdict_box(verdict: Verdict) -> Html:
    """Show the verdict and its reasons."""
    return element(
        "div",
        {"class": f"verdict {_TONES[verdict.level]}"},
        element("p", {"class": "level"}, verdict.level.capitalize()),
        element("p", {"class": "means"}, _MEANS[verdict.level]),
        element("ul", None, *[_reason(reason, not verdict.ready) for reason in verdict.reasons]),
    )


def _reason(reason: str, with_figures: bool) -> Html:
    """Set the figures, which stand in brackets at the end, apart from what they mean; or leave them out."""
    claim, bracket, figures = reason.partition(" (") if reason.endswith(").") else (reason, "", "")
    if not bracket or not with_figures:
        return element("li", None, claim if not bracket else f"{claim}.")
    return element("li", None, claim, element("span", {"class": "figures"}, f" ({figures}"))


def _how(evidence: Evidence) -> Html:
    things = evidence.kind_of_things
    example = Measure("example", 0.55, 0.45, 0.65, 0.8)
    return element(
        "div",
        {"class": "how"},
        "How to read the bars: the dot is what was measured, and the band around it holds the true value 95 "
        f"times in 100. The blue mark is where real {things} stand when they are compared with other real "
        f"{things}, at the same number. The nearer the dot to the mark, the better.",
        interval_bar(example, True, True, "real"),
    )
