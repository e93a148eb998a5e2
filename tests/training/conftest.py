from pathlib import Path

import pytest

from fromnoise.data.shapes import build_shapes

RECIPE = """
name = "tiny"

[model]
kind = "image-diffusion"
vocabulary = 300
codec = {{ kind = "pixels", size = 16 }}

[model.net]
width = 32
depth = 1
heads = 2
patch = 8
context_width = 32

[model.text]
width = 32
depth = 1
heads = 2
length = 8

[model.sampling]
steps = 1
guidance = 1.0

[data]
dataset = "{dataset}"
augment = {{ versions = 2 }}

[training]
steps = 6
batch = 4
warmup = 2
precision = "fp32"
validate_every = 3
sample_every = 6
save_every = 3
"""


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of forty shapes of 16 px."""
    folder = tmp_path_factory.mktemp("data") / "shapes"
    build_shapes(folder, count=40, size=16)
    return folder


@pytest.fixture
def recipe(shapes: Path, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe that trains in no time, in an empty folder and an empty home."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE.format(dataset=shapes.as_posix()))
    return path
