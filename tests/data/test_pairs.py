import numpy as np
import pytest
import torch

from fromnoise.data.dataset import PictureSet
from fromnoise.data.pairs import PairBatch, PairFeed
from fromnoise.data.shapes import build_shapes


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> PictureSet:
    return build_shapes(tmp_path_factory.mktemp("data") / "shapes", count=80, size=32)


@pytest.fixture(scope="module")
def feed(shapes: PictureSet) -> PairFeed:
    return PairFeed(shapes, 32, ("plain",), seed=0)


def same(left: PairBatch, right: PairBatch) -> bool:
    return all(torch.equal(getattr(left, name), getattr(right, name)) for name in vars(left))


def test_a_batch_is_a_function_of_the_step(shapes: PictureSet, feed: PairFeed) -> None:
    again = PairFeed(shapes, 32, ("plain",), seed=0)
    assert same(feed.batch(7, 6), again.batch(7, 6))
    assert not same(feed.batch(7, 6), feed.batch(8, 6))
    assert not same(feed.batch(7, 6), PairFeed(shapes, 32, ("plain",), seed=1).batch(7, 6))


def test_first_pictures_are_sound_and_second_ones_often_not(feed: PairFeed) -> None:
    batch = feed.batch(0, 40)
    assert len(batch) == 40 and batch.pictures.shape == (80, 32, 32, 3)
    assert not batch.kinds[:40].any() and not batch.levels[:40].any()
    assert 20 < (batch.kinds[40:] > 0).sum() < 40


def test_nothing_held_out_is_trained_on(shapes: PictureSet) -> None:
    marked = np.array(shapes.pictures)
    held = [row for row, item in enumerate(shapes.all_items) if item.split != "train"]
    assert held
    marked[held] = (1, 2, 3)
    only = PictureSet(shapes.folder, shapes.summary, marked, shapes.all_items, shapes.rows)
    feed = PairFeed(only, 32, (), seed=0)
    flat = [picture for step in range(4) for picture in feed.batch(step, 20).pictures.flatten(1)]
    assert not any((picture == picture[0]).all() or picture.unique().numel() <= 3 for picture in flat)


def test_validation_is_held_out_and_always_the_same(feed: PairFeed) -> None:
    first, second = feed.validation(4), feed.validation(4)
    assert first and all(same(*both) for both in zip(first, second, strict=True))


def test_pictures_of_another_size_are_resized(shapes: PictureSet) -> None:
    assert PairFeed(shapes, 64, (), seed=0).batch(0, 2).pictures.shape == (4, 64, 64, 3)
