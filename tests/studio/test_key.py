"""A server that asks for its key, and a page that asks its user."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
KEY = "a-key-of-somebody-0123456789"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, serving: Any) -> Iterator[str]:
    """Where a server with a key is."""
    home: Path = tmp_path_factory.mktemp("locked")
    file = home / "keys"
    file.write_text(f"{KEY}\n")
    with serving(home, "--model", "emoji-tokens", "--api-key-file", str(file), key=KEY) as address:
        yield address


def test_the_page_asks_for_the_key_and_every_request_carries_it(open_bench: Any, locked: str) -> None:
    bench = open_bench(at=locked)
    page = bench.page
    asked: list[Any] = []
    page.on("request", lambda one: asked.append(one))
    page.get_by_label("A line of the file").fill("not-the-key-of-anybody")
    page.get_by_role("button", name="Open").click()
    page.get_by_role("alert").get_by_text("does not know that key").wait_for()
    assert page.evaluate("Object.keys(sessionStorage).length") == 0
    asked.clear()
    page.get_by_label("A line of the file").fill(KEY)
    page.keyboard.press("Enter")
    bench.ask(Steps=None, **{"Best of": 1})
    bench.finish()
    page.get_by_role("link", name="Gallery").click()
    picture = page.locator(".tile img").first
    picture.wait_for()
    page.wait_for_function("document.querySelector('.tile img').naturalWidth > 0")
    page.get_by_role("link", name="Watch").click()
    page.get_by_role("heading", name="Over time").wait_for()
    calls = [one for one in asked if "/api/" in one.url]
    assert {one.method for one in calls} == {"GET", "POST"}
    assert all(one.headers.get("authorization") == f"Bearer {KEY}" for one in calls)


def test_the_key_is_kept_for_the_tab_alone(open_page: Any, locked: str) -> None:
    page = open_page(at=locked)
    page.get_by_label("A line of the file").fill(KEY)
    page.get_by_role("button", name="Open").click()
    page.get_by_label("Prompt").wait_for()
    page.reload()
    page.get_by_label("Prompt").wait_for()
    assert KEY not in page.evaluate("JSON.stringify(localStorage)")
    other = page.context.new_page()
    other.goto(locked)
    other.get_by_role("heading", name="This server asks for its key").wait_for()


def test_what_can_be_no_key_is_said_at_once(open_page: Any, locked: str) -> None:
    page = open_page(at=locked)
    page.get_by_label("A line of the file").fill("мой ключ")
    page.get_by_role("button", name="Open").click()
    page.get_by_role("alert").get_by_text("A key has no spaces").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_where_the_key_is_asked_for(
    open_page: Any, locked: str, axe: str, scheme: str
) -> None:
    page = open_page(at=locked, width=360, scheme=scheme)
    page.get_by_role("button", name="Open").click()
    page.get_by_role("alert").get_by_text("A key has").wait_for()
    page.evaluate(axe)
    assert page.evaluate("axe.run().then(results => results.violations.map(one => one.id))") == []


def test_a_key_that_is_no_longer_good_is_asked_for_anew(open_page: Any, locked: str) -> None:
    page = open_page(at=locked)
    page.get_by_label("A line of the file").fill(KEY)
    page.get_by_role("button", name="Open").click()
    page.get_by_label("Prompt").fill("a red apple")
    page.evaluate("sessionStorage.setItem('fromnoise-key', 'an-old-key-of-somebody')")
    page.get_by_role("button", name="Make", exact=True).click()
    page.get_by_label("A line of the file").fill(KEY)
    page.get_by_role("button", name="Open").click()
    assert page.get_by_label("Prompt").input_value() == "a red apple"
