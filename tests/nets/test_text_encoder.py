"""The text encoder: padding is invisible, order is not, and prompts differ from the first step on."""

import torch

from fromnoise.nets.text_encoder import TextEncoder, TextEncoderSettings


def encode(encoder: TextEncoder, rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    length = max(len(row) for row in rows)
    ids = torch.tensor([row + [0] * (length - len(row)) for row in rows])
    mask = torch.arange(length) < torch.tensor([[len(row)] for row in rows])
    with torch.no_grad():
        return encoder(ids, mask)


def test_padding_changes_nothing() -> None:
    encoder = TextEncoder(TextEncoderSettings(width=32, depth=2, heads=2, length=6), 20)
    tokens, whole = encode(encoder, [[1, 5, 7]])
    padded_tokens, padded_whole = encode(encoder, [[1, 5, 7], [1, 2, 3, 4, 5, 6]])
    torch.testing.assert_close(padded_tokens[:1, :3], tokens)
    torch.testing.assert_close(padded_whole[:1], whole)


def test_the_order_of_words_matters() -> None:
    encoder = TextEncoder(TextEncoderSettings(width=32, depth=1, heads=2, length=4), 20)
    _, whole = encode(encoder, [[1, 5, 7], [1, 7, 5]])
    assert not torch.allclose(whole[0], whole[1], atol=1e-4)


def test_prompts_differ_as_much_as_they_have_in_common() -> None:
    torch.manual_seed(0)
    encoder = TextEncoder(TextEncoderSettings(width=64, depth=1, heads=2, length=8), 400)
    _, whole = encode(encoder, [[1, 2 * row + 2, 2 * row + 3] for row in range(100)])
    common = whole.mean(0)
    assert (whole - common).norm(dim=1).mean() > common.norm()
