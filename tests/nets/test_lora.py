"""Low-rank changes: nothing at first, exactly merged at last, and learned by themselves."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from fromnoise.errors import ConfigError
from fromnoise.nets.dit import Condition, DiT, DiTSettings
from fromnoise.nets.lora import LoraLinear, LoraSettings, Part, adapted, attach, merge
from fromnoise.nets.transformer import Transformer, TransformerSettings

Answer = Callable[[nn.Module], Tensor]


def shaken(net: nn.Module) -> nn.Module:
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return net.double().eval()


def transformer(**changes: object) -> tuple[nn.Module, Answer]:
    torch.manual_seed(0)
    size = {"vocabulary": 50, "width": 32, "depth": 2, "heads": 4, "kv_heads": 2, "length": 16, **changes}
    net = shaken(Transformer(TransformerSettings.model_validate(size)))
    ids = torch.randint(0, 50, (2, 9))
    return net, lambda net: net.logits(net(ids))  # type: ignore[operator, no-any-return]


def dit() -> tuple[nn.Module, Answer]:
    torch.manual_seed(0)
    net = shaken(DiT(DiTSettings(width=32, depth=2, heads=2, patch=2, context_width=8), (3, 8, 8)))
    x, noise = torch.randn(2, 3, 8, 8).double(), torch.tensor([0.1, 0.7]).double()
    condition = Condition(torch.randn(2, 3, 8).double(), torch.randn(2, 8).double())
    return net, lambda net: net(x, noise, condition)  # type: ignore[no-any-return]


NETS = [
    pytest.param(transformer, id="llama"),
    pytest.param(
        lambda: transformer(norm="layer", positions="learned", feed_forward="gelu", bias=True, kv_heads=4),
        id="gpt2",
    ),
    pytest.param(dit, id="dit"),
]


def learned(net: nn.Module) -> None:
    for layer in adapted(net).values():
        for factor in layer.b.values():
            nn.init.normal_(factor, std=0.3)


@pytest.mark.parametrize("make", NETS)
def test_changes_are_nothing_at_first_and_merge_exactly(make: Callable[[], tuple[nn.Module, Answer]]) -> None:
    net, answer = make()
    before, kinds = answer(net), [type(module) for module in net.modules()]
    layers = attach(net, LoraSettings(rank=3))
    assert len(layers) == 2 * 4
    torch.testing.assert_close(answer(net), before, rtol=1e-12, atol=1e-12)
    learned(net)
    changed = answer(net)
    assert (changed - before).abs().max() > 0.01
    merge(net)
    assert [type(module) for module in net.modules()] == kinds
    torch.testing.assert_close(answer(net), changed, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("make", NETS)
def test_only_the_factors_learn(make: Callable[[], tuple[nn.Module, Answer]]) -> None:
    net, answer = make()
    attach(net, LoraSettings(rank=2))
    learned(net)
    answer(net).square().sum().backward()
    for name, parameter in net.named_parameters():
        is_factor = ".a." in name or ".b." in name
        assert parameter.requires_grad == is_factor
        assert (parameter.grad is not None and bool(parameter.grad.any())) == is_factor, name


def test_what_has_learned_nothing_merges_to_the_very_same_weights() -> None:
    net, _ = transformer()
    net.float()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    attach(net, LoraSettings())
    merge(net)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_the_change_is_alpha_over_rank_times_b_a_of_its_rows() -> None:
    torch.manual_seed(0)
    linear = nn.Linear(5, 7)
    weight = linear.weight.detach().clone()
    layer = LoraLinear(linear, {"low": Part(4, 3, rank=2, scale=1.5)})
    nn.init.normal_(layer.b["low"])
    expected = weight.clone()
    expected[4:] += 1.5 * layer.b["low"] @ layer.a["low"]
    torch.testing.assert_close(layer.merged().weight, expected)


def test_parts_of_a_layer_are_changed_apart() -> None:
    net, _ = transformer()
    rows = {f"blocks.{layer}.attention.qkv": {"q_proj": 32, "k_proj": 16, "v_proj": 16} for layer in range(2)}
    layers = attach(net, LoraSettings(rank=2, targets=("q_proj", "v_proj")), rows)
    assert list(layers) == list(rows)
    before = net.blocks[0].attention.qkv.linear.weight.clone()  # type: ignore[index, union-attr, operator]
    learned(net)
    merge(net)
    changed = (net.blocks[0].attention.qkv.weight != before).any(1)  # type: ignore[index, union-attr]
    assert changed.tolist() == [True] * 32 + [False] * 16 + [True] * 16


def test_a_target_that_is_not_there_is_told_with_the_nearest() -> None:
    net, _ = transformer()
    with pytest.raises(ConfigError, match="unknown target 'gate_upp'; did you mean gate_up"):
        attach(net, LoraSettings(targets=("gate_upp",)))
    assert not adapted(net)


def test_dropout_is_for_training_alone() -> None:
    net, answer = transformer()
    attach(net, LoraSettings(dropout=0.5))
    learned(net)
    assert torch.equal(answer(net), answer(net))
    net.train()
    assert not torch.equal(answer(net), answer(net))
