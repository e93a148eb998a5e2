import torch

from fromnoise.nets.text_encoder import TextEncoder, TextEncoderSettings


def test_a_prompt_becomes_summary_tokens_whatever_its_padding() -> None:
    encoder = TextEncoder(TextEncoderSettings(width=32, depth=1, heads=2, length=6, summary=3), 20)
    mask = torch.tensor([[True, True, True, False, False, False]])
    told = encoder(torch.tensor([[1, 5, 6, 0, 0, 0]]), mask)
    assert told.shape == (1, 3, 32)
    assert torch.allclose(told, encoder(torch.tensor([[1, 5, 6, 7, 8, 9]]), mask), atol=1e-6)
    assert torch.allclose(told, encoder(torch.tensor([[1, 5, 6]]), mask[:, :3]), atol=1e-6)


def test_the_order_of_words_matters() -> None:
    encoder = TextEncoder(TextEncoderSettings(width=32, depth=1, heads=2, length=4, summary=2), 20)
    mask = torch.ones(1, 3, dtype=torch.bool)
    first, second = (encoder(torch.tensor([ids]), mask) for ids in ([1, 5, 6], [1, 6, 5]))
    assert not torch.allclose(first, second, atol=1e-4)
