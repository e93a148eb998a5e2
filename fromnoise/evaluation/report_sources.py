"""The end of a report's page: what to know about its figures, and all it takes to measure them again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fromnoise.evaluation.evidence import Evidence
from fromnoise.evaluation.html import Html, Node, element

Report = Mapping[str, Any]


def name_of(report: Report, side: str) -> str:
    """Return what a set is called: the end of its path."""
    entry = report.get(side)
    name = entry.get("name") if isinstance(entry, Mapping) else entry
    return Path(str(name)).name or str(name) if name else side


def notes(report: Report) -> Node:
    """Tell what could not be measured, and what else moves the figures."""
    told = report.get("notes")
    if not isinstance(told, list) or not told:
        return None
    return element(
        "section",
        {"class": "notes"},
        element("header", None, element("h2", None, "What to know about these figures")),
        element("ul", None, *[element("li", None, str(note)) for note in told]),
    )


def made_from(report: Report, evidence: Evidence) -> Html:
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
