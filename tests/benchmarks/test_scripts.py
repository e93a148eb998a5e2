"""Every script on a tiny emoji set, with a model that knows nothing but the real pictures."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from benchmarks import (
    asks,
    contact_sheet,
    diversity,
    free_prompts,
    memorisation,
    quality,
    real_pictures,
    report,
    solver_steps,
)
from benchmarks.real_pictures import GALLERY, GROUPS, STYLES
from fromnoise.data.dataset import Item, dataset_folder
from fromnoise.data.writing import write_pictures
from fromnoise.requests import ImageResult

SCRIPTS = (quality, memorisation, contact_sheet, free_prompts, diversity)
SIDE = 32
SPLITS = ("train", "train", "pair", "concept")
THINGS = ("car", "cat", "egg", "hat")
LABELS = [f"{colour} {thing}" for colour in ("red", "green", "blue") for thing in THINGS]


def picture(label: str, style: str) -> np.ndarray:
    blocks = np.random.default_rng(LABELS.index(label)).integers(0, 180, (4, 4, 3))
    grain = np.random.default_rng(len(style) + ord(style[-1])).integers(0, 60, (SIDE, SIDE, 3))
    return (np.kron(blocks, np.ones((SIDE // 4, SIDE // 4, 1))) + grain).astype(np.uint8)


def item(place: int, style: str) -> Item:
    return Item(
        id=f"{style}/{place}",
        caption=LABELS[place],
        label=LABELS[place],
        split=SPLITS[place % len(SPLITS)],
        licence="",
        attribution="",
        source="",
        concept=f"{place:X}",
        group=GROUPS[place % len(GROUPS)],
        style=style,
        family=style,
    )


def written(name: str, styles: tuple[str, ...]) -> None:
    places = range(len(LABELS))
    rows = ((picture(LABELS[place], style), item(place, style)) for style in styles for place in places)
    write_pictures(dataset_folder(name), name, SIDE, rows)


def coarse(pictures: np.ndarray, batch: int = 64) -> np.ndarray:
    blocks = pictures.reshape(len(pictures), 4, pictures.shape[1] // 4, 4, -1, 3)
    return blocks.mean((2, 4)).reshape(len(pictures), -1).astype(np.float32)


@dataclass
class Copier:
    """Return the asked real picture, else noise by the seed."""

    codec: "Copier | None" = None

    def generate(self, prompt, *, style, seed, steps=None, solver=None, grid=None):
        del steps, solver, grid
        noise = np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
        made = picture(prompt, style) if prompt in LABELS else noise
        return ImageResult([Image.fromarray(made)])

    def encode(self, pictures):
        return pictures

    def decode(self, x0):
        return x0


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path / "home"))
    written("emoji", STYLES)
    written(GALLERY, ("other",))
    for module in (real_pictures, quality, memorisation, diversity, solver_steps):
        monkeypatch.setattr(module, "features", coarse)
    for module in (*SCRIPTS, solver_steps):
        monkeypatch.setattr(module, "loaded_model", lambda name, device=None: Copier(codec=Copier()))
    monkeypatch.setattr(
        report, "save_result", lambda name, result: (tmp_path / f"{name}.json").write_text(json.dumps(result))
    )
    for module in (quality, memorisation, free_prompts, diversity, solver_steps):
        monkeypatch.setattr(module, "save_result", report.save_result)
    return tmp_path


def test_quality_of_a_copier_is_perfect(bench, capsys):
    quality.main(count=3)
    scores = json.loads((bench / "quality.json").read_text())["scores"]
    means = {score["asked"]: score for score in scores if score["style"] == "mean"}
    assert set(means) == {"real pictures", *quality.SPLITS.values(), "held out, real through the codec"}
    assert all(score["rank_1"] == 1 for score in means.values())
    assert means["seen pairs"]["count"] == 3 * len(STYLES)
    assert "| seen pairs | mean | 15 | 1 |" in capsys.readouterr().out


def test_memorisation_finds_the_copies(bench):
    memorisation.main(count=2)
    rows = {row["pictures"]: row for row in json.loads((bench / "memorisation.json").read_text())["rows"]}
    assert rows["held-out real pictures"]["share"] <= 0.01
    assert rows["seen pairs"]["share"] == 1
    assert rows["free prompts"]["near copies"] == 0


def test_sheets(bench):
    contact_sheet.main(output=bench / "sheet.png")
    free_prompts.main(output=bench / "free.png")
    diversity.main(output=bench / "diversity.png")
    assert Image.open(bench / "free.png").width > 10 * SIDE
    rows = json.loads((bench / "diversity.json").read_text())["rows"]
    assert [row["prompt"] for row in rows] == list(diversity.PROMPTS)


def test_pictures_that_are_alike_count_once():
    distances = np.abs(np.subtract.outer([0, 0.1, 5, 5.2, 9], [0, 0.1, 5, 5.2, 9]))
    assert diversity.different(distances, 1.0) == 3


def test_solver_steps_tell_no_difference_where_there_is_none(bench, monkeypatch):
    monkeypatch.setattr(solver_steps, "OWN", "pixels")
    solver_steps.main(solvers=("ddim", "heun"), calls=(5, 10), count=1)
    rows = json.loads((bench / "solver-steps.json").read_text())["rows"]
    assert [row["calls"] for row in rows] == [5, 10, 5, 10]
    assert all(row["pixel_rmse"] == 0 for row in rows)


@pytest.mark.parametrize("script", SCRIPTS)
def test_prompts_can_be_written_and_pictures_read(bench, script):
    script.main(write=bench / "prompts.jsonl")
    lines = [json.loads(line) for line in (bench / "prompts.jsonl").read_text().splitlines()]
    assert set(lines[0]) == {"prompt", "style", "seed"}


def test_prompts_do_not_depend_on_the_order_of_the_set(bench):
    real = real_pictures.RealPictures.open()
    chosen = asks.asks_of(real, "train", 2)
    assert [ask.seed for ask in chosen] == list(range(2 * len(STYLES)))
    assert {ask.style for ask in chosen} == set(STYLES)
    assert len(free_prompts.PROMPTS) == 50


def test_too_few_pictures_are_named(bench):
    with pytest.raises(asks.DataError, match=r"should hold 2 pictures, but 00000\.png is missing"):
        asks.read_pictures(bench, 2)
