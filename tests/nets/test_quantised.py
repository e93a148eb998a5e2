import pytest
import torch

from fromnoise.errors import CheckpointError, OutputError
from fromnoise.nets.quantised import Int4Linear, Int8Linear, lower
from fromnoise.nets.transformer import Transformer, TransformerSettings


@pytest.mark.parametrize(("kind", "most"), [(Int8Linear, 0.01), (Int4Linear, 0.09)])
@pytest.mark.parametrize("rows", [16, 50])
def test_a_packed_layer_is_near_the_whole_one(kind, most, rows):
    torch.manual_seed(0)
    whole = torch.nn.Linear(96, rows)
    x = torch.randn(2, 5, 96)
    packed = kind(whole.weight.detach(), whole.bias)(x.bfloat16()).float()
    assert packed.shape == (2, 5, rows)
    error = (packed - whole(x)).pow(2).mean().sqrt() / whole(x).pow(2).mean().sqrt()
    assert error < most


def test_four_bits_keep_what_four_bits_can_say():
    levels = torch.randint(0, 16, (32, 64)).float()
    levels[:, ::32], levels[:, 1::32] = 0, 15  # every group uses its whole range
    weight = levels * 0.25 - 2  # a scale and a zero that bfloat16 holds exactly
    x = torch.eye(64)
    assert torch.equal(Int4Linear(weight)(x.bfloat16()).float(), weight.T)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "int8", "int4"])
@pytest.mark.parametrize("tied", [True, False])
def test_a_lowered_transformer_scores_nearly_the_same(precision, tied):
    torch.manual_seed(0)
    net = Transformer(
        TransformerSettings(vocabulary=90, width=64, depth=2, heads=4, kv_heads=2, length=32, tied=tied)
    )
    ids = torch.randint(0, 90, (2, 20))
    with torch.inference_mode():
        before = net.logits(net(ids))
        lower(net, precision)
        after = net.logits(net(ids, net.new_cache(2, 32))).float()
    assert torch.cosine_similarity(before.flatten(), after.flatten(), 0) > 0.995
    assert net.rotary is not None and net.rotary.cosines.dtype == torch.float32


def test_packed_weights_are_never_saved_as_if_whole():
    net = Transformer(TransformerSettings(vocabulary=90, width=64, depth=1, heads=4))
    lower(net, "int4")
    with pytest.raises(OutputError, match="float32"):
        net.state_dict()


def test_an_unknown_precision_is_told():
    net = Transformer(TransformerSettings(vocabulary=90, width=64, depth=1, heads=4))
    with pytest.raises(CheckpointError, match="did you mean int8"):
        lower(net, "int6")
