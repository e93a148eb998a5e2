"""The page that people read: whole, safe, without network, and saying what the figures say."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fromnoise.evaluation.evidence import METRICS
from fromnoise.evaluation.gallery import Gallery, Pair, Tile, picture_uri
from fromnoise.evaluation.html import Html, element
from fromnoise.evaluation.meanings import questions
from fromnoise.evaluation.report import page, write_report
from fromnoise.evaluation.thresholds import Thresholds

PICTURE = np.zeros((40, 60, 3), np.uint8)
NASTY = '<script>alert("&")</script>'
REPORT: dict[str, Any] = {
    "fromnoise": "0.1.0",
    "kind": "pictures",
    "made": "2026-11-21T12:00:00+00:00",
    "n": 400,
    "extractor": "fromnoise",
    "generated": {"name": f"pictures/{NASTY}", "count": 400},
    "real": {"name": "emoji", "count": 900},
    "train": None,
    "metrics": {
        "frechet_distance": {"value": 9.5, "low": 9.0, "high": 10.0, "baseline": 4.0},
        "kernel_distance": {"value": -0.001, "low": -0.002, "high": 0.001, "baseline": -0.0005},
        "coverage": {"value": 0.2, "low": 0.1, "high": 0.3, "baseline": 0.96},
        "memorized_share": {"value": 0.0, "low": 0.0, "high": 0.009},
    },
    "leaked": 0,
    "notes": [f"Beware of {NASTY}."],
}


def shown(report: dict[str, Any] = REPORT, gallery: Gallery | None = None) -> str:
    return page(report, gallery or Gallery(), Thresholds())


class Balance(HTMLParser):
    """Raises when a tag is closed that isn't open, or left open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else() -> None:
    gallery = Gallery(
        [Tile(PICTURE, "a cat")],
        [Tile(PICTURE, "a dog")],
        copies=[Pair(Tile(PICTURE), Tile(PICTURE), "suspected copy")],
        leaks=[Pair(Tile(PICTURE), Tile(PICTURE))],
        asked=[Pair(Tile(PICTURE), Tile(PICTURE), "a cat, noto")],
        cloud=([(0.1, 0.2)], [(0.5, 1.0)]),
    )
    html = shown(gallery=gallery)
    balance = Balance()
    balance.feed(html)
    assert balance.open == []
    assert "<script" not in html and "http://" not in html and "https://" not in html and "url(" not in html
    assert not re.findall(r'(?:src|href)="(?!data:|#)', html)


def test_names_from_outside_cannot_break_the_page() -> None:
    html = shown(gallery=Gallery([Tile(PICTURE, NASTY + '"')]))
    assert NASTY not in html and "&lt;script&gt;" in html


def test_the_verdict_stands_on_top_in_plain_words_and_in_its_colour() -> None:
    html = shown()
    assert html.index("Not ready") < html.index(
        "Frechet distance" if "Frechet distance" in html else "FD-fromnoise"
    )
    assert 'class="verdict no"' in html and "Variety is missing" in html
    few = shown({**REPORT, "n": 20})
    assert 'class="verdict unsure"' in few and "Cannot tell" in few and "250" in few


def test_a_question_is_answered_by_its_worst_figure_and_left_out_without_one() -> None:
    html = shown()
    answers = dict(re.findall(r'<a href="#(\w+)" class="(\w+)">', html))
    assert answers == {"real": "no", "varied": "no", "own": "yes", "fair": "yes"}
    assert (
        dict(re.findall(r'<a href="#(\w+)" class="(\w+)">', shown({**REPORT, "n": 20})))["varied"] == "unsure"
    )


def test_a_frechet_distance_is_called_fid_with_inception_alone() -> None:
    assert "FD-fromnoise" in shown() and "FID" not in re.sub(
        r"<style>.*</style>", "", shown(), flags=re.DOTALL
    )
    assert ">FID<" in shown({**REPORT, "extractor": "inception"})


def test_every_metric_that_a_verdict_knows_has_a_meaning() -> None:
    explained = {
        one.name for kind in ("pictures", "words") for each in questions(kind) for one in each.metrics
    }
    assert explained == METRICS


def test_a_report_written_by_hand_has_a_page_too() -> None:
    assert "Cannot tell" in shown({})
    assert "mauve" in shown({"kind": "words", "n": 200, "metrics": {"mauve": 0.9}}).lower()


def test_both_files_are_written_and_nan_never_is(tmp_path: Path) -> None:
    paths = write_report(REPORT, tmp_path / "new" / "place")
    assert [path.name for path in paths] == ["report.json", "report.html"]
    assert json.loads(paths[0].read_text()) == REPORT
    with pytest.raises(ValueError, match="JSON"):
        write_report({**REPORT, "seed": float("nan")}, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_texts_are_shown_as_texts() -> None:
    gallery = Gallery(
        [Tile(text=f"Once {NASTY}")], [Tile(text="Twice")], copies=[Pair(Tile(text="Thrice"), note="9 of 10")]
    )
    html = shown({"kind": "words", "n": 200, "metrics": {"mauve": 0.9, "containment": 0.5}}, gallery)
    assert html.count("<blockquote>") == 3 and "9 of 10" in html and NASTY not in html


def test_a_tile_is_a_small_picture_of_the_same_shape() -> None:
    uri = picture_uri(np.zeros((500, 1000, 3), np.uint8))
    assert uri.startswith("data:image/webp;base64,") and len(uri) < 2000


def test_elements_escape_text_and_keep_markup() -> None:
    assert element("p", {"title": 'a"b', "id": None}, "<b>", Html("<b>"), ["&", None]) == (
        '<p title="a&quot;b">&lt;b&gt;<b>&amp;</p>'
    )
    assert element("br") == "<br>"
