import torch

import fromnoise

IDS = torch.tensor([[5, 250, 17, 17, 3, 99, 201, 4] * 6, [1, 2, 3, 4, 5, 6, 7, 8] * 6])


def test_logits_are_those_of_transformers(make_folder, layout):
    folder, theirs = make_folder(layout)
    ours = fromnoise.load(folder, device="cpu")
    with torch.inference_mode():
        expected = theirs(IDS).logits
    assert expected.std() > 0.5
    torch.testing.assert_close(ours.logits(IDS), expected, atol=1e-4, rtol=0)
