import numpy as np
import pytest

from benchmarks.colours import asked_colours, shares, shows

PAINTS = {
    "red": (200, 30, 40),
    "orange": (250, 150, 20),
    "yellow": (250, 215, 60),
    "green": (70, 160, 60),
    "blue": (40, 110, 220),
    "purple": (130, 60, 190),
    "pink": (250, 150, 190),
    "brown": (120, 75, 40),
    "black": (25, 25, 25),
    "white": (245, 245, 245),
    "grey": (130, 130, 135),
}


def drawn(*colours: str) -> np.ndarray:
    """Draw a square with a grey rim, in vertical bands of the colours."""
    picture = np.full((64, 64, 3), 255, np.uint8)
    picture[8:56, 8:56] = PAINTS["grey"]
    for place, colour in enumerate(colours):
        picture[10:54, 10 + place * 44 // len(colours) : 54] = PAINTS[colour]
    return picture


@pytest.mark.parametrize("colour", PAINTS)
def test_every_colour_is_named(colour):
    assert shows(drawn(colour), colour) == (True, True)


def test_the_second_colour_counts_as_shown():
    picture = drawn("red", "red", "blue")
    assert shows(picture, "blue") == (False, True)
    assert shows(picture, "green") == (False, False)
    assert sum(shares(picture).values()) == pytest.approx(1)


def test_a_blank_picture_is_white():
    assert shows(np.full((32, 32, 3), 255, np.uint8), "white") == (True, True)


def test_colour_words():
    assert asked_colours("a golden crown with a Red gem") == ("yellow", "red")
    assert asked_colours("a bored robot") == ()
