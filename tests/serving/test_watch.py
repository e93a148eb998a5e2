"""What changes is noticed, what doesn't is not, and who asked hears of it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fromnoise.errors import RequestError
from fromnoise.requests import ImageResult
from fromnoise.serving.drift import kernel_distance, length_group, of_groups, stability_index
from fromnoise.serving.record import Record, Row
from fromnoise.serving.watch import Watch, described_picture, described_text

USUAL = [
    f"{colour} {thing}" for colour in ("red", "green", "blue") for thing in ("apple", "house", "cat", "tree")
]
OTHER = [
    f"quarterly {word} of the company, in dollars, for the board" for word in ("revenue", "loss", "outlook")
]


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    made = Record(tmp_path)
    yield made
    made.close()


def row(place: int, prompt: str, verdict: str = "done", style: str | None = "noto") -> Row:
    return Row(f"r{place}", "picture", "m", verdict, "", "", "", prompt, style, place, 1, 20, None, 0.1, 1.0)


def result(shade: int, dice: np.random.Generator) -> ImageResult:
    pixels = dice.normal(shade, 30, (16, 16, 3)).clip(0, 255).astype(np.uint8)
    return ImageResult([Image.fromarray(pixels)], [{}])


def test_equal_shares_have_no_index_and_moved_ones_a_large_one() -> None:
    old = ["a", "b"] * 100
    assert stability_index(old, old) == 0
    assert stability_index(old, ["a"] * 190 + ["b"] * 10) > 0.25
    assert stability_index(old, ["c"] * 200) > 1


def test_the_index_is_the_same_both_ways() -> None:
    old, new = ["a"] * 150 + ["b"] * 50, ["a"] * 60 + ["b"] * 140
    assert stability_index(old, new) == pytest.approx(stability_index(new, old))


def test_few_are_not_judged() -> None:
    assert of_groups("x", ["a"] * 399).state == "collecting"
    assert of_groups("x", ["a"] * 400).state == "ok"
    assert [length_group(length) for length in (0, 1, 2, 3, 4)] == [f"length {n}" for n in (0, 1, 2, 2, 3)]


def test_features_of_one_kind_are_near_and_a_small_shift_is_seen() -> None:
    dice = np.random.default_rng(0)
    old = dice.normal(size=(200, 16)).astype(np.float32)
    alarms = 0
    for _ in range(20):
        value, limit = kernel_distance(old, dice.normal(size=(200, 16)).astype(np.float32))
        alarms += value > limit
    assert alarms <= 2
    value, limit = kernel_distance(old, dice.normal(0.5, size=(200, 16)).astype(np.float32))
    assert value > limit


def test_what_keeps_coming_raises_no_alert_and_what_changes_does_within_500(record: Record) -> None:
    watch, dice = Watch(record), np.random.default_rng(0)
    for place in range(500):
        watch.note(usual := row(place, USUAL[place * 7 % 12]), result(120, dice))
        record.add(usual)
    assert {drift.state for drift in watch.look()} == {"ok"}
    assert record.read("SELECT * FROM alerts") == []
    for place in range(500, 900):
        watch.note(other := row(place, OTHER[place % 3], style="twemoji"), result(200, dice))
        record.add(other)
    assert {drift.state for drift in watch.look()} == {"drifted"}
    names = {alert["name"] for alert in record.read("SELECT name FROM alerts")}
    assert names >= {"drift:prompts' lengths", "drift:styles", "drift:pictures", "drift:picture prompts"}
    watch.close()


def test_many_refusals_raise_one_alert_and_the_webhook_hears(record: Record) -> None:
    heard: list[dict[str, str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as hook:
        threading.Thread(target=hook.serve_forever, daemon=True).start()
        watch = Watch(record, f"http://127.0.0.1:{hook.server_port}/")
        for place in range(50):
            record.add(row(place, "a", "refused" if place % 3 == 0 else "done"))
        watch.look()
        watch.look()
        watch.close()
        hook.shutdown()
    assert [told["name"] for told in heard] == ["share:refused"]
    assert "34%" in heard[0]["message"]


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1/", "http://example.com/", "http://127.0.0.1.example.com/", "file:///x"]
)
def test_a_webhook_stays_on_this_machine(record: Record, address: str) -> None:
    with pytest.raises(RequestError, match="this machine"):
        Watch(record, address)


def test_texts_and_pictures_are_told_by_numbers_that_nobody_can_read_back() -> None:
    assert described_text("").shape == described_text("a" * 5000).shape == (64,)
    assert np.linalg.norm(described_text("red apple")) == pytest.approx(1)
    assert described_picture(Image.new("RGB", (30, 20), "red")).shape == (64,)
