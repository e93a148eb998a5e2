import torch

from fromnoise.models.conditioning import dropped, slerp
from fromnoise.seeds import Seeds


def test_slerp_keeps_its_ends_and_turns_evenly() -> None:
    start, end = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    shares = torch.tensor([[0.0], [0.5], [1.0]])
    way = slerp(start, end, shares)
    assert torch.equal(way[:1], start) and torch.equal(way[2:], end)
    assert torch.allclose(way[1], torch.tensor([2.0, 2.0]) / 2**0.5)


def test_slerp_between_equals_stays() -> None:
    vector = torch.randn(1, 8)
    assert torch.allclose(slerp(vector, vector, torch.tensor([[0.3]])), vector, atol=1e-3)


def test_captions_and_styles_are_left_out_as_often_as_asked() -> None:
    count = 4000
    captions, styles = dropped(["a"] * count, ["b"] * count, 0.1, Seeds.count_from(0, count))
    pairs = list(zip(captions, styles, strict=True))
    for pair in (("", "b"), ("", None), ("a", None)):
        assert abs(pairs.count(pair) / count - 0.1) < 0.02
    assert abs(pairs.count(("a", "b")) / count - 0.7) < 0.03


def test_nothing_is_left_out_when_nothing_is_asked() -> None:
    assert dropped(["a", "b"], ["c", None], 0.0, Seeds([0, 1])) == (["a", "b"], ["c", None])
