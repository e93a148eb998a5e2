import numpy as np
import pytest

from fromnoise.data.colours import COLOURS, colour_shares, dominant_colours, recolour

EXAMPLES = {
    "red": (221, 46, 68),
    "orange": (255, 140, 20),
    "yellow": (255, 204, 77),
    "green": (62, 140, 60),
    "blue": (85, 172, 238),
    "purple": (146, 102, 204),
    "pink": (244, 143, 177),
    "brown": (121, 85, 72),
    "black": (30, 30, 30),
    "white": (225, 232, 237),
    "gray": (140, 140, 145),
}


def disc(colour: tuple[int, int, int], size: int = 64) -> np.ndarray:
    picture = np.full((size, size, 3), 255, np.uint8)
    picture[16:48, 16:48] = colour
    return picture


@pytest.mark.parametrize("name", COLOURS)
def test_every_colour_is_known(name: str) -> None:
    assert dominant_colours(disc(EXAMPLES[name])) == [name]


def test_shares_count_what_is_drawn_and_lead_with_the_most() -> None:
    picture = disc(EXAMPLES["blue"])
    picture[16:24, 16:48] = EXAMPLES["red"]
    assert colour_shares(picture) == {"blue": 0.75, "red": 0.25}
    assert dominant_colours(picture, least=0.5) == ["blue"]


def test_a_white_sheet_has_no_colours() -> None:
    assert dominant_colours(np.full((8, 8, 3), 255, np.uint8)) == []


@pytest.mark.parametrize(
    ("degrees", "expected"), [(0, "red"), (120, "green"), (240, "blue"), (-120, "blue"), (360, "red")]
)
def test_hues_turn(degrees: float, expected: str) -> None:
    turned = recolour(disc((220, 30, 30)), degrees)
    assert dominant_colours(turned) == [expected]
    assert turned[0, 0].tolist() == [255, 255, 255]
    assert turned.dtype == np.uint8 and turned.shape == (64, 64, 3)


def test_grays_stay_and_the_picture_is_not_changed() -> None:
    picture = disc((90, 90, 90))
    before = picture.copy()
    assert np.array_equal(recolour(picture, 77), before) and np.array_equal(picture, before)
