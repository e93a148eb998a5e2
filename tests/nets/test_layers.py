import pytest
import torch

from fromnoise.errors import ConfigError
from fromnoise.nets.layers import Attention, Block, RMSNorm, SwiGLU, WaveFeatures, attend


def test_rms_norm_gives_every_token_unit_size() -> None:
    x = 7 * torch.randn(2, 3, 16)
    sizes = RMSNorm(16, gain=False)(x).square().mean(-1)
    assert torch.allclose(sizes, torch.ones(2, 3), atol=1e-4)


@pytest.mark.parametrize("masked", [False, True])
def test_training_and_sampling_attend_alike(masked: bool) -> None:
    q, k, v = torch.randn(3, 2, 4, 5, 8).unbind()
    mask = (
        torch.tensor([True, True, False, True, False])[None, None, None].expand(2, 1, 1, 5)
        if masked
        else None
    )
    plain = attend(q, k, v, mask)
    with torch.no_grad():
        fused = attend(q, k, v, mask)
    assert torch.allclose(plain, fused, atol=1e-5)


def test_masked_tokens_are_not_seen() -> None:
    block = Block(16, 2)
    mask = torch.tensor([True, True, True, False])[None, None, None]
    x = torch.randn(1, 4, 16)
    other = x.clone()
    other[:, 3] = 9.0
    assert torch.allclose(block(x, mask)[:, :3], block(other, mask)[:, :3], atol=1e-6)


def test_gradients_reach_every_weight() -> None:
    block = Block(16, 2)
    block(torch.randn(2, 4, 16)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in block.parameters())


def test_the_feed_forward_keeps_the_width() -> None:
    assert SwiGLU(48)(torch.randn(2, 3, 48)).shape == (2, 3, 48)


def test_wave_features_tell_near_numbers_apart() -> None:
    features = WaveFeatures(32)(torch.tensor([0.5, 0.51, 0.5]))
    assert features.shape == (3, 32)
    assert torch.equal(features[0], features[2])
    assert not torch.allclose(features[0], features[1], atol=0.1)


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ConfigError, match="multiple of heads: 16 is none of 3"):
        Attention(16, 3)
