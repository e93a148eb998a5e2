# ruff: noqa: RUF001
import pytest

from fromnoise.guard.lexicon import Lexicon
from fromnoise.guard.normalise import Word, fold, read

LEXICON = Lexicon(
    strong=frozenset({"naked", "porn", "kill", "boobs"}),
    weak=frozenset({"gun"}),
    known=frozenset({"woman"}),
    innocent=frozenset({"pen", "is"}),
    within=frozenset(),
)


def words(text: str) -> list[str]:
    return [word.text for word in read(text, LEXICON)]


def hidden(text: str) -> list[str]:
    return [word.text for word in read(text, LEXICON) if word.hidden]


def test_plain_words_are_read_as_they_stand():
    assert read("A naked eye, (really)!", LEXICON) == [Word("a"), Word("naked"), Word("eye"), Word("really")]


@pytest.mark.parametrize(
    "written",
    [
        "ｎａｋｅｄ",
        "𝓷𝓪𝓴𝓮𝓭",
        "ⓝⓐⓚⓔⓓ",
        "🅽🅰🅺🅴🅳",
        "🇳\u200c🇦\u200c🇰\u200c🇪\u200c🇩",
        "ɴᴀᴋᴇᴅ",
        "ⁿᵃᵏᵉᵈ",
        "nаkеd",
        "ηαkεd",
        "нейкед".replace("ней", "на"),
        "ƞⱥꝁɇđ",
        "n\u0301a\u0336k\u0308e\u0331d",
        "n\u200ba\u200dk\u2060e\u00add",
        "\U000e006e\U000e0061\U000e006b\U000e0065\U000e0064",
        "⠝⠁⠅⠑⠙",
        "n4k3d",
        "N@K3D",
        "|\\|aked",
        "na|<ed",
        "n a k e d",
        "n\u2003a\u2003k\u2003e\u2003d",
        "n.a.k.e.d",
        "n-a-k-e-d",
        "n🔥a🔥k🔥e🔥d",
        "na ked",
        "nak\ned",
        "nak*d",
        "naaaked",
        "nnaakkeedd",
        "NaKeD",
        "dekan",
        "\u202edekan\u202c",
        "pǝʞɐu",
        "anxrq",
        "akednay",
        "nkaed",
        "bmFrZWQ=",
        "6e616b6564",
        "n&#97;ked",
        "n%61ked",
        "n\\u0061ked",
        "na<b></b>ked",
        "*aked",
        "n💣ked",
        "d3k4n",
        "d e k a n",
        "na(k)ed",
        "n-aked",
        "₦₳₭ɆĐ",
        "ᚾᚨᚲᛖᛞ",
        "nacked",
        "mzpvw",
        "110 97 107 101 100",
        "14-1-11-5-4",
    ],
)
def test_a_word_comes_out_however_it_is_hidden(written):
    assert hidden(f"one {written} here") == ["naked"]


@pytest.mark.parametrize(
    "text",
    [
        "the pen is mighty",
        "snaked along the road",
        "the gunner and the gunwale",
        "skills and killjoys",
        "pornic",
        "it's 5:30 on 12/11/2026",
        "R2-D2 and C-3PO, 100% cotton",
        "a b c d e f g",
        "a kn of a ked",
        "don't, won't, she'll",
        "héllo wörld, naïve café",
        "привет мир",
        "你好世界",
        "👩‍👩‍👧‍👦 👍🏽 🇩🇪",
    ],
)
def test_nothing_is_found_where_nothing_is_hidden(text):
    assert hidden(text) == []


def test_a_repeated_letter_must_be_doubled_where_the_word_doubles_it():
    assert hidden("boooobs") == ["boobs"]
    assert hidden("bobs kil") == []


def test_glued_words_come_apart():
    assert words("nakedwoman") == ["naked", "woman"]
    assert words("NakedWoman") == ["naked", "woman"]


def test_a_part_of_a_plain_word_is_not_hidden_because_another_has_an_accent():
    assert hidden("a gunwoman at the café") == []
    assert hidden("a woman at the café, g\u0301un") == ["gun"]


def test_marks_that_spell_words_stay():
    assert fold("हिन्दी") == "हिन्दी"


def test_folding_twice_changes_nothing_more():
    for text in ("n\u0301a\u0336ked", "ｎ４", "Ångström", "नमस्ते", "🇩🇪", "e\u200b"):
        assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "\ud800", "\U0010ffff", "&#xd800;", "\\ud800", "a" * 50_000, "(" * 999]
)
def test_odd_texts_are_read_too(text):
    assert hidden(text) == []
