import pytest
import torch
from torch import nn

from fromnoise.models.image_diffusion import ImageDiffusion
from fromnoise.training.optimizers import Muon, orthogonalised, split_parameters


@pytest.mark.parametrize("shape", [(48, 16), (16, 48), (32, 32)], ids=["tall", "wide", "square"])
def test_singular_values_come_near_1(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0)) * 1e-3
    values = torch.linalg.svdvals(orthogonalised(matrix).float())
    assert values.shape == (min(shape),)
    assert float(values.min()) > 0.3 and float(values.max()) < 1.3


def test_directions_are_kept() -> None:
    left, right = torch.linalg.qr(torch.randn(16, 16))[0], torch.linalg.qr(torch.randn(16, 16))[0]
    made = orthogonalised(left @ torch.diag(torch.linspace(0.3, 1, 16)) @ right).float()
    turned = left.T @ made @ right.T
    assert float((turned - turned.diag().diag()).abs().max()) < 0.1
    assert float(turned.diag().min()) > 0.3


def test_a_step_changes_the_output_by_about_the_rate() -> None:
    for shape in ((64, 16), (16, 64)):
        layer = nn.Parameter(torch.zeros(shape))
        layer.grad = torch.randn(shape)
        Muon([layer], lr=0.1).step()
        change = (layer.detach() @ torch.randn(shape[1], 200)).square().mean().sqrt()
        assert 0.02 < float(change) < 0.2


def test_weights_without_a_gradient_stay_and_others_decay() -> None:
    still, moved = nn.Parameter(torch.ones(4, 4)), nn.Parameter(torch.ones(4, 4))
    moved.grad = torch.zeros(4, 4)
    Muon([still, moved], lr=0.5, weight_decay=0.1).step()
    assert torch.equal(still, torch.ones(4, 4))
    assert torch.allclose(moved, torch.full((4, 4), 0.95))


def test_every_parameter_is_trained_by_one_optimizer(model: ImageDiffusion) -> None:
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    matrices, rest = split_parameters(model)
    assert sorted(map(id, matrices + rest)) == sorted(names)
    inner = {names[id(parameter)] for parameter in matrices}
    assert "net.blocks.0.attention.qkv.weight" in inner and "net.modulation.weight" in inner
    assert not any("_in." in name or "_out." in name or name.endswith("bias") for name in inner)
    assert inner.isdisjoint({"conditioner.text.words.weight", "conditioner.style.weight", "net.positions"})


def test_frozen_parameters_are_left_out() -> None:
    layer = nn.Linear(3, 3).requires_grad_(False)
    assert split_parameters(layer) == ([], [])
