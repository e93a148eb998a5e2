import pytest

from fromnoise.guard.codes import decoded, spelled_out


@pytest.mark.parametrize("token", ["bmFrZWQgbWFu", "6e616b6564206d616e", "NZQWWZLEEBWWC3Q=", "bmFrZWQgbWFu"])
def test_a_text_in_base64_base32_or_hexadecimal_is_read(token):
    assert "naked man" in list(decoded(token))


@pytest.mark.parametrize("token", ["photograph", "1234567890", "a", "R2D2C3PO", "2026-11-21"])
def test_what_is_no_text_in_code_is_none(token):
    assert list(decoded(token)) == []


@pytest.mark.parametrize(
    "row",
    [
        "01101110 01100001 01101011 01100101 01100100",
        "0110111001100001011010110110010101100100",
        "110 97 107 101 100",
        "14-1-11-5-4",
        "6e 61 6b 65 64",
        "0x6e 0x61 0x6b 0x65 0x64",
        "-. .- -.- . -..",
    ],
)
def test_rows_of_numbers_and_morse_give_way_to_the_word_they_spell(row):
    assert spelled_out(f"a {row} man", lambda word: word == "naked").split() == ["a", "naked", "man"]


@pytest.mark.parametrize(
    "text", ["in 1939, 1945 and 1989", "5 10 15 20 25", "10.11.2026 12:30", "well - so - then ..."]
)
def test_rows_that_mean_nothing_stay(text):
    assert spelled_out(text, lambda word: False) == text
