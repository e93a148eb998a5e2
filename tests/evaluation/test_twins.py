"""Copies inside one set: found when changed a little, and nothing else is."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fromnoise.data.shapes import build_shapes
from fromnoise.evaluation.picture_twins import Pictures, picture_twins
from fromnoise.evaluation.word_leaks import text_twins

TEXTS = [
    "The old fox sat by the river and waited for the moon to rise over the quiet hills.",
    "A king once had three daughters, and none of them would laugh at anything he said.",
    "Snow fell on the roofs all night, and in the morning the town had lost its colours.",
]


def test_texts_that_repeat_earlier_ones_are_found_once() -> None:
    near = TEXTS[1].replace("said.", "did.")
    texts = [*TEXTS, TEXTS[0].upper(), near, "fox", "hen", "fox"]
    found = [(leak.train, leak.test, leak.kind) for leak in text_twins(texts)]
    assert found == [(0, 3, "exact"), (1, 4, "near"), (5, 7, "exact")]


def test_texts_without_twins_have_none() -> None:
    assert text_twins(TEXTS) == [] and text_twins([]) == []


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    folder = tmp_path_factory.mktemp("twins") / "shapes"
    return np.array(build_shapes(folder, count=40, size=64).pictures)


def test_pictures_stored_anew_or_moved_are_found(pictures: Pictures) -> None:
    buffer = BytesIO()
    Image.fromarray(pictures[3]).save(buffer, "JPEG", quality=80)
    stored, moved = np.asarray(Image.open(buffer)), np.roll(pictures[5], 1, 1)
    twins = picture_twins(np.concatenate([pictures, [pictures[1], stored, moved]]))
    assert twins[40:].tolist() == [1, 3, 5]


def test_different_pictures_are_no_twins(pictures: Pictures) -> None:
    assert (picture_twins(pictures) < 0).all()
    assert picture_twins(pictures[:1]).tolist() == [-1]
