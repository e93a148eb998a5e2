"""Batches: a function of the step, of training pictures alone. A picture's grey tells which row it is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from fromnoise.data.augment import AugmentSettings
from fromnoise.data.dataset import Item, PictureSet
from fromnoise.data.feed import DataSettings, EncodedFeed, Epochs, PictureFeed, open_dataset
from fromnoise.data.writing import write_pictures
from fromnoise.errors import DataError

HELD, ONE_WAY = {3, 8, 13}, {5, 6}
COUNT = 16


def grey(row: int) -> np.ndarray:
    """A picture of one grey, 10 times its row, with a black bar on its left."""
    picture = np.full((16, 16, 3), 10 * row + 50, np.uint8)
    picture[:, :2] = 0
    return picture


def row_of(picture: Tensor) -> int:
    return (int(picture[..., 8, 8, 0]) - 50) // 10


@pytest.fixture
def pictures(tmp_path: Path, item: Item) -> PictureSet:
    def one(row: int) -> tuple[np.ndarray, Item]:
        split = "pair" if row in HELD else "train"
        subgroup = "arrow" if row in ONE_WAY else "food-fruit"
        group = "flags" if row < 4 else "food-drink"
        return grey(row), replace(
            item, id=f"{row}", caption=f"thing {row}", split=split, subgroup=subgroup, group=group
        )

    return write_pictures(tmp_path / "greys", "greys", 16, map(one, range(COUNT)))


def as_they_are(pictures: Tensor) -> Tensor:
    return pictures.float()


MakeFeed = Callable[..., EncodedFeed]


@pytest.fixture
def encoded(pictures: PictureSet, tmp_path: Path) -> MakeFeed:
    def make(seed: int = 0, name: str = "cache", **augment: float) -> EncodedFeed:
        settings = DataSettings(augment=AugmentSettings(**{"versions": 4, **augment}))  # type: ignore[arg-type]
        return EncodedFeed(pictures, settings, seed, as_they_are, tmp_path / name)

    return make


# Epochs


def test_every_row_comes_once_an_epoch() -> None:
    epochs = Epochs(np.ones(7), seed=0)
    first, second = ([epochs[at] for at in range(start, start + 7)] for start in (0, 7))
    assert sorted(first) == sorted(second) == list(range(7))
    assert first != second


def test_rows_come_as_often_as_they_weigh() -> None:
    weights = np.array([1.0, 1.0, 0.25, 4.0])
    epochs = Epochs(weights, seed=1)
    counts = np.bincount([epochs[at] for at in range(4000)], minlength=4)
    assert np.allclose(counts / 4000, weights / weights.sum(), atol=0.01)


def test_any_position_can_be_asked_for() -> None:
    epochs, others = Epochs(np.ones(5), seed=3), Epochs(np.ones(5), seed=3)
    forwards = [epochs[at] for at in range(20)]
    assert [others[at] for at in reversed(range(20))] == forwards[::-1]


# What is fed


def test_a_batch_is_a_function_of_its_step(encoded: MakeFeed) -> None:
    feed, again, other = encoded(), encoded(), encoded(seed=1)
    feed.batch(0, 4)
    for step in (5, 2):
        one, same = feed.batch(step, 4), again.batch(step, 4)
        assert torch.equal(one.x0, same.x0) and torch.equal(one.augmented, same.augmented)
        assert (one.captions, one.styles) == (same.captions, same.styles)
    assert not torch.equal(feed.batch(2, 4).x0, other.batch(2, 4).x0)


def test_no_held_out_picture_is_ever_fed(encoded: MakeFeed, pictures: PictureSet) -> None:
    feed, plain = encoded(shift=0.0, scale=0.0), PictureFeed(pictures, DataSettings(), 0)
    kept = set(range(COUNT)) - HELD
    seen = {row_of(x0) for step in range(40) for x0 in feed.batch(step, 8).x0}
    assert seen == kept
    named = {caption for step in range(40) for caption in feed.batch(step, 8).captions}
    assert not any(f"thing {row}" in caption.split(",")[0].split("of ") for row in HELD for caption in named)
    maxima = {int(picture.max()) for step in range(40) for picture in plain.batch(step, 8).pictures}
    assert {(value - 50) // 10 for value in maxima} == kept


def test_validation_is_the_held_out_pictures_as_they_are(encoded: MakeFeed, pictures: PictureSet) -> None:
    batches = encoded().validation(2)
    assert [len(batch) for batch in batches] == [2, 1]
    assert {row_of(x0) for batch in batches for x0 in batch.x0} == HELD
    assert [caption for batch in batches for caption in batch.captions] == ["thing 3", "thing 8", "thing 13"]
    assert not any(batch.augmented.any() for batch in batches)
    (plain,) = PictureFeed(pictures, DataSettings(), 0).validation(8)
    assert {row_of(picture) for picture in plain.pictures} <= HELD


def test_only_what_may_be_is_mirrored(encoded: MakeFeed, pictures: PictureSet) -> None:
    feed = encoded(shift=0.0, scale=0.0, turn=0.0)
    mirrored: set[int] = set()
    for step in range(60):
        batch = feed.batch(step, 8)
        for x0, label in zip(batch.x0, batch.augmented, strict=True):
            assert bool(x0[8, 0, 0] > 0) == bool(label[0]), "the label must tell what was done"
            mirrored |= {row_of(x0)} if label[0] else set()
    assert mirrored == set(range(COUNT)) - HELD - ONE_WAY

    plain = PictureFeed(pictures, DataSettings(), 0)
    shown = [picture for step in range(40) for picture in plain.batch(step, 8).pictures]
    flipped = {row_of(picture) for picture in shown if int(picture[8, 0].max()) > 0}
    assert flipped == set(range(COUNT)) - HELD - ONE_WAY


def test_the_untouched_picture_has_its_share(encoded: MakeFeed) -> None:
    feed = encoded(plain=0.7)
    untouched = torch.cat([~feed.batch(step, 16).augmented.any(1) for step in range(40)])
    assert abs(float(untouched.float().mean()) - 0.7) < 0.06


def test_pictures_are_encoded_once(encoded: MakeFeed, tmp_path: Path) -> None:
    first = encoded().batch(0, 4)
    written = (tmp_path / "cache.npz").stat().st_mtime_ns
    assert torch.equal(encoded().batch(0, 4).x0, first.x0)
    assert (tmp_path / "cache.npz").stat().st_mtime_ns == written
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache.npz", "greys"]


# Which dataset


def test_groups_are_weighed(pictures: PictureSet) -> None:
    feed = PictureFeed(pictures, DataSettings(weights={"flags": 0.0}), 0)
    maxima = {int(picture.max()) for step in range(20) for picture in feed.batch(step, 8).pictures}
    assert min(maxima) == 10 * 4 + 50


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"weights": {"flag": 2.0}}, "unknown group 'flag'; did you mean flags"),
        ({"weights": {"flags": -1.0}}, "weights must be at least 0 .* not -1"),
        ({"weights": {"flags": 0.0, "food-drink": 0.0}}, "no picture is left"),
        ({"styles": ("notto",)}, "unknown style 'notto'; did you mean noto"),
    ],
)
def test_what_does_not_fit_the_dataset_is_told(
    pictures: PictureSet, settings: dict[str, object], told: str
) -> None:
    chosen = DataSettings.model_validate({"dataset": str(pictures.folder), **settings})
    with pytest.raises(DataError, match=told):
        open_dataset(chosen)


def test_a_dataset_without_training_pictures_is_told(tmp_path: Path, item: Item) -> None:
    held = replace(item, split="concept")
    write_pictures(tmp_path / "held", "held", 16, [(grey(1), held)])
    with pytest.raises(DataError, match="no training pictures"):
        open_dataset(DataSettings(dataset=str(tmp_path / "held")))
