"""Pictures, from the first click to the last."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow
PROMPT = "a red apple with a green leaf"

WATCH = """() => {
    window.seen = new Set();
    const look = () => document.querySelectorAll("main img").forEach(image => window.seen.add(image.alt));
    new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributes: true});
}"""


def test_a_picture_appears_out_of_noise_and_every_step_can_be_seen_again(open_bench: Any) -> None:
    bench = open_bench()
    page = bench.page
    page.evaluate(WATCH)
    bench.ask()
    bench.finish()
    assert f"{PROMPT}, still forming" in page.evaluate("[...window.seen]")
    last = page.get_by_alt_text(PROMPT, exact=True).get_attribute("src")
    steps = page.get_by_label("Every step")
    steps.focus()
    page.keyboard.press("Home")
    assert steps.get_attribute("aria-valuetext") == "1 of 4"
    assert page.get_by_alt_text(PROMPT, exact=True).get_attribute("src") != last
    page.keyboard.press("End")
    assert page.get_by_alt_text(PROMPT, exact=True).get_attribute("src") == last


def test_the_saved_picture_carries_the_settings_that_are_shown(open_bench: Any) -> None:
    bench = open_bench()
    page = bench.page
    bench.ask(seed=11)
    bench.finish()
    settings = bench.settings()
    assert (settings["prompt"], settings["seed"], settings["steps"]) == (PROMPT, 11, 4)
    assert page.get_by_role("definition").filter(has_text="11").first.is_visible()


def test_control_and_enter_make_and_escape_stops(open_page: Any) -> None:
    page = open_page()
    page.get_by_label("Prompt").fill(PROMPT)
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Stop").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Make", exact=True).wait_for()


def test_what_is_refused_says_why_and_keeps_the_form(open_bench: Any) -> None:
    bench = open_bench()
    page = bench.page
    bench.ask("a body covered in blood and gore")
    page.get_by_role("alert").get_by_text("Unsafe prompt detected").wait_for()
    assert page.get_by_label("Prompt").input_value() == "a body covered in blood and gore"


def test_the_address_recalls_every_setting(open_page: Any) -> None:
    settings = (
        "prompt=a+kite&style=twemoji&seed=42&steps=9&guidance=2.5&negative=grey&count=3&solver=ddim&eta=0.5"
    )
    page = open_page(f"make?{settings}")
    page.get_by_text("Fine control").click()
    shown = {
        name: page.get_by_label(name, exact=True).input_value()
        for name in ("Prompt", "Seed", "Pictures", "Steps")
    }
    assert shown == {"Prompt": "a kite", "Seed": "42", "Pictures": "3", "Steps": "9"}
    assert page.get_by_label("Guidance").input_value() == "2.5"
    assert page.get_by_label("Solver").input_value() == "ddim"
    assert page.get_by_label("Not in the picture").input_value() == "grey"
    assert page.get_by_label("twemoji").is_checked()
    page.wait_for_timeout(500)
    kept = page.evaluate("location.hash").lstrip("#")
    assert sorted(kept.removeprefix("make?").split("&")) == sorted(settings.split("&"))


def test_variations_start_from_the_picture_that_is_there(open_bench: Any) -> None:
    bench = open_bench()
    page = bench.page
    bench.ask()
    bench.finish()
    page.get_by_role("button", name="Variations").click()
    page.get_by_role("button", name="Picture 4 of 4").wait_for()
    bench.finish()
    assert page.get_by_label("A picture", exact=True).is_checked()
    assert bench.settings()["strength"] == 0.5


def test_only_what_is_painted_over_is_made_anew(open_bench: Any, png: Any) -> None:
    bench = open_bench()
    page = bench.page
    page.get_by_label("A picture", exact=True).check()
    page.get_by_label("Choose a picture").set_input_files(png())
    page.get_by_text("Paint a rectangle by numbers").click()
    for name, percent in (("Left, %", 50), ("Top, %", 0), ("Width, %", 50), ("Height, %", 100)):
        page.get_by_label(name).fill(str(percent))
    page.get_by_role("button", name="Paint the rectangle").click()
    page.get_by_text("Only what is painted over is made anew.").wait_for()
    page.get_by_label("Change", exact=True).fill("1")
    bench.ask()
    bench.finish()
    picture = np.asarray(Image.open(bench.saved()).convert("RGB")).astype(int)
    away = np.abs(picture - np.array([0, 128, 128])).mean(axis=2)
    assert away[:, :56].mean() < 12 < away[:, 72:].mean()


def test_a_brush_stroke_reaches_the_border_and_can_be_undone(open_page: Any, png: Any) -> None:
    page = open_page()
    page.get_by_label("A picture", exact=True).check()
    page.get_by_label("Choose a picture").set_input_files(png())
    sheet = page.locator(".sheet canvas").bounding_box()
    page.mouse.move(sheet["x"] + 30, sheet["y"] + 30)
    page.mouse.down()
    page.mouse.move(sheet["x"] - 40, sheet["y"] - 40, steps=4)
    page.mouse.up()
    page.get_by_text("Only what is painted over is made anew.").wait_for()
    painted = "document.querySelector('.sheet canvas').getContext('2d').getImageData(0, 0, 1, 1).data[3]"
    assert page.evaluate(painted) > 0
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Paint over a part to change that part alone.").wait_for()
    assert page.evaluate(painted) == 0


def test_one_thing_turns_into_another(open_bench: Any) -> None:
    bench = open_bench()
    page = bench.page
    page.get_by_label("Two ends").check()
    page.get_by_label("Turns into").fill("a green pear")
    page.get_by_label("Frames").fill("3")
    bench.ask()
    bench.finish()
    slider = page.get_by_label("From one to the other")
    slider.focus()
    page.keyboard.press("End")
    assert slider.get_attribute("aria-valuetext") == "3 of 3"
