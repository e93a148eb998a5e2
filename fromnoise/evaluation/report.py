"""A report as two files: report.json for machines, report.html for people, self-contained."""

import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from fromnoise.evaluation.evidence import Evidence, Measure, read_evidence
from fromnoise.evaluation.findings import Finding, shown
from fromnoise.evaluation.gallery import Gallery
from fromnoise.evaluation.html import Html, Node, element
from fromnoise.evaluation.meanings import Meaning, Question, questions
from fromnoise.evaluation.plots import interval_bar
from fromnoise.evaluation.report_pictures import shown_for
from fromnoise.evaluation.thresholds import Thresholds
from fromnoise.evaluation.verdict import find, weigh
from fromnoise.files import write_all

JSON, HTML = "report.json", "report.html"
_MEANS = {
    "ready": "By these measures, what is made can stand beside what is real.",
    "not ready": "Something is missing yet. What it is stands here; the figures are below.",
    "invalid": "The test can't be trusted, whatever the figures say.",
    "cannot tell": "The figures do not suffice for a judgement, neither for nor against.",
}
_TONES = {"ready": "yes", "not ready": "no", "invalid": "no", "cannot tell": "unsure"}
_ANSWERS = {"yes": "Yes", "no": "No", "unsure": "Can’t tell", "none": "Not measured"}  # noqa: RUF001
_WORST = {"invalid": "no", "fails": "no", "unsure": "unsure", "open": "unsure", "passes": "yes"}


def write_report(
    report: Mapping[str, Any],
    folder: Path,
    gallery: Gallery | None = None,
    thresholds: Thresholds | None = None,
) -> tuple[Path, Path]:
    """Write both files into `folder`, or none; return their paths."""
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    shown_page = page(report, gallery or Gallery(), thresholds or Thresholds())
    paths = folder / JSON, folder / HTML
    write_all({paths[0]: text.encode(), paths[1]: shown_page.encode()})
    return paths


