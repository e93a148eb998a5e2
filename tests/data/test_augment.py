import numpy as np
import pytest
import torch

from fromnoise.data.augment import LABEL, AugmentSettings, draw_kind, version

SETTINGS = AugmentSettings()


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def dot(x: int, y: int, colour: tuple[int, int, int] = (220, 30, 30)) -> np.ndarray:
    """A dot of 7 px about (x, y) on white, 32 px square."""
    picture = np.full((32, 32, 3), 255, np.uint8)
    picture[y - 3 : y + 4, x - 3 : x + 4] = colour
    return picture


def middle(picture: np.ndarray) -> np.ndarray:
    """The middle of what is not white: (x, y)."""
    ys, xs = np.nonzero(picture.min(2) < 200)
    return np.array([xs.mean(), ys.mean()])


def test_version_0_is_the_picture_and_1_its_mirror_image() -> None:
    picture = dot(8, 20)
    plain, mirrored = (version(picture, index, SETTINGS, stream()) for index in (0, 1))
    assert np.array_equal(plain.picture, picture) and plain.label == (0.0,) * LABEL
    assert np.array_equal(mirrored.picture, picture[:, ::-1]) and mirrored.label == (1.0, 0, 0, 0, 0)
    assert plain.colour is mirrored.colour is None


def test_the_same_stream_gives_the_same_version() -> None:
    first, same, other = (version(dot(8, 20), 2, SETTINGS, stream(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first.picture, same.picture) and first.label == same.label
    assert first.label != other.label


@pytest.mark.parametrize("index", range(1, 5))
def test_what_may_not_be_mirrored_never_is(index: int) -> None:
    made = [version(dot(8, 20), index, SETTINGS, stream(seed), may_mirror=False) for seed in range(40)]
    assert {one.label[0] for one in made} == {0.0}


def test_labels_tell_what_was_done() -> None:
    still = AugmentSettings(scale=0, turn=0, recolour=0, shift=0.2)
    for seed in range(20):
        made = version(dot(16, 16), 2, still, stream(seed))
        start = dot(16, 16)[:, :: -1 if made.label[0] else 1]
        moved = np.array([made.label[1], made.label[2]]) * still.shift * 32
        assert np.abs(middle(made.picture) - middle(start) - moved).max() <= 0.6
        assert made.colour is None


def test_labels_are_small_numbers() -> None:
    labels = np.array([version(dot(16, 16), 3, SETTINGS, stream(seed)).label for seed in range(50)])
    assert labels.shape == (50, LABEL) and np.abs(labels).max() <= 1
    assert np.abs(labels[:, 1:].mean(0)).max() < 0.4
    assert 0.2 < labels[:, 0].mean() < 0.8


def test_a_turned_hue_is_named_and_grey_has_none() -> None:
    always = AugmentSettings(recolour=1.0, shift=0, scale=0, turn=0)
    told = {version(dot(16, 16), 2, always, stream(seed)).colour for seed in range(30)}
    assert len(told - {None}) >= 3 and "red" not in told
    grey = dot(16, 16, (120, 120, 120))
    assert {version(grey, 2, always, stream(seed)).colour for seed in range(10)} == {None}


def test_versions_are_drawn_in_their_shares() -> None:
    settings, chance = AugmentSettings(versions=5, plain=0.6), stream()
    shares = np.bincount([draw_kind(settings, chance) for _ in range(4000)], minlength=5) / 4000
    assert np.allclose(shares, [0.6, 0.1, 0.1, 0.1, 0.1], atol=0.03)
    assert {draw_kind(AugmentSettings(versions=1), chance) for _ in range(10)} == {0}
