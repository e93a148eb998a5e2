"""A model that writes pictures code by code, at the same bench."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow
MODEL = "make?model=emoji-tokens&prompt=a+red+apple&seed=7&best_of=1"


@pytest.fixture
def bench(open_bench: Any) -> Any:
    """The bench with the model chosen."""
    bench = open_bench(MODEL)
    bench.page.get_by_label("Model", exact=True).wait_for()
    if bench.page.get_by_label("Model", exact=True).input_value() != "emoji-tokens":
        pytest.skip("emoji-tokens is not installed")
    return bench


def test_the_form_shows_what_the_chosen_model_takes_and_no_more(open_bench: Any) -> None:
    bench = open_bench()
    model = bench.page.get_by_label("Model", exact=True)
    bench.unfold()
    ours = ("Guidance at first", "Temperature", "Top p", "Top k", "Best of")
    theirs = ("Steps", "Time grid", "Fresh noise (eta)", "Two ends")
    model.select_option("emoji-tokens")
    assert [shown(bench, name) for name in (*ours, *theirs)] == [True] * 5 + [False] * 4
    bench.page.get_by_label("Solver").select_option("masked")
    assert shown(bench, "Steps")
    model.select_option("emoji-diffusion")
    assert [shown(bench, name) for name in (*ours, *theirs)] == [False] * 5 + [True] * 4


def test_what_was_set_for_another_model_is_not_asked_of_this_one(open_bench: Any) -> None:
    bench = open_bench("make?prompt=a+red+apple&eta=0.5&grid=karras&solver=heun&seed=7&best_of=1")
    bench.page.get_by_label("Model", exact=True).select_option("emoji-tokens")
    bench.page.get_by_role("button", name="Make", exact=True).click()
    bench.finish()
    settings = bench.settings()
    assert (settings["model"], settings["solver"]) == ("emoji-tokens", "next-token")


def test_the_scrubber_shows_the_picture_being_written(bench: Any) -> None:
    page = bench.page
    page.get_by_role("button", name="Make", exact=True).click()
    bench.finish()
    steps = page.get_by_label("Every step")
    white = []
    for position in (0, 30, 60, 99):
        steps.fill(str(position))
        white.append(page.evaluate(WHITE))
    assert steps.get_attribute("aria-valuetext") == "100 of 100"
    assert white == sorted(white, reverse=True) and white[0] > 0.95
    assert bench.settings()["best_of"] == 1


def test_a_half_stays_and_the_other_is_made_anew(bench: Any, png: Any) -> None:
    page = bench.page
    page.get_by_label("A picture", exact=True).check()
    page.get_by_label("Choose a picture").set_input_files(png())
    page.get_by_label("Left", exact=True).check()
    page.get_by_text("Its left half stays").wait_for()
    assert page.locator(".sheet canvas").count() == 0 and not page.get_by_label("Change", exact=True).count()
    page.get_by_role("button", name="Make", exact=True).click()
    bench.finish()
    away = np.abs(np.asarray(Image.open(bench.saved()).convert("RGB")) - np.array([0.0, 128, 128])).mean(2)
    assert away[:, :26].mean() < 12 < away[:, 34:].mean()
    assert bench.settings()["keep"] == "left"


def test_a_png_of_it_recalls_every_setting(open_page: Any, png: Any) -> None:
    written = {"model": "emoji-tokens", "style": "twemoji", "seed": 5, "temperature": 0.8, "top_p": 0.9}
    page = open_page("gallery")
    file = png(**written, solver="masked", steps=9, best_of=2, guidance=2.5, guidance_start=1.5)
    page.get_by_label("Open a PNG").set_input_files(file)
    page.get_by_role("button", name="Recall every setting").click()
    page.get_by_text("Fine control").click()
    values = {"Model": "emoji-tokens", "Seed": "5", "Temperature": "0.8", "Top p": "0.9", "Steps": "9"}
    values |= {"Solver": "masked", "Best of": "2", "Guidance": "2.5", "Guidance at first": "1.5"}
    assert {name: page.get_by_label(name, exact=True).input_value() for name in values} == values


def test_a_model_that_is_not_here_is_stood_in_for_and_said(open_page: Any, png: Any) -> None:
    page = open_page("gallery")
    page.get_by_label("Open a PNG").set_input_files(png(model="somebodys-own", seed=5))
    page.get_by_role("button", name="Recall every setting").click()
    page.get_by_text("The model somebodys-own is not on this server").wait_for()


def shown(bench: Any, label: str) -> bool:
    return bool(bench.page.get_by_label(label, exact=True).count())


WHITE = """async () => {
    const image = document.querySelector(".frame img");
    await image.decode();
    const canvas = new OffscreenCanvas(60, 60);
    const pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0, 60, 60);
    const {data} = pen.getImageData(0, 0, 60, 60);
    let white = 0;
    for (let at = 0; at < data.length; at += 4) white += data[at] + data[at + 1] + data[at + 2] > 750;
    return white / 3600;
}"""
