"""The whole evaluation, on tiny pictures and with the extractor that needs no weights."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import fromnoise.evaluation
from fromnoise.errors import DataError
from fromnoise.evaluation import evaluate, judge
from fromnoise.evaluation.evaluating import Method, compare
from fromnoise.evaluation.sources import Pixels, Source, source_of

LENIENT: dict[str, object] = {"pictures": {"least_samples": 20}}


def spots(count: int, seed: int, colours: int = 3) -> list[Pixels]:
    """Draw pictures of one soft spot each, at a random place and of a random colour."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[0:24, 0:24]
    pictures = []
    for _ in range(count):
        place, size = chance.uniform(4, 20, 2), chance.uniform(2, 6)
        light = np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / size**2)
        colour = np.zeros(3)
        colour[chance.integers(colours)] = chance.uniform(120, 250)
        pictures.append((255 - light[..., None] * colour).astype(np.uint8))
    return pictures


def measured(*sets: Any, **options: Any) -> dict[str, Any]:
    return evaluate(*sets, **({"extractor": "pixels", "thresholds": LENIENT} | options))


@pytest.fixture(scope="module")
def alike() -> dict[str, Any]:
    return measured(spots(60, 1), spots(120, 2), spots(90, 3))


def test_pictures_of_the_same_kind_are_ready(alike: dict[str, Any]) -> None:
    assert alike["verdict"]["level"] == "ready", alike["verdict"]
    assert alike["n"] == 60 and alike["leaked"] == 0 and alike["kind"] == "pictures"


def test_a_report_says_what_it_takes_to_repeat_it(alike: dict[str, Any]) -> None:
    for key in (
        "fromnoise",
        "made",
        "extractor",
        "extractor_sha256",
        "resize",
        "seed",
        "k",
        "generated",
        "real",
    ):
        assert alike[key] is not None
    assert alike["train"] == {"name": "train", "count": 90}


def test_every_figure_has_an_interval_about_it_and_the_same_figure_of_real_pictures(
    alike: dict[str, Any],
) -> None:
    names = {
        "frechet_distance",
        "kernel_distance",
        "precision",
        "recall",
        "density",
        "coverage",
        "vendi_score",
    }
    assert names | {"memorized_share"} == alike["metrics"].keys()
    for name, entry in alike["metrics"].items():
        assert entry["low"] <= entry["value"] <= entry["high"] and "baseline" in entry, name


def test_a_report_is_json_without_nan_and_is_judged_the_same_again(alike: dict[str, Any]) -> None:
    saved = json.loads(json.dumps(alike, allow_nan=False))
    assert judge(saved, LENIENT).as_json() == alike["verdict"]


def test_the_same_seed_gives_the_same_report_and_what_cannot_be_measured_is_noted() -> None:
    first, again = (measured(spots(20, 1), spots(40, 2)) for _ in range(2))
    assert first | {"made": ""} == again | {"made": ""}
    assert any("Inception Score needs" in note for note in first["notes"])


def test_noise_is_not_ready() -> None:
    noise = list(np.random.default_rng(0).integers(0, 256, (60, 24, 24, 3)).astype(np.uint8))
    verdict = measured(noise, spots(120, 2))["verdict"]
    assert verdict["level"] == "not ready" and "unlike real ones" in " ".join(verdict["reasons"])


def test_a_single_picture_over_and_over_is_missing_variety() -> None:
    verdict = measured([*spots(3, 1)] * 20, spots(120, 2))["verdict"]
    assert verdict["level"] == "not ready" and "Variety is missing" in " ".join(verdict["reasons"])


def test_copies_of_the_training_pictures_are_not_ready() -> None:
    train = spots(150, 3)
    report = measured(train[:50], spots(120, 2), train)
    assert report["metrics"]["memorized_share"]["value"] == 1.0 and report["memorization"]["exact"] == 50
    assert report["verdict"]["level"] == "not ready"
    assert "copies of training pictures" in " ".join(report["verdict"]["reasons"])


def test_test_pictures_among_the_training_pictures_make_the_result_invalid_and_are_shown() -> None:
    train, real = spots(150, 3), spots(120, 2)
    found = compare(spots(50, 1), [*real[:-2], train[5], train[70]], train, Method("pixels"), LENIENT)
    assert found.report["leaked"] == 2 and found.report["verdict"]["level"] == "invalid"
    assert {leak["train"] for leak in found.report["leaks"]} == {"train 5", "train 70"}
    assert [pair.note for pair in found.gallery.leaks] == ["equal"] * 2


