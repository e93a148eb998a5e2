from hashlib import sha256

import pytest

from fromnoise.data.split import bare, emoji_split, family


def test_concept_is_the_hexcode_without_variation_selectors() -> None:
    assert bare("1F441-FE0F-200D-1F5E8-FE0F") == "1F441-200D-1F5E8"
    assert bare("2764-fe0f") == "2764"
    assert bare("23-fe0f-20e3") == "0023-20E3"


def test_color_and_3d_are_one_family_and_the_blobs_are_their_own() -> None:
    assert family("fluent-color") == family("fluent-3d") == "fluent-3d"
    assert [family(name) for name in ("noto", "noto-v1", "fluent-flat", "twemoji")] == [
        "noto",
        "noto-v1",
        "fluent-flat",
        "twemoji",
    ]


@pytest.mark.parametrize("style", ["noto", "fluent-color", "twemoji"])
def test_split_is_the_published_rule(style: str) -> None:
    seen = set()
    for code in range(0x1F300, 0x1F500):
        concept = f"{code:X}"
        expected = "train"
        if int(sha256(f"{concept}:{family(style)}".encode()).hexdigest(), 16) % 20 == 0:
            expected = "pair"
        if int(sha256(concept.encode()).hexdigest(), 16) % 50 == 0:
            expected = "concept"
        assert emoji_split(concept, style) == expected
        seen.add(expected)
    assert seen == {"train", "pair", "concept"}
