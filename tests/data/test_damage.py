import numpy as np
import pytest

from fromnoise.data.damage import DAMAGES


def smooth_picture(side: int = 64) -> np.ndarray:
    """Two discs on white: edges, flat parts and colours."""
    y, x = np.mgrid[:side, :side] / side - 0.5
    picture = np.full((side, side, 3), 255, np.uint8)
    picture[x**2 + y**2 < 0.16] = (200, 60, 30)
    picture[(x - 0.1) ** 2 + y**2 < 0.03] = (20, 90, 160)
    return picture


@pytest.mark.parametrize("name", list(DAMAGES))
def test_every_damage_keeps_the_shape_and_grows_with_its_level(name: str) -> None:
    picture = smooth_picture()
    untouched = picture.copy()
    errors = []
    for level in (0.0, 0.5, 1.0):
        spoilt = [DAMAGES[name](picture, level, np.random.default_rng(seed)) for seed in range(6)]
        assert all(one.shape == picture.shape and one.dtype == np.uint8 for one in spoilt)
        errors.append(np.mean([(one - picture.astype(float)) ** 2 for one in spoilt]))
    assert 0 < errors[0] < errors[1] < errors[2]
    assert np.array_equal(picture, untouched)


@pytest.mark.parametrize("name", list(DAMAGES))
def test_a_damage_is_drawn_from_its_stream_alone(name: str) -> None:
    first, second = (DAMAGES[name](smooth_picture(), 0.7, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, second)