def test_a_set_against_itself_has_a_defined_answer_that_is_not_ready() -> None:
    report = measured(spots(60, 1), spots(60, 1))
    assert not report["verdict"]["ready"] and json.dumps(report, allow_nan=False)


def test_few_pictures_give_few_figures_and_never_a_nan() -> None:
    for count in (1, 2, 4):
        report = measured(spots(count, 1), spots(2 * count, 2))
        assert report["verdict"]["level"] == "cannot tell" and json.dumps(report, allow_nan=False)
        assert any("left out" in note for note in report["notes"])


def test_equally_many_are_compared_on_all_sides() -> None:
    assert measured(spots(30, 1), spots(21, 2))["n"] == 10
    assert measured(spots(30, 1), spots(60, 2), n=12)["n"] == 12
    with_train = measured(spots(30, 1), spots(25, 2), spots(40, 3))
    assert with_train["n"] == 25 and any(
        "baseline is training pictures" in note for note in with_train["notes"]
    )


def test_folders_lists_and_datasets_are_taken(tmp_path: Path) -> None:
    for index, picture in enumerate(spots(12, 1)):
        Image.fromarray(picture).save(tmp_path / f"{index}.png")
    assert measured(tmp_path, spots(24, 2))["generated"]["count"] == 12
    assert measured(str(tmp_path), [Image.fromarray(one) for one in spots(24, 2)])["n"] == 12


def test_the_page_shows_both_sides_and_the_worst_cases() -> None:
    train = spots(60, 3)
    gallery = compare([*train[:3], *spots(30, 1)], spots(70, 2), train, Method("pixels"), LENIENT).gallery
    assert len(gallery.generated) == len(gallery.real) == 33 and len(gallery.copies) == 12
    assert [pair.note for pair in gallery.copies[:4]] == ["suspected copy"] * 3 + ["no copy"]


def labelled(count: int, seed: int, colours: dict[str, int]) -> Source:
    """Spots whose concept is their colour and whose style is their shade, told truthfully or not."""
    chance = np.random.default_rng(seed)
    concepts = [str(name) for name in chance.choice(list(colours), count)]
    styles = [str(name) for name in chance.choice(["dark", "light"], count)]
    pictures = []
    for concept, style in zip(concepts, styles, strict=True):
        picture = np.full((16, 16, 3), 255, np.uint8)
        picture[4:12, 4:12, colours[concept]] = (0 if style == "dark" else 120) + chance.integers(40)
        pictures.append(picture)
    return replace(source_of(pictures, "spots"), concepts=concepts, styles=styles)


def test_pictures_that_show_something_else_than_was_asked_for_are_not_ready() -> None:
    colours = {"red": 0, "green": 1, "blue": 2}
    real, right = labelled(120, 1, colours), labelled(60, 2, colours)
    wrong = labelled(60, 2, {"red": 1, "green": 2, "blue": 0})
    found = measured(right, real)["metrics"]
    assert found["concept_rank_1"]["value"] > 0.95 and found["style_accuracy"]["value"] > 0.95
    assert abs(found["concept_rank_1"]["value"] - found["concept_rank_1"]["baseline"]) < 0.1
    report = measured(wrong, real)
    assert report["metrics"]["concept_rank_1"]["value"] < 0.1
    assert "don't show what was asked for" in " ".join(report["verdict"]["reasons"])


TEXTS = [
    f"The {one} fox jumps over the {two} dog."
    for one in ["red", "old", "shy", "sly"]
    for two in ["big", "fat", "lazy"]
]


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (("nowhere", spots(4, 1)), "nothing at nowhere"),
        ((TEXTS, spots(4, 1)), "generated holds words, real holds pictures"),
        ((spots(4, 1), []), "no pictures"),
        ((spots(4, 1), spots(1, 1)), "holds one picture"),
        ((3, spots(4, 1)), "must be a folder"),
        ((spots(4, 1), [np.zeros((1, 1, 3), np.uint8)] * 3), "1x1 px"),
    ],
)
def test_mistakes_are_one_line(sets: tuple[Any, Any], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        measured(*sets)
    assert "\n" not in str(caught.value)


def test_texts_are_judged_too() -> None:
    report = evaluate(TEXTS, TEXTS[::-1] * 2)
    assert report["kind"] == "words" and report["verdict"]["level"] == "cannot tell"


def test_what_is_public_is_what_it_says_whatever_was_imported_before() -> None:
    for name in fromnoise.evaluation.__all__:
        assert callable(getattr(fromnoise.evaluation, name)), name
