"""From a recipe to a model, through the command line."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import fromnoise
from fromnoise.cli.main import main
from fromnoise.evaluation.coverage import density_coverage
from fromnoise.evaluation.extractors import open_extractor
from fromnoise.models.checkpoint import WEIGHTS, load
from fromnoise.training import pictures, run
from fromnoise.training.loop import Training
from fromnoise.training.state import STATE


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a mistake gets."""
    capsys.readouterr()
    assert main(["train", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_recipe_becomes_a_model(recipe: Path, own_home: Path) -> None:
    assert main(["train", str(recipe)]) == 0
    folder = Path("runs/tiny")
    assert files(folder) == {"recipe.json", "log.jsonl", "samples-000006.png", "curves.svg", STATE, "tiny"}
    resolved = json.loads((folder / "recipe.json").read_text())
    assert resolved["training"]["steps"] == 6 and resolved["data"]["augment"]["scale"] == 0.15
    assert Image.open(folder / "samples-000006.png").height == 32

    model = load("tiny", device="cpu")
    assert model.styles == ("outline", "plain")
    ours, theirs = (
        np.asarray(made.generate("red circle").images[0]) for made in (model, load(folder / "tiny"))
    )
    assert np.array_equal(ours, theirs)
    assert np.array_equal(np.asarray(fromnoise.generate("red circle", model="tiny").images[0]), ours)


def test_killed_and_resumed_is_as_uninterrupted(
    recipe: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(recipe), "-o", "whole"]) == 0
    plain_step = Training._one_step

    def interrupted(self: Training) -> float:
        if self.step == 4:
            raise KeyboardInterrupt
        return plain_step(self)

    monkeypatch.setattr(Training, "_one_step", interrupted)
    assert main(["train", str(recipe), "-o", "parts"]) == 130
    assert "go on with --resume" in capsys.readouterr().err
    monkeypatch.setattr(Training, "_one_step", plain_step)
    assert "holds a training already; go on with --resume" in refused([str(recipe), "-o", "parts"], capsys)
    assert main(["train", str(recipe), "-o", "parts", "--resume"]) == 0
    whole, parts = (Path(name, "tiny", WEIGHTS).read_bytes() for name in ("whole", "parts"))
    assert whole == parts


def test_a_training_may_start_from_another_model(
    recipe: Path, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(recipe), "--set", "training.steps=1"]) == 0
    slow = ["--set", "training.lr=1e-9", "--set", "training.matrix_lr=1e-9", "--set", "training.steps=1"]
    other = ["--set", "name=other", "--set", "start=tiny", "--set", "model.text.width=64"]
    assert main(["train", str(recipe), *slow, *other, "--set", "model.net.context_width=64"]) == 0
    assert re.search(r"took \d+ of \d+ tensors from tiny", capsys.readouterr().err)
    first, second = (load_file(own_home / "models" / name / WEIGHTS) for name in ("tiny", "other"))
    shared = [key for key in first if first[key].shape == second[key].shape]
    assert 0 < len(shared) < len(first)
    assert all(torch.allclose(first[key], second[key], atol=1e-6) for key in shared)


def test_a_codec_is_trained_by_the_same_command(recipe: Path, own_home: Path, shapes: Path) -> None:
    recipe.write_text(
        f"""
name = "codec"
data = {{ dataset = "{shapes.as_posix()}" }}
training = {{ steps = 1, batch = 2, precision = "fp32" }}
[model]
kind = "kl"
size = 16
channels = 2
encoder_widths = [8, 8, 16]
decoder_widths = [8, 8, 16]
"""
    )
    assert main(["train", str(recipe)]) == 0
    codec = load("codec", device="cpu")
    assert codec.shape == (2, 1, 1) and bool((codec.latent_std != 1).all())
    assert Image.open("runs/codec/samples-000001.png").height == 32


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("model.net.widht=3", "unknown key 'widht'; did you mean width? (known"),
        ("trainig.steps=3", "unknown key 'trainig'; did you mean training?"),
        ("training.steps=0", "training.steps: Input should be greater than 0, got 0"),
        ("training.lr=nan", "training.lr: Input should be a finite number"),
        ("data.augment.versions=0", "versions: Input should be greater than or equal to 1"),
        ("name=../up", "name must be letters, digits, dots and dashes, not '../up'"),
        ("model.kind=image-difusion", "unknown kind 'image-difusion'; did you mean image-diffusion"),
        ("model.codec.size=32", "the codec is for pictures of 32 px, the dataset has 16 px"),
        ("model.codec.kind=pixls", "unknown codec 'pixls'; did you mean pixels?"),
        ("model.codec.name=nowhere", "unknown model 'nowhere'"),
        ("model.sampling.solver=huen", "[model.sampling]: unknown solver 'huen'; did you mean heun"),
        ("model.sampling.style=plane", "[model.sampling]: unknown style 'plane'; did you mean plain"),
        ("model.net.heads=5", "width must be a multiple of heads: 32 is none of 5"),
        ("model.net.patch=5", "patch must divide the codec's grid of 16 x 16, not be 5"),
        ("model.parameterization=epss", "unknown parameterization 'epss'; did you mean eps"),
        ("model.process.values.shif=2.0", "unknown value of process flow 'shif'; did you mean shift"),
        ("start=nowhere", "unknown model 'nowhere'"),
        ("data.dataset=emojis", "emojis"),
        ("data.weights.shape=2", "unknown group 'shape'; did you mean shapes"),
    ],
)
def test_a_wrong_recipe_is_told_in_one_line_and_leaves_nothing(
    recipe: Path, change: str, told: str, capsys: pytest.CaptureFixture[str], own_home: Path
) -> None:
    assert told in refused([str(recipe), "--set", change], capsys)
    assert not Path("runs").exists() and not (own_home / "models").exists()


def test_a_folder_that_cannot_be_written_is_told(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("in the way")
    said = refused([str(recipe), "-o", "file/run"], capsys)
    assert "can't write file/run/recipe.json: Not a directory" in said


def test_samples_are_drawn_without_held_out_pictures(
    recipe: Path, monkeypatch: pytest.MonkeyPatch, own_home: Path
) -> None:
    monkeypatch.setattr("fromnoise.data.feed.EncodedFeed.validation", lambda self, size: [])
    assert run.train(recipe, ["training.steps=1"]) == Path("runs/tiny/tiny")
    assert Path("runs/tiny/samples-000001.png").is_file()


def test_a_training_can_judge_what_the_model_makes(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "FEWEST_JUDGED", 2)
    monkeypatch.setattr(pictures, "open_extractor", lambda: open_extractor("pixels"))
    monkeypatch.setattr(pictures, "density_coverage", lambda made, real: density_coverage(made, real, k=1))
    assert main(["train", str(recipe), "--set", "training.judge_every=3"]) == 0
    lines = [json.loads(line) for line in Path("runs/tiny/log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "kernel_distance" in line] == [3, 6]
    assert "coverage" in Path("runs/tiny/curves.svg").read_text()
