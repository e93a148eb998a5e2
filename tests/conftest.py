"""A model that is tiny and was never trained, for every test that only asks whether things fit together."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fromnoise.models.image_diffusion import ImageDiffusion

MakeModel = Callable[[], "ImageDiffusion"]


@pytest.fixture(scope="session")
def make_model() -> MakeModel:
    """Make a new 16 px pixel model; every call gives the same weights, and none of them is zero."""
    return _make_model


@pytest.fixture(scope="session")
def model() -> "ImageDiffusion":
    """One model for all tests that leave it as it is."""
    return _make_model()


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for models and datasets."""
    home = tmp_path / "home"
    monkeypatch.setenv("FROMNOISE_HOME", str(home))
    return home


def _make_model() -> "ImageDiffusion":
    import torch

    from fromnoise.codecs.bpe import PromptTokens
    from fromnoise.codecs.pixels import Pixels, PixelsSettings
    from fromnoise.models.image_diffusion import ImageDiffusion
    from fromnoise.models.image_settings import CodecSettings, ImageDiffusionSettings, SamplingSettings
    from fromnoise.nets.dit import DiTSettings
    from fromnoise.nets.text_encoder import TextEncoderSettings

    settings = ImageDiffusionSettings(
        styles=("outline", "plain"),
        vocabulary=300,
        codec=CodecSettings(kind="pixels", size=16),
        net=DiTSettings(width=32, depth=1, heads=2, patch=4, context_width=32),
        text=TextEncoderSettings(width=32, depth=1, heads=2, length=8),
        sampling=SamplingSettings(steps=3),
    )
    words = ["red circle", "blue square", "small green star on white"]
    torch.manual_seed(0)
    model = ImageDiffusion(settings, Pixels(PixelsSettings(size=16)), PromptTokens.train(words, 300, 8))
    for parameter in model.parameters():
        if not parameter.any():  # what starts at zero would keep words and time from mattering
            torch.nn.init.normal_(parameter, std=0.2)
    return model.eval()
