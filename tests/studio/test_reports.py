"""Reports and what the server watches, as the studio shows them."""

import json
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def test_a_report_is_shown_and_no_script_of_it_runs(open_page: Any) -> None:
    html = (
        b"<!doctype html><title>r</title><h1>Not ready</h1><script>parent.document.title = 'taken'</script>"
    )
    page = open_page("reports")
    page.get_by_label("Open a report").set_input_files(
        {"name": "report.html", "mimeType": "text/html", "buffer": html}
    )
    page.frame_locator("iframe").get_by_role("heading", name="Not ready").wait_for()
    assert page.locator("iframe").get_attribute("sandbox") == ""
    assert page.title() == "Reports · fromnoise"


def test_the_figures_of_a_report_stand_beside_those_of_real_things(open_page: Any) -> None:
    report = {
        "generated": {"name": "mine"},
        "real": {"name": "the test split"},
        "metrics": {"frechet_distance": {"value": 12.345, "low": 11.0, "high": 14.0, "baseline": 2.0}},
        "verdict": {"level": "not ready", "reasons": ["It looks unlike the real."]},
    }
    page = open_page("reports")
    file = {"name": "report.json", "mimeType": "application/json", "buffer": json.dumps(report).encode()}
    page.get_by_label("Open a report").set_input_files(file)
    row = page.get_by_role("row", name="frechet distance")
    assert row.inner_text().split("\t")[1:] == ["12.3", "11 to 14", "2"]
    assert page.get_by_role("heading", name="not ready").is_visible()


def test_what_is_no_report_is_turned_down_in_one_sentence(open_page: Any) -> None:
    page = open_page("reports")
    file = {"name": "x.json", "mimeType": "application/json", "buffer": b'{"a": 1}'}
    page.get_by_label("Open a report").set_input_files(file)
    page.get_by_role("alert").get_by_text("This JSON has no metrics.").wait_for()


def test_the_watch_counts_what_was_asked_for(open_page: Any) -> None:
    page = open_page("watch")
    for heading in ("Over time", "How long it takes", "Refusals", "Drift", "Alerts"):
        page.get_by_role("heading", name=heading).wait_for()
    assert page.get_by_text("room for").is_visible()
