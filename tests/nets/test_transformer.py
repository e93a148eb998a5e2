import itertools

import pytest
import torch

from fromnoise.errors import ConfigError
from fromnoise.nets.transformer import Transformer, TransformerSettings

LAYOUTS = {
    "llama": {"kv_heads": 2},
    "plain": {"tied": False},
    "qwen3": {"kv_heads": 2, "qk_norm": True, "head_width": 12},
    "gpt2": {"positions": "learned", "norm": "layer", "feed_forward": "gelu", "bias": True},
}


def make(layout: str) -> Transformer:
    torch.manual_seed(0)
    settings = TransformerSettings(vocabulary=50, width=32, depth=2, heads=4, length=40, **LAYOUTS[layout])
    net = Transformer(settings).eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return net


def tokens(*shape: int) -> torch.Tensor:
    return torch.randint(0, 50, shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_later_token_changes_no_earlier_vector(layout):
    net, ids = make(layout), tokens(2, 9)
    other = ids.clone()
    other[:, 6:] = (other[:, 6:] + 1) % 50
    assert torch.allclose(net(ids)[:, :6], net(other)[:, :6], atol=1e-6)
    assert not torch.allclose(net(ids)[:, 6:], net(other)[:, 6:], atol=1e-3)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_seeing_both_ways_a_later_token_changes_earlier_vectors(layout):
    net, ids = make(layout), tokens(2, 9)
    other = ids.clone()
    other[:, 8] = (other[:, 8] + 1) % 50
    assert not torch.allclose(net(ids, causal=False)[:, 0], net(other, causal=False)[:, 0], atol=1e-4)


@pytest.mark.parametrize(("layout", "parts"), list(itertools.product(LAYOUTS, [[9], [5, 1, 1, 2], [1] * 9])))
def test_reading_in_parts_equals_reading_at_once(layout, parts):
    net, ids = make(layout), tokens(2, 9)
    cache = net.new_cache(2, 12)
    read = [net(part, cache) for part in ids.split(parts, 1)]
    assert torch.allclose(torch.cat(read, 1), net(ids), atol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_prompts_of_unequal_lengths_go_on_as_if_alone(layout):
    net, ids, lengths = make(layout), tokens(3, 12), [4, 7, 2]
    padded = torch.zeros(3, 7, dtype=torch.int64)
    for row, length in enumerate(lengths):
        padded[row, :length] = ids[row, :length]
    cache = net.new_cache(3, 12)
    net(padded, cache)
    cache.keep(torch.tensor(lengths))
    after = torch.stack([ids[row, length : length + 3] for row, length in enumerate(lengths)])
    together = torch.cat([net(after[:, :1], cache), net(after[:, 1:], cache)], 1)
    for row, length in enumerate(lengths):
        alone = net(ids[row : row + 1, : length + 3])[:, length:]
        assert torch.allclose(together[row], alone[0], atol=1e-5)


def test_a_rejected_draft_leaves_no_trace():
    net, ids = make("llama"), tokens(1, 10)
    cache = net.new_cache(1, 20)
    net(ids[:, :6], cache)
    net(tokens(1, 14)[:, 10:], cache)
    cache.keep(torch.tensor([6]))
    assert torch.allclose(net(ids[:, 6:], cache), net(ids)[:, 6:], atol=1e-5)


def test_some_of_the_sequences_go_on_without_the_others():
    net, ids = make("llama"), tokens(3, 8)
    cache = net.new_cache(3, 8)
    net(ids[:, :5], cache)
    part = cache.rows(torch.tensor([2, 0]))
    assert torch.allclose(net(ids[[2, 0], 5:], part), net(ids[[2, 0]])[:, 5:], atol=1e-5)


def test_impossible_heads_are_named():
    with pytest.raises(ConfigError, match="heads must be a multiple of kv_heads: 4 is none of 3"):
        make_with = TransformerSettings(vocabulary=8, width=32, heads=4, kv_heads=3)
        Transformer(make_with)
    with pytest.raises(ConfigError, match="width must be a multiple of heads"):
        Transformer(TransformerSettings(vocabulary=8, width=30, heads=4))
