import pytest
import torch

from fromnoise.errors import ConfigError
from fromnoise.nets.dit import Condition, DiT, DiTSettings

SETTINGS = DiTSettings(width=32, depth=2, heads=2, patch=2, context_width=16)


def condition(batch: int) -> Condition:
    return Condition(torch.randn(batch, 3, 16), torch.randn(batch, 16))


def test_a_new_network_says_nothing() -> None:
    net = DiT(SETTINGS, (3, 8, 8))
    said = net(torch.randn(2, 3, 8, 8), torch.tensor([0.1, 0.9]), condition(2))
    assert torch.equal(said, torch.zeros(2, 3, 8, 8))


def test_patches_come_back_as_the_picture_they_were() -> None:
    net, x = DiT(SETTINGS, (3, 8, 8)), torch.randn(2, 3, 8, 8)
    assert net._patches(x).shape == (2, 16, 12)
    assert torch.equal(net._picture(net._patches(x)), x)


def test_the_answer_depends_on_noise_words_and_vector() -> None:
    net = DiT(SETTINGS, (3, 8, 8))
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    x, noise, told = torch.randn(1, 3, 8, 8), torch.tensor([0.5]), condition(1)
    said = net(x, noise, told)
    assert not torch.allclose(said, net(x, noise + 0.2, told), atol=1e-4)
    assert not torch.allclose(said, net(x, noise, Condition(told.tokens + 1, told.vector)), atol=1e-4)
    assert not torch.allclose(said, net(x, noise, Condition(told.tokens, told.vector + 1)), atol=1e-4)


def test_the_patch_must_divide_the_grid() -> None:
    with pytest.raises(ConfigError, match="patch must divide the codec's grid of 9 x 9, not be 2"):
        DiT(SETTINGS, (3, 9, 9))
