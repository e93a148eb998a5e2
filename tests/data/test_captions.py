from collections import Counter
from dataclasses import replace
from random import Random

import pytest
import torch

from fromnoise.data.captions import WORDINGS, name_colour, vary_caption, with_article
from fromnoise.data.dataset import Item
from fromnoise.data.mirror import may_mirror


def test_a_stream_always_words_the_same(item: Item) -> None:
    def words(seed: int) -> list[str]:
        stream = torch.Generator().manual_seed(seed)
        return [vary_caption(item, stream) for _ in range(20)]

    assert words(1) == words(1) != words(2)


def test_the_caption_itself_is_most_likely_and_every_wording_comes(item: Item) -> None:
    stream = Random(0)
    counts = Counter(vary_caption(item, stream) for _ in range(2000))
    assert counts.most_common(1)[0][0] == "red apple"
    for expected in ("a red apple", "an emoji of a red apple", "red apple, fruit", "red apple, food fruit"):
        assert counts[expected] > 0
    assert any("apple" not in caption for caption in counts)


def test_bare_items_keep_their_caption(item: Item) -> None:
    bare = replace(item, tags=(), group=None, subgroup=None, caption="*")
    stream = Random(0)
    assert all("*" in vary_caption(bare, stream) for _ in range(200))


def test_shares_add_up() -> None:
    assert sum(share for share, _ in WORDINGS) == pytest.approx(1)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("red apple", "a red apple"),
        ("owl", "an owl"),
        ("unicorn", "a unicorn"),
        ("umbrella", "an umbrella"),
        ("french fries", "french fries"),
        ("bus", "a bus"),
        ("keycap: 1", "keycap: 1"),
        ("1st place medal", "1st place medal"),
        ("", ""),
    ],
)
def test_articles(label: str, expected: str) -> None:
    assert with_article(label) == expected


def test_colours_are_named_or_replaced() -> None:
    assert name_colour("red apple", "green") == "green apple"
    assert name_colour("rocket", "purple") == "purple rocket"
    assert name_colour("reddish thing", "blue") == "blue reddish thing"


def test_clocks_arrows_and_sides_are_not_mirrored(item: Item) -> None:
    assert may_mirror(item)
    assert not may_mirror(replace(item, subgroup="time"))
    assert not may_mirror(replace(item, caption="Leftwards hand"))
    assert may_mirror(replace(item, caption="bright button"))
