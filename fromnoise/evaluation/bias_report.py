"""The page of an audit: its verdict, then template by template what was compared, with pictures and texts."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fromnoise.evaluation.bias import Audit
from fromnoise.evaluation.bias_evidence import Exhibit, Refusals
from fromnoise.evaluation.bias_exhibits import look, odds
from fromnoise.evaluation.bias_rules import Judged, weigh
from fromnoise.evaluation.bias_templates import SLOT, Template
from fromnoise.evaluation.bias_wordings import WORDINGS
from fromnoise.evaluation.evidence import Measure
from fromnoise.evaluation.findings import per_cent, shown
from fromnoise.evaluation.html import Html, Node, element
from fromnoise.evaluation.plots import interval_bar
from fromnoise.evaluation.report import HTML, JSON, head_of, verdict_box
from fromnoise.evaluation.report_sources import notes
from fromnoise.files import write_all

_TONES = {"fails": "no", "unsure": "unsure", "passes": "yes", "note": "yes"}
_ANSWERS = {
    "no": "Difference found",
    "unsure": "Can\N{RIGHT SINGLE QUOTATION MARK}t tell",
    "yes": "None found",
}


def write_audit(audit: Audit, folder: Path) -> tuple[Path, Path]:
    """Write report.json and report.html into `folder`, or neither; return their paths."""
    text = json.dumps(audit.report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    paths = folder / JSON, folder / HTML
    write_all({paths[0]: text.encode(), paths[1]: page(audit).encode()})
    return paths


def page(audit: Audit) -> str:
    """Return the whole page; it needs no script, no network and no other file."""
    report, title = audit.report, f"{audit.report['model']}: are all treated alike?"
    verdict = weigh(audit.findings)
    body = element(
        "body",
        None,
        _heading(report, title),
        verdict_box(verdict),
        _overview(audit),
        _how(),
        *[_section(one, audit) for one in audit.found.refusals],
        notes(report),
        _made_from(report),
        element("footer", None, f"Made by fromnoise {report['fromnoise']}. {JSON} has the figures."),
    )
    return f"<!doctype html>\n{element('html', {'lang': 'en'}, head_of(f'{title} {verdict.level}'), body)}\n"


def _heading(report: Mapping[str, Any], title: str) -> Html:
    made = str(report["made"])[:16].replace("T", " ")
    return element(
        "header",
        None,
        element("p", {"class": "brand"}, "fromnoise · bias audit"),
        element("h1", None, title),
        element("p", {"class": "sub"}, f"{report['n']:,} trials of each template · {made}"),
    )


def _overview(audit: Audit) -> Html:
    """Answer in a word for every template."""
    links = [
        element(
            "a",
            {"href": f"#{_anchor(audit, one.template)}", "class": tone},
            element("span", {"class": "text"}, one.template.name.capitalize()),
            element("span", {"class": "answer"}, element("span", {"class": "light"}), _ANSWERS[tone]),
        )
        for one in audit.found.refusals
        for tone in [_tone(audit, one.template)]
    ]
    return element("nav", {"class": "questions", "aria-label": "The templates"}, *links)


def _tone(audit: Audit, template: Template) -> str:
    """Return the worst that was found of a template."""
    about = {f"{template.name}: refusals"}
    about |= {one.comparison.key for one in audit.judged if one.comparison.template == template}
    tones = {_TONES[one.weight] for one in audit.findings if one.about in about}
    return next(tone for tone in _ANSWERS if tone in tones)


def _anchor(audit: Audit, template: Template) -> str:
    return f"template-{[one.template for one in audit.found.refusals].index(template)}"


def _how() -> Html:
    told = (
        "How to read the bars: the dot is the difference that was measured, and the band around it holds the "
        "true one 95 times in 100. The blue mark is where it lies when all are treated alike. A difference "
        "counts as found when chance would hardly ever make one as large anywhere in this report."
    )
    example = Measure("example", 0.55, 0.45, 0.65, 0.3)
    return element("div", {"class": "how"}, told, interval_bar(example, True, True, "alike"))


def _section(refusals: Refusals, audit: Audit) -> Html:
    """Show what was asked with a template, how its values compare, and what came out."""
    template = refusals.template
    exhibit = next((one for one in audit.found.exhibits if one.template == template), Exhibit(template))
    light = element("span", {"class": f"light {_tone(audit, template)}"})
    asked = ", ".join(f"“{text.replace(SLOT, '…')}”" for text in template.texts)
    values = ", ".join(f"“{value}”" for value in template.values)
    return element(
        "section",
        {"id": _anchor(audit, template)},
        element("header", None, light, element("h2", None, template.name.capitalize())),
        element("p", {"class": "said"}, f"Asked: {asked}, with {values} in the gap."),
        _refused(refusals),
        *_metrics([one for one in audit.judged if one.comparison.template == template]),
        *[odds(one) for one in exhibit.leanings],
        look(exhibit),
    )


def _refused(refusals: Refusals) -> Node:
    """Quote what the guard refuses, and why."""
    told = [(prompt, why) for of in refusals.reasons.values() for prompt, why in of.items()]
    if not told:
        return element("p", {"class": "said"}, "The guard refuses none of them.")
    quoted = [element("li", None, f"“{prompt}”: {why}") for prompt, why in told]
    told_of = f"The guard refuses {len(told)} of them; their texts are left out for every value:"
    return [element("p", {"class": "said"}, told_of), element("ul", None, *quoted)]


def _metrics(judged: Sequence[Judged]) -> list[Node]:
    """Show all comparisons; what a measure means is explained where it comes first."""
    measures = [one.comparison.measure for one in judged]
    return [_metric(one, one.comparison.measure not in measures[:place]) for place, one in enumerate(judged)]


def _metric(one: Judged, explained: bool) -> Html:
    wording, comparison = WORDINGS[one.comparison.measure], one.comparison
    scaled = per_cent if wording.share else shown
    figure = comparison.difference.figure
    low, high = figure.interval or (figure.value, figure.value)
    measure = Measure(comparison.measure, figure.value, low, high, comparison.difference.chance)
    light = element("span", {"class": f"light {_TONES[one.finding.weight]}"})
    title = f"{wording.title}: {comparison.value}"
    meaning = wording.meaning.format(*comparison.template.completions)
    about = f"Compared with {comparison.other}. {one.finding.claim}."
    words = element(
        "div",
        None,
        element("div", {"class": "name"}, light, element("h3", None, title)),
        element("p", {"class": "sentence"}, meaning) if explained else None,
        element("p", {"class": "small"}, about),
    )
    number = element(
        "div",
        {"class": "number"},
        element("b", None, scaled(figure.value)),
        element("span", None, f"p {one.p:.2g}"),
    )
    bar = interval_bar(measure, wording.share, False, f"alike {scaled(comparison.difference.chance)}")
    return element("div", {"class": "metric"}, words, number, bar)


def _made_from(report: Mapping[str, Any]) -> Html:
    """List what it takes to compare this audit with another."""
    limits = ", ".join(f"{name} {value:g}" for name, value in report["limits"].items())
    rows = [
        ("model", report["model"]),
        ("its SHA-256", report["weights_sha256"]),
        ("trials", report["n"]),
        ("seed", report["seed"]),
        ("features", report.get("extractor")),
        ("their SHA-256", report.get("extractor_sha256")),
        ("words are judged by", report.get("scorer")),
        ("limits", limits),
        ("made", report["made"]),
    ]
    cells = [
        element(tag, None, str(text))
        for name, value in rows
        if value
        for tag, text in (("dt", name), ("dd", value))
    ]
    head = element("header", None, element("h2", None, "What was asked of whom, and how"))
    return element("section", {"class": "made-from"}, head, element("dl", None, *cells))
