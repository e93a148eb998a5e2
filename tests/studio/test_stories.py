"""What people do in the studio, from the first click to the result."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fromnoise.pictures import encode_picture

pytestmark = pytest.mark.slow
PROMPT = "a red apple with a green leaf"

WATCH = """() => {
    window.seen = new Set();
    const look = () => document.querySelectorAll("main img").forEach(image => window.seen.add(image.alt));
    new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributes: true});
}"""


def ask_for_a_picture(page: Any, prompt: str = PROMPT, steps: int = 4, seed: int = 7, **fields: str) -> None:
    page.get_by_label("Prompt").fill(prompt)
    page.get_by_label("Seed", exact=True).fill(str(seed))
    page.get_by_label("Seed", exact=True).blur()
    if not page.get_by_label("Steps", exact=True).is_visible():
        page.get_by_text("Fine control").click()
    page.get_by_label("Steps", exact=True).fill(str(steps))
    for label, value in fields.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Make", exact=True).click()


def finished(page: Any) -> None:
    page.get_by_role("link", name="Save").wait_for()


def saved(page: Any) -> Path:
    with page.expect_download() as download:
        page.get_by_role("link", name="Save").click()
    return Path(download.value.path())


def settings_of(file: Path) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(Image.open(file).info["fromnoise"])
    return settings


def made_by_fromnoise(folder: Path, **settings: Any) -> Path:
    file = folder / "mine.png"
    file.write_bytes(
        encode_picture(Image.new("RGB", (128, 128), "teal"), "PNG", {"prompt": PROMPT} | settings)
    )
    return file


def test_a_picture_appears_out_of_noise_and_every_step_can_be_seen_again(open_page: Any) -> None:
    page = open_page()
    page.evaluate(WATCH)
    ask_for_a_picture(page)
    finished(page)
    assert f"{PROMPT}, still forming" in page.evaluate("[...window.seen]")
    last = page.get_by_alt_text(PROMPT, exact=True).get_attribute("src")
    steps = page.get_by_label("Out of noise, step")
    steps.focus()
    page.keyboard.press("Home")
    assert steps.get_attribute("aria-valuetext") == "1 of 4"
    assert page.get_by_alt_text(PROMPT, exact=True).get_attribute("src") != last
    page.keyboard.press("End")
    assert page.get_by_alt_text(PROMPT, exact=True).get_attribute("src") == last


def test_the_saved_picture_carries_the_settings_that_are_shown(open_page: Any) -> None:
    page = open_page()
    ask_for_a_picture(page, seed=11)
    finished(page)
    settings = settings_of(saved(page))
    assert (settings["prompt"], settings["seed"], settings["steps"]) == (PROMPT, 11, 4)
    assert page.get_by_role("definition").filter(has_text="11").first.is_visible()


def test_control_and_enter_make_and_escape_stops(open_page: Any) -> None:
    page = open_page()
    page.get_by_label("Prompt").fill(PROMPT)
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Stop").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Make", exact=True).wait_for()


def test_what_is_refused_says_why_and_keeps_the_form(open_page: Any) -> None:
    page = open_page()
    ask_for_a_picture(page, "a body covered in blood and gore")
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


def test_variations_start_from_the_picture_that_is_there(open_page: Any) -> None:
    page = open_page()
    ask_for_a_picture(page)
    finished(page)
    page.get_by_role("button", name="Variations").click()
    page.get_by_role("button", name="Picture 4 of 4").wait_for()
    finished(page)
    assert page.get_by_label("A picture", exact=True).is_checked()
    assert settings_of(saved(page))["strength"] == 0.5


def test_only_what_is_painted_over_is_made_anew(open_page: Any, tmp_path: Path) -> None:
    page = open_page()
    page.get_by_label("A picture", exact=True).check()
    page.get_by_label("Choose a picture").set_input_files(made_by_fromnoise(tmp_path))
    page.get_by_text("Paint a rectangle by numbers").click()
    for name, percent in (("Left, %", 50), ("Top, %", 0), ("Width, %", 50), ("Height, %", 100)):
        page.get_by_label(name).fill(str(percent))
    page.get_by_role("button", name="Paint the rectangle").click()
    page.get_by_text("Only what is painted over is made anew.").wait_for()
    page.get_by_label("Change", exact=True).fill("1")
    ask_for_a_picture(page)
    finished(page)
    picture = np.asarray(Image.open(saved(page)).convert("RGB")).astype(int)
    away = np.abs(picture - np.array([0, 128, 128])).mean(axis=2)
    assert away[:, :56].mean() < 12 < away[:, 72:].mean()


def test_a_brush_stroke_reaches_the_border_and_can_be_undone(open_page: Any, tmp_path: Path) -> None:
    page = open_page()
    page.get_by_label("A picture", exact=True).check()
    page.get_by_label("Choose a picture").set_input_files(made_by_fromnoise(tmp_path))
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


def test_one_thing_turns_into_another(open_page: Any) -> None:
    page = open_page()
    page.get_by_label("Two ends").check()
    page.get_by_label("Turns into").fill("a green pear")
    page.get_by_label("Frames").fill("3")
    ask_for_a_picture(page)
    finished(page)
    slider = page.get_by_label("From one to the other")
    slider.focus()
    page.keyboard.press("End")
    assert slider.get_attribute("aria-valuetext") == "3 of 3"


def test_the_gallery_recalls_every_setting(open_page: Any) -> None:
    page = open_page()
    ask_for_a_picture(page, seed=4711, **{"Not in the picture": "grey"})
    finished(page)
    page.get_by_role("link", name="Gallery").click()
    page.get_by_role("button", name="seed 4711").first.click()
    page.get_by_role("dialog").get_by_text("grey").wait_for()
    page.get_by_role("button", name="Recall every setting").click()
    page.get_by_label("Prompt").wait_for()
    assert page.get_by_label("Seed", exact=True).input_value() == "4711"
    assert page.get_by_label("Steps", exact=True).input_value() == "4"
    assert page.get_by_label("Not in the picture").input_value() == "grey"


def test_what_is_deleted_is_gone(open_page: Any) -> None:
    page = open_page()
    ask_for_a_picture(page, seed=4712)
    finished(page)
    page.get_by_role("link", name="Gallery").click()
    page.get_by_role("button", name="seed 4712").first.click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="seed 4712").wait_for(state="detached")
    page.reload()
    page.get_by_role("heading", name="Gallery").wait_for()
    page.wait_for_timeout(500)
    assert page.get_by_role("button", name="seed 4712").count() == 0


def test_two_pictures_of_the_gallery_become_two_ends(open_page: Any) -> None:
    page = open_page()
    for seed, prompt in ((5, "a red apple"), (6, "a yellow sun")):
        ask_for_a_picture(page, prompt, seed=seed)
        page.get_by_role("progressbar").wait_for()
        page.get_by_role("progressbar").wait_for(state="detached")
        finished(page)
    page.get_by_role("link", name="Gallery").click()
    page.get_by_label("Take “a red apple”, seed 5, as one end").first.check()
    page.get_by_label("Take “a yellow sun”, seed 6, as one end").first.check()
    page.get_by_role("button", name="Go from one to the other").click()
    assert page.get_by_label("Prompt").input_value() == "a red apple"
    assert page.get_by_label("Turns into").input_value() == "a yellow sun"
    assert page.get_by_label("Seed at that end").input_value() == "6"


def test_a_png_from_outside_tells_its_settings(open_page: Any, tmp_path: Path) -> None:
    settings = {
        "style": "twemoji",
        "seed": 99,
        "steps": 7,
        "solver": "ddim",
        "guidance": 2.0,
        "weaker": "emoji-small",
    }
    page = open_page("gallery")
    page.get_by_label("Open a PNG").set_input_files(made_by_fromnoise(tmp_path, **settings))
    page.get_by_role("button", name="Recall every setting").click()
    page.get_by_text("Fine control").click()
    assert page.get_by_label("Seed", exact=True).input_value() == "99"
    assert page.get_by_label("Steps", exact=True).input_value() == "7"
    assert page.get_by_text("Recalled weaker: emoji-small").is_visible()


def test_a_png_may_be_dropped_anywhere(open_page: Any, tmp_path: Path) -> None:
    page = open_page("watch")
    drop = """bytes => {
        const files = new DataTransfer();
        files.items.add(new File([new Uint8Array(bytes)], "mine.png", {type: "image/png"}));
        document.querySelector("main").dispatchEvent(
            new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true}));
    }"""
    page.evaluate(drop, list(made_by_fromnoise(tmp_path, seed=3).read_bytes()))
    page.get_by_role("dialog").get_by_role("heading", name=PROMPT).wait_for()


def test_a_png_of_somebody_else_is_turned_down_in_one_sentence(open_page: Any, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32)).save(buffer, "PNG")
    page = open_page("gallery")
    other = {"name": "other.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    page.get_by_label("Open a PNG").set_input_files(other)
    page.get_by_role("dialog").get_by_text("This PNG carries no fromnoise settings.").wait_for()


def test_words_are_written(open_page: Any) -> None:
    page = open_page("words")
    page.get_by_label("Beginning").fill("O rose, thou art")
    page.get_by_label("Length, tokens").fill("12")
    page.get_by_role("button", name="Write").click()
    article = page.get_by_role("article", name="Word after word")
    article.get_by_text("tokens").wait_for()
    assert article.get_by_text("O rose, thou art").is_visible()


def test_words_form_all_at_once_and_every_step_can_be_seen_again(open_page: Any) -> None:
    page = open_page("words")
    page.wait_for_timeout(500)
    article = page.get_by_role("article", name="All at once")
    if article.get_by_text("no such model here").is_visible():
        pytest.skip("no model that forms words all at once is installed")
    page.get_by_label("Beginning").fill("O rose, thou art")
    page.get_by_label("Length, tokens").fill("12")
    page.get_by_label("Steps, all at once").fill("6")
    page.get_by_role("button", name="Write").click()
    article.get_by_text("tokens").wait_for()
    article.get_by_label("Out of blanks, step").fill("0")
    assert article.locator(".blank").count() > 0


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
