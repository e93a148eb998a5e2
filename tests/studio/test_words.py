"""Words: written on, filled into gaps and written anew, beside each other."""

from typing import Any

import pytest

pytestmark = pytest.mark.slow
TEXT = "O rose, thou art the queen of all the night,\nAnd all the stars are servants of thy light."


@pytest.fixture
def page(open_page: Any) -> Any:
    """The page of words, of models that form them in any order too."""
    page = open_page("words")
    page.get_by_text("verse-gpt").wait_for()
    if page.get_by_text("no such model here").is_visible():
        pytest.skip("no model that forms words all at once is installed")
    return page


def write(page: Any, tokens: int = 12, steps: int = 6) -> None:
    page.get_by_label("Length, tokens").fill(str(tokens))
    if not page.get_by_label("Temperature").is_visible():
        page.get_by_text("Fine control").click()
    page.get_by_label("Steps, all at once").fill(str(steps))
    page.get_by_role("button", name="Write", exact=True).click()


def finished(page: Any, title: str) -> Any:
    article = page.get_by_role("article", name=title)
    article.get_by_text("ended by").wait_for()
    return article


def test_the_same_beginning_is_written_on_twice(page: Any) -> None:
    page.get_by_label("Beginning").fill("O rose, thou art")
    write(page)
    assert "O rose, thou art" in finished(page, "Word after word").locator(".text").inner_text()
    article = finished(page, "All at once")
    article.get_by_label("Out of blanks, step").fill("0")
    assert article.locator(".blank").count() > 0


def test_gaps_are_filled_and_all_else_stays(page: Any) -> None:
    page.get_by_label("Fill gaps").check()
    assert page.get_by_role("button", name="Write", exact=True).is_disabled()
    text = page.get_by_label("Text with gaps")
    text.fill("O rose, thou art __3__, queen of all the night.")
    write(page)
    article = finished(page, "All at once")
    told = article.locator(".text").inner_text().strip()
    assert told.startswith("O rose, thou art ") and told.endswith(", queen of all the night.")
    assert article.locator("mark").inner_text().strip() == told[17:-25].strip() != ""
    begun = finished(page, "Word after word").locator(".text").inner_text().strip()
    assert begun.startswith("O rose, thou art") and "queen of all the night." not in begun


def test_a_button_puts_a_gap_where_the_cursor_is(page: Any) -> None:
    page.get_by_label("Fill gaps").check()
    page.get_by_label("Text with gaps").fill("O , thou")
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Insert a gap").click()
    assert page.get_by_label("Text with gaps").input_value() == "O ___, thou"


def test_a_text_is_written_anew_and_the_changes_are_marked(page: Any) -> None:
    page.get_by_label("Write anew").check()
    page.get_by_label("Text to write anew").fill(TEXT)
    page.get_by_label("Change", exact=True).fill("0.4")
    page.get_by_label("sonnet").check()
    write(page)
    article = finished(page, "All at once")
    told = article.locator(".text").inner_text().strip()
    assert told != TEXT
    assert article.locator("mark").count() > 0
    kept = set(told.split()) & set(TEXT.split())
    assert len(kept) > 3


def test_the_gallery_recalls_gaps(page: Any) -> None:
    page.get_by_label("Fill gaps").check()
    page.get_by_label("Text with gaps").fill("The __2__ of the sea.")
    write(page)
    finished(page, "All at once")
    page.get_by_role("link", name="Gallery").click()
    page.get_by_role("button", name="The __2__ of the sea.").first.click()
    page.get_by_role("button", name="Recall every setting").click()
    assert page.get_by_label("Text with gaps").input_value() == "The __2__ of the sea."
    assert page.get_by_label("Steps, all at once").input_value() == "6"
