"""The recipes that ship: every one can be read and built, on a device that holds no numbers."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from fromnoise.codecs.bpe import PromptTokens
from fromnoise.config import check_settings
from fromnoise.data.dataset import Item, PictureSet
from fromnoise.data.texts import Document, TextSet
from fromnoise.models.features import FeatureEncoder, FeatureSettings
from fromnoise.models.image_settings import ImageDiffusionSettings
from fromnoise.training import picture_tokens, pictures, scorer, words
from fromnoise.training.recipe import Recipe, build, read_recipe

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.toml"))
MOST_PARAMETERS = 25_000_000
STYLES = ("noto", "noto-v1", "fluent-3d", "fluent-flat", "twemoji")


def dataset(size: int) -> PictureSet:
    """Eight grey pictures a style."""
    first = Item(
        id="0", caption="a thing", label="a thing", split="train", licence="", attribution="", source=""
    )
    items = [replace(first, id=f"{style}-{place}", style=style) for place in range(8) for style in STYLES]
    grey = np.full((len(items), size, size, 3), 128, np.uint8)
    return PictureSet(Path(), {"size": size, "sha256": {}}, grey, items, np.arange(len(items)))


def texts(plan: Recipe) -> TextSet:
    """One word a style."""
    styles = ("play", *plan.data.get("weights", ()))
    documents = [Document(id=style, text="word", split="train", style=style) for style in styles]
    return TextSet(Path(), {}, documents)


def picture_size(plan: Recipe) -> int:
    if plan.model["kind"] != "image-diffusion":
        return int(plan.model.get("size", 128))
    return check_settings(ImageDiffusionSettings, plan.model).codec.size or 128


def test_there_are_recipes() -> None:
    assert {"emoji-diffusion", "emoji-kl", "shapes-diffusion"} <= {path.stem for path in RECIPES}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_builds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = read_recipe(path, [])
    assert plan.name == path.stem
    size = picture_size(plan)
    shape = (32, size // 16, size // 16) if size >= 128 else (3, size, size)
    codec = SimpleNamespace(size=size, shape=shape, bounds=None)
    codes = nn.Module()
    codes.size, codes.shape, codes.codes = 60, (1, 10, 10), 1536
    monkeypatch.setattr(pictures, "make_codec", lambda kind, name, side: codec)
    monkeypatch.setattr(picture_tokens, "make_codec", lambda kind, name, side: codes)
    monkeypatch.setattr(picture_tokens, "take_words", lambda model, name: None)
    monkeypatch.setattr(
        picture_tokens.TokensTrainee, "_tokens", lambda self, settings: PromptTokens.train(["a"], 6000, 16)
    )
    monkeypatch.setattr(scorer, "load", lambda name, device: FeatureEncoder(FeatureSettings()))
    monkeypatch.setattr(pictures, "open_dataset", lambda settings: dataset(size))
    monkeypatch.setattr(words.TextSet, "open", lambda folder: texts(plan))
    with torch.device("meta"):
        model = build(plan, str(path)).model
    assert sum(parameter.numel() for parameter in model.parameters()) < MOST_PARAMETERS


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_says_how_to_run_it(path: Path) -> None:
    header = path.read_text().split("\nname = ")[0]
    assert f"fromnoise train recipes/{path.name}" in header
