import pytest
import torch

from fromnoise.nets.quantised import lower
from fromnoise.nets.step import Step
from fromnoise.nets.transformer import Transformer, TransformerSettings

LAYOUTS = {
    "llama": {"kv_heads": 2},
    "one key for all": {"kv_heads": 1, "tied": False},
    "qwen3": {"kv_heads": 2, "qk_norm": True, "head_width": 12},
    "gpt2": {"positions": "learned", "norm": "layer", "feed_forward": "gelu", "bias": True},
}


def make(layout: str) -> Transformer:
    torch.manual_seed(0)
    shape = {"vocabulary": 50, "width": 32, "depth": 3, "heads": 4, "length": 40}
    net = Transformer(TransformerSettings(**shape, **LAYOUTS[layout])).eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, mean=0.05, std=0.2)
    return net


def tokens(*shape: int) -> torch.Tensor:
    return torch.randint(0, 50, shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("parts", [[1] * 8, [3, 1, 4]])
@pytest.mark.parametrize("layout", LAYOUTS)
@torch.inference_mode()
def test_steps_equal_reading_at_once(layout, parts):
    net, ids = make(layout), tokens(2, 12)
    cache = net.new_cache(2, 12)
    net(ids[:, :4], cache)
    step = Step(net, cache)
    stepped = torch.cat([step(part) for part in ids[:, 4:].split(parts, 1)], 1)
    assert torch.allclose(stepped, net(ids)[:, 4:], atol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
@torch.inference_mode()
def test_sequences_of_unequal_lengths_step_as_if_alone(layout):
    net, ids, lengths = make(layout), tokens(3, 12), [4, 7, 2]
    cache = net.new_cache(3, 12)
    net(ids[:, :7], cache)
    cache.keep(torch.tensor(lengths))
    step = Step(net, cache)
    after = torch.stack([ids[row, length : length + 5] for row, length in enumerate(lengths)])
    together = torch.cat([step(part) for part in after.split([1, 1, 3], 1)], 1)
    for row, length in enumerate(lengths):
        alone = net(ids[row : row + 1, : length + 5])[0, length:]
        assert torch.allclose(together[row], alone, atol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
@torch.inference_mode()
def test_a_step_after_a_rejected_draft_knows_nothing_of_it(layout):
    net, ids = make(layout), tokens(1, 10)
    cache = net.new_cache(1, 20)
    net(ids[:, :6], cache)
    step = Step(net, cache)
    net(tokens(1, 14)[:, 10:], cache)
    cache.keep(torch.tensor([6]))
    assert torch.allclose(step(ids[:, 6:7])[:, 0], net(ids[:, :7])[:, -1], atol=1e-5)


@pytest.mark.parametrize("precision", ["bfloat16", "int8", "int4"])
@pytest.mark.parametrize("layout", LAYOUTS)
@torch.inference_mode()
def test_a_step_of_a_lowered_transformer_is_near_the_whole_pass(layout, precision):
    net, ids = make(layout), tokens(2, 12)
    lower(net, precision)
    cache = net.new_cache(2, 12)
    net(ids[:, :11], cache)
    told, whole = Step(net, cache)(ids[:, 11:])[:, 0].float(), net(ids)[:, -1].float()
    assert torch.cosine_similarity(told, whole, 1).min() > 0.999


@torch.inference_mode()
def test_a_sequence_steps_the_same_alone_and_among_others():
    """To the bit, with the plain products of float32 and of bfloat16."""
    for precision in ("float32", "bfloat16"):
        net, ids = make("llama"), tokens(5, 9)
        lower(net, precision)
        told = []
        for rows in (slice(0, 5), slice(2, 3)):
            cache = net.new_cache(len(ids[rows]), 9)
            net(ids[rows, :8], cache)
            told.append(Step(net, cache)(ids[rows, 8:]))
        assert torch.allclose(told[0][2:3].float(), told[1].float(), atol=1e-6)
