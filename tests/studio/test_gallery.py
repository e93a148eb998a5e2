"""What was made before: found, liked, recalled, taken along and deleted."""

import base64
import io
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytestmark = pytest.mark.slow
PROMPT = "a red apple with a green leaf"


def test_the_gallery_recalls_every_setting(open_bench: Any) -> None:
    bench = open_bench()
    page = bench.page
    bench.ask(seed=4711, **{"Not in the picture": "grey"})
    bench.finish()
    page.get_by_role("link", name="Gallery").click()
    page.get_by_role("button", name="seed 4711").first.click()
    page.get_by_role("dialog").get_by_text("grey").wait_for()
    page.get_by_role("button", name="Recall every setting").click()
    page.get_by_label("Prompt").wait_for()
    assert page.get_by_label("Seed", exact=True).input_value() == "4711"
    assert page.get_by_label("Steps", exact=True).input_value() == "4"
    assert page.get_by_label("Not in the picture").input_value() == "grey"


def test_what_is_deleted_is_gone(open_bench: Any) -> None:
    bench = open_bench()
    page = bench.page
    bench.ask(seed=4712)
    bench.finish()
    page.get_by_role("link", name="Gallery").click()
    page.get_by_role("button", name="seed 4712").first.click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    page.get_by_role("button", name="seed 4712").wait_for(state="detached")
    page.reload()
    page.get_by_role("heading", name="Gallery").wait_for()
    page.wait_for_timeout(500)
    assert page.get_by_role("button", name="seed 4712").count() == 0


def test_two_pictures_of_the_gallery_become_two_ends(open_bench: Any) -> None:
    bench = open_bench()
    page = bench.page
    for seed, prompt in ((5, "a red apple"), (6, "a yellow sun")):
        bench.ask(prompt, seed=seed)
        page.get_by_role("progressbar").wait_for()
        page.get_by_role("progressbar").wait_for(state="detached")
        bench.finish()
    page.get_by_role("link", name="Gallery").click()
    page.get_by_label("Take “a red apple”, seed 5, as one end").first.check()
    page.get_by_label("Take “a yellow sun”, seed 6, as one end").first.check()
    page.get_by_role("button", name="Go from one to the other").click()
    assert page.get_by_label("Prompt").input_value() == "a red apple"
    assert page.get_by_label("Turns into").input_value() == "a yellow sun"
    assert page.get_by_label("Seed at that end").input_value() == "6"


def test_a_png_from_outside_tells_its_settings(open_page: Any, png: Any) -> None:
    settings = {
        "style": "twemoji",
        "seed": 99,
        "steps": 7,
        "solver": "ddim",
        "guidance": 2.0,
        "weaker": "emoji-small",
    }
    page = open_page("gallery")
    page.get_by_label("Open a PNG").set_input_files(png(**settings))
    page.get_by_role("button", name="Recall every setting").click()
    page.get_by_text("Fine control").click()
    assert page.get_by_label("Seed", exact=True).input_value() == "99"
    assert page.get_by_label("Steps", exact=True).input_value() == "7"
    assert page.get_by_text("Recalled weaker: emoji-small").is_visible()


def test_a_png_may_be_dropped_anywhere(open_page: Any, png: Any) -> None:
    page = open_page("watch")
    drop = """bytes => {
        const files = new DataTransfer();
        files.items.add(new File([new Uint8Array(bytes)], "mine.png", {type: "image/png"}));
        document.querySelector("main").dispatchEvent(
            new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true}));
    }"""
    page.evaluate(drop, list(png(seed=3).read_bytes()))
    page.get_by_role("dialog").get_by_role("heading", name=PROMPT).wait_for()


def test_a_png_of_somebody_else_is_turned_down_in_one_sentence(open_page: Any) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32)).save(buffer, "PNG")
    page = open_page("gallery")
    other = {"name": "other.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    page.get_by_label("Open a PNG").set_input_files(other)
    page.get_by_role("dialog").get_by_text("This PNG carries no fromnoise settings.").wait_for()


def test_favourites_stay_and_are_found_again(open_bench: Any) -> None:
    bench = open_bench()
    page = bench.page
    bench.ask(seed=4713)
    bench.finish()
    page.get_by_role("button", name="Favourite").click()
    page.get_by_role("link", name="Gallery").click()
    page.get_by_label("Favourites", exact=True).check()
    page.get_by_role("button", name="seed 4713").first.wait_for()
    page.reload()
    page.get_by_label("Favourites", exact=True).check()
    star = page.get_by_role("button", name=f"Favourite: {PROMPT}, seed 4713")
    assert star.get_attribute("aria-pressed") == "true"
    star.click()
    page.get_by_label("All", exact=True).check()
    page.get_by_label("Favourites", exact=True).check()
    page.get_by_text("No favourites yet.").wait_for()


def test_what_is_sought_is_found_by_prompt_and_seed(open_bench: Any) -> None:
    bench = open_bench()
    page = bench.page
    bench.ask("a purple umbrella", seed=4714)
    bench.finish()
    page.get_by_role("link", name="Gallery").click()
    page.get_by_label("Search").fill("UMBRELLA")
    page.get_by_role("button", name="a purple umbrella").first.wait_for()
    page.get_by_label("Search").fill("4714")
    page.get_by_role("button", name="seed 4714").first.wait_for()
    page.get_by_label("Search").fill("nothing of the kind")
    page.get_by_text("Nothing here matches").wait_for()


def test_the_gallery_saves_the_file_as_it_was_made(open_bench: Any) -> None:
    bench = open_bench()
    page = bench.page
    bench.ask(seed=4715)
    bench.finish()
    made = bench.saved().read_bytes()
    page.get_by_role("link", name="Gallery").click()
    page.get_by_role("button", name="seed 4715").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
    assert download.value.suggested_filename == "a-red-apple-with-a-green-leaf-4715.png"
    kept = Path(download.value.path()).read_bytes()
    assert settings_of(kept) == settings_of(made)


def test_the_command_that_is_copied_makes_the_same_picture(open_bench: Any, tmp_path: Path) -> None:
    bench = open_bench()
    bench.ask("a cat's red hat", seed=4716)
    bench.finish()
    program, *words = shlex.split(bench.copied("Copy the settings as a command line"))
    assert program == "fromnoise"
    file = tmp_path / "again.png"
    subprocess.run([sys.executable, "-m", "fromnoise", *words, "-o", str(file)], check=True)
    with Image.open(bench.saved()) as made, Image.open(file) as again:
        assert made.tobytes() == again.tobytes()


def test_the_curl_that_is_copied_makes_the_same_picture(open_bench: Any) -> None:
    bench = open_bench()
    bench.ask("a cat's red hat", seed=4717)
    bench.finish()
    program, *words = shlex.split(bench.copied("Copy the settings for curl"))
    assert program == "curl"
    told = subprocess.run(["curl", "-sf", *words], check=True, capture_output=True).stdout
    again = Image.open(io.BytesIO(base64.b64decode(json.loads(told)["data"][0]["b64_json"])))
    with Image.open(bench.saved()) as made:
        assert made.tobytes() == again.tobytes()


def settings_of(png: bytes) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(Image.open(io.BytesIO(png)).info["fromnoise"])
    return settings
