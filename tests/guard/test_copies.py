import json
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps

from fromnoise.guard.copies import SPAN, copied_span, near_copies
from fromnoise.guard.review import review_pictures, review_texts

TEXT = (
    "It was the best of times, it was the worst of times; we had everything before us, we had nothing. " * 2
)


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """Build a dataset `blots` of twenty pictures, the last of them held out."""
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path))
    folder = tmp_path / "data" / "blots"
    folder.mkdir(parents=True)
    coarse = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), np.uint8)
    made = [Image.fromarray(each).resize((64, 64), Image.Resampling.BICUBIC) for each in coarse]
    np.save(folder / "pictures.npy", np.stack([np.asarray(each) for each in made]))
    items = [{"id": f"blot/{row}", "split": "test" if row == 19 else "train"} for row in range(20)]
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, items)))
    return made


def stored_anew(picture):
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=90, subsampling=0)
    return Image.open(buffer)


def test_copies_are_found_stored_anew_and_mirrored(pictures):
    asked = [
        pictures[3],
        stored_anew(pictures[4]),
        ImageOps.mirror(pictures[5]),
        pictures[6].resize((128, 128)),
    ]
    assert near_copies(asked, "blots-diffusion") == ["blot/3", "blot/4", "blot/5", "blot/6"]


def test_other_pictures_are_no_copies(pictures):
    assert near_copies([pictures[19], Image.new("RGB", (64, 64), "white")], "blots") == [None, None]


def test_without_the_dataset_nothing_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path))
    assert near_copies([Image.new("RGB", (64, 64))], "blots") == [None]
    assert copied_span(TEXT, "novels-gpt") is None


def test_a_review_marks_copies(pictures):
    made = [pictures[19], pictures[2]]
    *_, said = review_pictures(made, near_copies(made, "blots"))
    assert said.startswith("picture 2 nearly equals the training picture blot/2")


@pytest.fixture
def novels(tmp_path, monkeypatch):
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path))
    folder = tmp_path / "data" / "novels"
    folder.mkdir(parents=True)
    (folder / "documents.jsonl").write_text(json.dumps({"text": f"Chapter one.\n\n{TEXT}"}))


def test_a_long_span_is_found_wherever_it_stands_and_a_short_one_is_not(novels):
    for lead in range(60):
        assert copied_span("x" * lead + " " + TEXT[7 : 8 + SPAN].upper(), "novels-gpt") is not None
    assert copied_span("And then he said: " + TEXT[: SPAN // 2], "novels-gpt") is None
    assert copied_span("Something of my own. " * 20, "novels-gpt") is None
    assert review_texts(["fine", TEXT], "novels-gpt")[0].startswith(
        "text 2 repeats training texts word for word"
    )
