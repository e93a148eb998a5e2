"""A model that is tiny and was never trained, for every test that only asks whether things fit together."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fromnoise.models.image_diffusion import ImageDiffusion
    from fromnoise.models.image_tokens import ImageTokens

MakeModel = Callable[[], "ImageDiffusion"]


@pytest.fixture(scope="session")
def make_model() -> MakeModel:
    """Make a new 16 px pixel model; every call gives the same weights, and none of them is zero."""
    return _make_model


@pytest.fixture(scope="session")
def model() -> "ImageDiffusion":
    """One model for all tests that leave it as it is."""
    return _make_model()


@pytest.fixture(scope="session")
def tokens_model() -> "ImageTokens":
    """A 16 px model of 4 x 4 codes out of 24, with weights bold enough to show mistakes."""
    return _make_tokens_model()


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


def _make_tokens_model() -> "ImageTokens":
    import torch

    from fromnoise.codecs.bpe import PromptTokens
    from fromnoise.codecs.vq import VQ, VQSettings
    from fromnoise.models.image_tokens import ImageTokens
    from fromnoise.models.image_tokens_settings import ImageTokensSettings, net_tree
    from fromnoise.models.token_layout import TokenLayout

    torch.manual_seed(0)
    sizes = {"encoder_widths": (8, 8), "decoder_widths": (8, 8)}
    depths = {"encoder_depths": (1, 1), "decoder_depths": (1, 1)}
    codec = VQ(VQSettings(size=16, patch=2, codes=24, channels=4, **sizes, **depths)).eval()
    tokens = PromptTokens.train(["a red apple", "a house on a hill"], 300, 6)
    layout = TokenLayout(len(tokens), 6, ("flat", "noto"), 24, 4)
    net = net_tree({"width": 32, "depth": 2, "heads": 2, "qk_norm": True}, layout)
    tree = {"styles": layout.styles, "text": 6, "net": net, "codec": {"kind": "vq", "name": "tiny-vq"}}
    model = ImageTokens(ImageTokensSettings.model_validate(tree), codec, tokens)
    for parameter in model.net.parameters():
        parameter.data.add_(0.1 * torch.randn(parameter.shape))
    return model.eval()
