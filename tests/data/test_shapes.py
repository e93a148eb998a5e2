from pathlib import Path

import numpy as np
import pytest

from fromnoise.data.colours import dominant_colours
from fromnoise.data.outlines import SHAPES
from fromnoise.data.shapes import COLOURS, build_shapes, shapes_split
from fromnoise.errors import DataError


def test_a_seed_always_draws_the_same(tmp_path: Path) -> None:
    first, same, other = (
        build_shapes(tmp_path / name, 40, 16, seed) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert first.summary["sha256"] == same.summary["sha256"] != other.summary["sha256"]


def test_a_longer_set_begins_like_a_shorter(tmp_path: Path) -> None:
    short, long = build_shapes(tmp_path / "a", 10, 16), build_shapes(tmp_path / "b", 30, 16)
    assert np.array_equal(short.pictures, long.pictures[:10])


def test_pairs_are_held_out_by_rule(tmp_path: Path) -> None:
    pairs = [(shape, colour) for shape in SHAPES for colour in COLOURS]
    held_out = [pair for pair in pairs if shapes_split(*pair) == "pair"]
    assert len(pairs) // 16 < len(held_out) < len(pairs) // 4
    built = build_shapes(tmp_path / "set", 200, 16)
    for item in built.items:
        colour, shape = item.label.split()
        assert item.split == shapes_split(shape, colour) and item.label in item.caption


def test_captions_tell_the_colour(tmp_path: Path) -> None:
    built = build_shapes(tmp_path / "set", 200, 32).where(styles=["plain"])
    on_white = [(picture, item) for picture, item in built if " on " not in item.caption]
    told = [item.label.split()[0] in dominant_colours(picture) for picture, item in on_white]
    assert np.mean(told) > 0.95


@pytest.mark.parametrize("count", [0, -3])
def test_no_shapes_are_not_a_set(count: int, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least 1"):
        build_shapes(tmp_path / "set", count)
