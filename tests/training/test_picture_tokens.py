import json
from pathlib import Path

import pytest
import torch

from fromnoise.data.dataset import PictureSet
from fromnoise.data.shapes import build_shapes
from fromnoise.errors import ConfigError, DataError
from fromnoise.models.checkpoint import load, save
from fromnoise.models.features import FeatureEncoder, FeatureSettings
from fromnoise.models.image_tokens import ImageTokens
from fromnoise.requests import ImageRequest
from fromnoise.training.finetuning.tuning import fine_tune
from fromnoise.training.picture_codes import fidelity
from fromnoise.training.run import train

CODEC = """
name = "tiny-vq"

[model]
kind = "{kind}"
size = 16
patch = 2
encoder_widths = [8, 16]
encoder_depths = [1, 1]
decoder_widths = [8, 16]
decoder_depths = [1, 1]
{more}

[data]
dataset = "{dataset}"

[training]
steps = 6
batch = 8
warmup = 2
precision = "fp32"
validate_every = 3
judge_every = 6
sample_every = 6
save_every = 3
"""
TOKENS = """
name = "tiny-tokens"

[model]
kind = "image-tokens"
vocabulary = 300
text = 8
codec = {{ kind = "vq", name = "tiny-vq" }}

[model.net]
width = 32
depth = 1
heads = 2

[data]
dataset = "{dataset}"
augment = {{ versions = 2 }}

[training]
steps = 6
batch = 8
warmup = 2
precision = "fp32"
validate_every = 3
sample_every = 6
save_every = 3
"""
SCORER = """
name = "tiny-scorer"

[model]
kind = "scorer"
vocabulary = 300
features = "./eyes"

[data]
dataset = "{dataset}"
augment = {{ versions = 1 }}

[training]
steps = 60
batch = 32
lr = 0.01
precision = "fp32"
"""
CODES = {"vq": "codes = 16\nchannels = 4", "fsq": "levels = [4, 4]"}


@pytest.fixture
def folder(shapes: Path, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str, shapes: Path, kind: str = "vq") -> Path:
    path = folder / f"{len(list(folder.glob('*.toml')))}.toml"
    path.write_text(text.format(dataset=shapes.as_posix(), kind=kind, more=CODES[kind]))
    return path


@pytest.mark.parametrize("kind", CODES)
def test_a_codec_is_trained_by_its_recipe_and_tells_how_good_it_is(
    folder: Path, shapes: Path, kind: str
) -> None:
    made = train(write(folder, CODEC, shapes, kind), [])
    codec = load(str(made), device="cpu")
    lines = [json.loads(line) for line in (folder / "runs/tiny-vq/log.jsonl").read_text().splitlines()]
    assert lines[-1]["psnr"] > 5 and 0 < lines[-1]["codes_used"] <= 1
    decibels, codes = fidelity(codec, torch.from_numpy(PictureSet.open(shapes).pictures[:4].copy()))
    assert decibels > 5 and codes.shape == (4, 1, 4, 4)


def test_a_codec_that_was_interrupted_ends_as_if_it_had_not_been(folder: Path, shapes: Path) -> None:
    recipe = write(folder, CODEC, shapes)
    whole = load(str(train(recipe, [], out=folder / "whole")), device="cpu")
    train(recipe, ["training.steps=6", "training.minutes=0.0000001"], out=folder / "parts")
    assert (folder / "parts/state.safetensors").exists()
    parts = load(str(train(recipe, [], resume=True, out=folder / "parts")), device="cpu")
    for key, value in whole.state_dict().items():
        assert torch.equal(value, parts.state_dict()[key]), key


def test_a_model_of_tokens_is_trained_on_the_codes_and_draws(folder: Path, shapes: Path) -> None:
    train(write(folder, CODEC, shapes), [])
    made = train(write(folder, TOKENS, shapes), [])
    model = load(str(made), device="cpu")
    assert isinstance(model, ImageTokens) and model.size == 16
    assert (folder / "runs/tiny-tokens/samples-000006.png").exists()
    image = model.run(ImageRequest(prompt="a red circle")).images[0]
    assert image.size == (16, 16)


def test_too_few_pictures_are_refused_with_the_number_needed(folder: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    build_shapes(few, count=5, size=16)
    with pytest.raises(DataError, match=r"\d+ pictures are too few .* it takes 8"):
        train(write(folder, CODEC, few), [])


def test_pictures_smaller_than_the_codec_are_refused(folder: Path, shapes: Path) -> None:
    with pytest.raises(ConfigError, match="pictures of 32 px, the dataset has 16 px"):
        train(write(folder, CODEC, shapes), ["model.size=32"])


def test_a_model_of_tokens_is_fine_tuned_and_told_what_that_did(folder: Path, shapes: Path) -> None:
    train(write(folder, CODEC, shapes), [])
    base = train(write(folder, TOKENS, shapes), [])
    tuned = fine_tune(str(base), str(shapes), out=folder / "tuned", steps=4, force=True, device="cpu")
    assert tuned.report["measure"] == "nats a code" and tuned.report["steps"] == 4
    assert tuned.report["before"]["train"] > 0 and tuned.report["after"]["held_out"] > 0
    image = load(folder / "tuned", device="cpu").run(ImageRequest(prompt="a red circle")).images[0]
    assert image.size == (16, 16)


def test_a_scorer_is_trained_and_finds_the_picture_of_its_words(folder: Path, shapes: Path) -> None:
    torch.manual_seed(0)
    save(FeatureEncoder(FeatureSettings(size=32, widths=(8, 8, 8), depths=(1, 1, 1))), folder / "eyes")
    recipe = folder / "scorer.toml"
    recipe.write_text(SCORER.format(dataset=shapes.as_posix()))
    scorer = load(str(train(recipe, [])), device="cpu")
    pictures = PictureSet.open(shapes)
    shown = torch.from_numpy(pictures.pictures[:12].copy())
    words = [item.caption for item in pictures.all_items[:12]]
    right = [int(scorer.scores(shown, word).argmax()) == place for place, word in enumerate(words)]
    assert sum(right) >= 3  # by chance 1
