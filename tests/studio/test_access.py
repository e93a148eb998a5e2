"""Whoever sees badly, has no mouse or holds a phone can use every view."""

from typing import Any

import pytest

pytestmark = pytest.mark.slow
VIEWS = ("make", "words", "gallery", "reports", "watch")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_no_violation(open_page: Any, axe: str, view: str, scheme: str) -> None:
    for width in (1280, 360):
        page = open_page(view, width, scheme)
        page.wait_for_timeout(500)
        for summary in page.locator("summary").all():
            summary.click()
        assert violations(page, axe) == []


@pytest.mark.parametrize("start", ["A picture", "Two ends"])
def test_axe_finds_no_violation_in_the_other_beginnings(open_page: Any, axe: str, start: str) -> None:
    page = open_page("make")
    page.get_by_label(start, exact=True).check()
    assert violations(page, axe) == []


@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_no_violation_where_a_picture_is_written(open_bench: Any, axe: str, width: int) -> None:
    bench = open_bench("make?model=emoji-tokens&keep=left&start=picture", width)
    bench.unfold()
    bench.page.get_by_text("What stays of it").wait_for()
    assert violations(bench.page, axe) == []


@pytest.mark.parametrize("task", ["Fill gaps", "Write anew"])
def test_axe_finds_no_violation_in_the_tasks_of_words(open_page: Any, axe: str, task: str) -> None:
    page = open_page("words", 360)
    page.get_by_label(task).check()
    assert violations(page, axe) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_what_was_made(open_page: Any, axe: str, scheme: str) -> None:
    page = open_page("make?prompt=a+red+apple&seed=1&count=2&steps=2", 1280, scheme)
    page.get_by_role("button", name="Make", exact=True).click()
    page.get_by_role("link", name="Save").wait_for()
    assert violations(page, axe) == []
    page.get_by_role("link", name="Gallery").click()
    page.get_by_role("button", name="a red apple").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Recall every setting").wait_for()
    assert violations(page, axe) == []
    page.keyboard.press("Escape")
    page.get_by_role("checkbox").first.check()
    assert violations(page, axe) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_figures(open_page: Any, axe: str, scheme: str) -> None:
    report = b'{"metrics": {"recall": {"value": 0.5, "note": "n"}}, "verdict": {"level": "ready"}}'
    page = open_page("reports", 360, scheme)
    file = {"name": "report.json", "mimeType": "application/json", "buffer": report}
    page.get_by_label("Open a report").set_input_files(file)
    page.get_by_role("row", name="recall").wait_for()
    assert violations(page, axe) == []


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wider_than_a_phone(open_page: Any, view: str) -> None:
    page = open_page(view, width=360)
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_first_stop_of_the_keyboard_skips_to_the_content(open_page: Any) -> None:
    page = open_page("gallery")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "MAIN"


def test_the_keyboard_reaches_every_view_and_sees_where_it_is(open_page: Any) -> None:
    page = open_page("make")
    page.get_by_role("link", name="Words").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Words", level=1).wait_for()
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_picture_is_made_looked_at_and_liked_by_keyboard_alone(open_page: Any) -> None:
    page = open_page("make?steps=3")
    tab_to(page, "Prompt")
    page.keyboard.type("a red apple")
    page.keyboard.press("Control+Enter")
    page.get_by_role("link", name="Save").wait_for()
    tab_to(page, "Every step")
    page.keyboard.press("ArrowLeft")
    assert page.get_by_label("Every step").get_attribute("aria-valuetext") == "2 of 3"
    tab_to(page, "Favourite")
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="Favourite").get_attribute("aria-pressed") == "true"


def test_a_closed_dialog_gives_the_keyboard_back(open_bench: Any) -> None:
    bench = open_bench("make?steps=2")
    bench.ask(Steps=2)
    bench.finish()
    page = bench.page
    page.get_by_role("link", name="Gallery").click()
    tile = page.get_by_role("button", name="seed 7").first
    tile.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    assert tile.evaluate("tile => tile === document.activeElement")


def test_the_colours_follow_the_system_until_they_are_chosen(open_page: Any) -> None:
    page = open_page("make", scheme="dark")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.get_by_role("button", name="Colours").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.reload()
    page.get_by_role("navigation").wait_for()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def tab_to(page: Any, name: str) -> None:
    """Press Tab until something of that name has the focus."""
    wanted = page.get_by_label(name, exact=True)
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.count() and wanted.first.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"Tab never reached {name}")


def violations(page: Any, axe: str) -> list[str]:
    page.evaluate(axe)
    found = page.evaluate("axe.run().then(results => results.violations)")
    return [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]
