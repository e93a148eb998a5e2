import pytest
import torch

from fromnoise.nets.features import FeatureNet


@pytest.fixture(scope="module")
def net() -> FeatureNet:
    torch.manual_seed(0)
    net = FeatureNet(8, (8, 12, 16), (1, 1, 1), filters=4, hidden=16)
    for parameter in net.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.2)
    return net.eval()


@torch.no_grad()
def test_features_are_told_apart_and_never_cut_at_zero(net: FeatureNet) -> None:
    features = net(torch.rand(32, 3, 64, 64) * 2 - 1)
    assert features.shape == (32, 8)
    assert (features.std(0) > 1e-4).all() and (features < 0).any() and (features > 0).any()


@torch.no_grad()
def test_any_side_that_32_divides_will_do(net: FeatureNet) -> None:
    assert net(torch.zeros(1, 3, 32, 64)).shape == (1, 8)


@torch.no_grad()
def test_the_finest_noise_shows(net: FeatureNet) -> None:
    plain = torch.zeros(1, 3, 64, 64)
    board = (torch.arange(64)[:, None] + torch.arange(64)) % 2 - 0.5
    assert (net(plain + 0.1 * board) - net(plain)).abs().max() > 1e-3


@torch.no_grad()
def test_the_batch_changes_nothing(net: FeatureNet) -> None:
    pictures = torch.rand(5, 3, 32, 32)
    assert torch.allclose(net(pictures)[2:3], net(pictures[2:3]), atol=1e-5)
