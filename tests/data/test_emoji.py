from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fromnoise.data import emoji
from fromnoise.data.dataset import PictureSet
from fromnoise.data.emoji import build_emoji
from fromnoise.data.emoji_sources import draw_svg
from fromnoise.data.split import emoji_split
from fromnoise.errors import DataError

STYLES = ("noto", "noto-v1", "fluent-3d")


@pytest.fixture
def built(emoji_cache: Path, tmp_path: Path) -> PictureSet:
    return build_emoji(tmp_path / "emoji", 16, STYLES, cache=emoji_cache, npm=True)


def test_every_style_draws_the_concepts_it_has(built: PictureSet) -> None:
    assert [item.id for item in built.items] == [
        "noto/2764",
        "noto/1F34E",
        "noto/1F3C3",
        "noto-v1/1F34E",
        "fluent-3d/2764",
        "fluent-3d/1F34E",
    ]
    centres = [tuple(picture[8, 8]) for picture, _ in built]
    assert centres[:2] == [(224, 0, 0), (208, 0, 0)] and centres[3:] == [
        (0, 208, 0),
        (0, 0, 255),
        (0, 0, 255),
    ]
    assert tuple(built[0][0][0, 0]) == (255, 255, 255)


def test_items_say_all_that_is_known(built: PictureSet) -> None:
    apple = built[1][1]
    assert (apple.caption, apple.tags, apple.group, apple.subgroup) == (
        "red apple",
        ("fruit", "red"),
        "food-drink",
        "food-fruit",
    )
    assert (apple.licence, apple.source) == ("Apache-2.0", "@iconify-json/noto@1.2.9")
    assert all(item.split == emoji_split(str(item.concept), str(item.style)) for item in built.items)


def test_people_are_in_and_can_be_filtered(built: PictureSet) -> None:
    assert len(built.where(groups=["people-body"])) == 1


def test_twins_of_held_out_pictures_are_left_out(
    emoji_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emoji, "emoji_split", lambda concept, style: "pair" if concept == "2764" else "train")
    built = build_emoji(tmp_path / "emoji", 16, ["fluent-3d"], cache=emoji_cache, npm=True)
    assert [item.concept for item in built.items] == ["2764"]  # the apple looks the same


@pytest.mark.parametrize(
    ("styles", "npm", "message"),
    [
        (["notto"], True, "did you mean noto"),
        ([], True, "at least one"),
        (["noto"], False, "comes through npm"),
        (["openmoji"], False, "unknown emoji style"),
    ],
)
def test_styles_that_cannot_be(
    styles: list[str], npm: bool, message: str, emoji_cache: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        build_emoji(tmp_path / "emoji", 16, styles, cache=emoji_cache, npm=npm)
    assert not (tmp_path / "emoji").exists()


def test_a_package_without_a_match_is_an_error(
    emoji_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = {"noto": replace(emoji.STYLES["noto"], find=lambda archive, names: {})}
    monkeypatch.setattr(emoji, "STYLES", empty)
    with pytest.raises(DataError, match="holds no picture"):
        build_emoji(tmp_path / "emoji", 16, ["noto"], cache=emoji_cache, npm=True)


def test_an_oblong_drawing_keeps_its_shape() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><path d="M0 0h40v20H0z"/></svg>'
    rows = np.flatnonzero(draw_svg(svg, 40).min(axis=(1, 2)) < 128)
    assert (rows[0], rows[-1]) == (10, 29)


def test_pypi_names_leave_out_flags_letters_and_skin_tones(tmp_path: Path) -> None:
    import json
    import zipfile

    from fromnoise.data.emoji_words import pypi_concepts

    names = {
        "🍎": "red_apple",
        "❤️": "red_heart",
        "👍🏽": "thumbs_up",
        "🇫🇷": "France",
        "🏁": "chequered_flag",
        "🦰": "red_hair",
    }
    wheel = tmp_path / "emoji-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        table = {text: {"en": f":{name}:"} for text, name in names.items()}
        archive.writestr("emoji/unicode_codes/emoji.json", json.dumps(table))
    concepts = pypi_concepts(wheel)
    assert {code: concept.label for code, concept in concepts.items()} == {
        "1F34E": "red apple",
        "2764": "red heart",
    }