def page(report: Mapping[str, Any], gallery: Gallery, thresholds: Thresholds) -> str:
    """Return the whole page; it needs no script, no network and no other file."""
    evidence, findings = read_evidence(report), find(report, thresholds)
    asked = [one for one in questions(evidence.kind) if _is_asked(one, evidence, gallery)]
    answers = {question.name: _answer(question, findings) for question in asked}
    title = _title(report)
    head = element(
        "head",
        None,
        element("meta", {"charset": "utf-8"}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("title", None, f"{title}: {weigh(findings).level}"),
        element("style", None, Html(files("fromnoise.evaluation").joinpath("report.css").read_text("utf-8"))),
    )
    body = element(
        "body",
        None,
        _heading(report, evidence, title),
        _verdict(findings),
        _overview(asked, answers),
        _how(evidence),
        *[_section(question, answers[question.name], evidence, findings, gallery) for question in asked],
        _notes(report),
        _made_from(report, evidence),
        element(
            "footer", None, f"Made by fromnoise {report.get('fromnoise', '')}. The figures are in {JSON}."
        ),
    )
    return f"<!doctype html>\n{element('html', {'lang': 'en'}, head, body)}\n"


def _is_asked(question: Question, evidence: Evidence, gallery: Gallery) -> bool:
    """Tell whether there is anything to say to a question; leaks are always spoken of."""
    if question.name == "fair" or (question.name == "asked" and gallery.asked):
        return True
    return any(evidence.get(one.name) for one in question.metrics)


def _answer(question: Question, findings: list[Finding]) -> str:
    """Return yes, no, unsure or none: the worst that was found about any of its metrics."""
    about = {one.name for one in question.metrics} | ({"leaked"} if question.name == "fair" else set())
    tones = {_WORST.get(finding.weight, "none") for finding in findings if finding.about in about}
    return next((tone for tone in ("no", "unsure", "yes") if tone in tones), "none")


def _title(report: Mapping[str, Any]) -> str:
    names = [_name(report, side) for side in ("generated", "real")]
    return f"{names[0]} against {names[1]}"


def _name(report: Mapping[str, Any], side: str) -> str:
    entry = report.get(side)
    name = entry.get("name") if isinstance(entry, Mapping) else entry
    return Path(str(name)).name or str(name) if name else side


def _heading(report: Mapping[str, Any], evidence: Evidence, title: str) -> Html:
    counted = f"{evidence.n:,} {evidence.kind_of_things} on each side" if evidence.n is not None else None
    made = str(report.get("made", ""))[:16].replace("T", " ")
    told = " · ".join(part for part in (counted, made) if part)
    return element(
        "header",
        None,
        element("p", {"class": "brand"}, "fromnoise · evaluation"),
        element("h1", None, title),
        element("p", {"class": "sub"}, told),
    )


def _verdict(findings: list[Finding]) -> Html:
    verdict = weigh(findings)
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


def _overview(asked: list[Question], answers: Mapping[str, str]) -> Html:
    links = [
        element(
            "a",
            {"href": f"#{question.name}", "class": answers[question.name]},
            element("span", {"class": "text"}, question.text),
            element(
                "span",
                {"class": "answer"},
                element("span", {"class": "light"}),
                _ANSWERS[answers[question.name]],
            ),
        )
        for question in asked
    ]
    return element("nav", {"class": "questions", "aria-label": "The questions"}, *links)


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


def _section(
    question: Question, answer: str, evidence: Evidence, findings: list[Finding], gallery: Gallery
) -> Html:
    rows = [_metric(one, evidence, findings) for one in question.metrics if evidence.get(one.name)]
    told = [one.claim for one in findings if question.name == "fair" and one.about == "leaked"]
    return element(
        "section",
        {"id": question.name},
        element(
            "header", None, element("span", {"class": f"light {answer}"}), element("h2", None, question.text)
        ),
        *[element("p", {"class": "said"}, f"{claim}.") for claim in told],
        *rows,
        *shown_for(question.name, gallery, evidence),
    )


def _metric(meaning: Meaning, evidence: Evidence, findings: list[Finding]) -> Html:
    measure = evidence.measures[meaning.name]
    tones = [_WORST.get(finding.weight, "none") for finding in findings if finding.about == meaning.name]
    tone = next((tone for tone in ("no", "unsure", "yes") if tone in tones), "none")
    title = evidence.frechet_name if meaning.name == "frechet_distance" else meaning.title
    scaled = _per_cent if meaning.share else shown
    hint = f"{meaning.better} is better"
    return element(
        "div",
        {"class": "metric"},
        element(
            "div",
            None,
            element(
                "div",
                {"class": "name"},
                element("span", {"class": f"light {tone}"}),
                element("h3", None, title),
            ),
            element("p", {"class": "sentence"}, meaning.sentence),
            element("p", {"class": "small"}, f"{measure.note[0].upper()}{measure.note[1:]}.")
            if measure.note
            else None,
        ),
        element(
            "div", {"class": "number"}, element("b", None, scaled(measure.value)), element("span", None, hint)
        ),
        interval_bar(measure, meaning.share, meaning.better == "higher", _of_real(measure, scaled)),
    )


def _of_real(measure: Measure, scaled: Callable[[float], str]) -> str:
    return f"real {scaled(measure.baseline)}" if measure.baseline is not None else "real"


def _notes(report: Mapping[str, Any]) -> Node:
    notes = [str(note) for note in report.get("notes") or []]
    if not notes:
        return None
    items = [element("li", None, note) for note in notes]
    return element(
        "section",
        {"class": "notes"},
        element("header", None, element("h2", None, "What to know about these figures")),
        element("ul", None, *items),
    )


def _made_from(report: Mapping[str, Any], evidence: Evidence) -> Html:
    """List what it takes to compare these figures with others, or to measure them again."""
    rows: list[tuple[str, object]] = [
        ("generated", _set(report.get("generated"))),
        ("real", _set(report.get("real"))),
        ("training", _set(report.get("train"))),
        ("compared", f"{evidence.n:,} with {evidence.n:,}" if evidence.n is not None else None),
        ("features", report.get("extractor")),
        ("their SHA-256", report.get("extractor_sha256")),
        ("resized", report.get("resize")),
        ("seed", report.get("seed")),
        ("neighbours", report.get("k")),
        ("made", report.get("made")),
    ]
    cells = [
        element(tag, None, str(text))
        for name, value in rows
        if value is not None
        for tag, text in (("dt", name), ("dd", value))
    ]
    return element(
        "section",
        {"class": "made-from"},
        element("header", None, element("h2", None, "What was compared, and how")),
        element("dl", None, *cells),
    )


def _set(entry: Any) -> str | None:
    if not isinstance(entry, Mapping):
        return str(entry) if entry else None
    count = entry.get("count")
    told = [str(entry.get("name", ""))] + ([f"{count:,} in all"] if isinstance(count, int) else [])
    others = [f"{key} {value}" for key, value in entry.items() if key not in ("name", "count") and value]
    return ", ".join([*told, *others])


def _per_cent(share: float) -> str:
    return f"{100 * share:.3g} %"
