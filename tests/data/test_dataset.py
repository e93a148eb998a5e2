import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fromnoise.data.dataset import DATASETS, Item, PictureSet, dataset_folder, find_dataset
from fromnoise.data.writing import write_pictures
from fromnoise.errors import DataError, OutputError


def pictures(item: Item, count: int = 5) -> Iterator[tuple[np.ndarray, Item]]:
    for index in range(count):
        style, split = ("noto", "train") if index % 2 == 0 else ("twemoji", "pair")
        yield np.full((8, 8, 3), index, np.uint8), replace(item, id=str(index), style=style, split=split)


@pytest.fixture
def written(item: Item, tmp_path: Path) -> PictureSet:
    return write_pictures(tmp_path / "set", "test", 8, pictures(item))


def test_a_dataset_is_found_by_name_or_path(
    tmp_path: Path, item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert find_dataset("mine") == dataset_folder("mine")
    write_pictures(tmp_path / "mine", "mine", 8, pictures(item))
    assert find_dataset("mine") == Path("mine")
    write_pictures(dataset_folder("mine"), "mine", 8, pictures(item))
    assert find_dataset("mine") == dataset_folder("mine")
    assert find_dataset("./mine") == Path("mine") and find_dataset(".") == Path()


def test_what_is_written_is_read_again(written: PictureSet, item: Item) -> None:
    again = PictureSet.open(written.folder)
    again.verify()
    assert len(again) == 5 and again.size == 8
    for (picture, read), (expected, kept) in zip(again, pictures(item), strict=True):
        assert np.array_equal(picture, expected) and read == kept
    assert again.summary["styles"] == {"noto": 3, "twemoji": 2}
    assert isinstance(again.pictures, np.memmap)
    with pytest.raises(IndexError):
        again[5]


def test_items_survive_json_and_unknown_keys(item: Item) -> None:
    line = json.dumps(json.loads(item.to_json()) | {"new": 1})
    assert Item.from_json(line) == item


def test_where_narrows_and_keeps_rows(written: PictureSet) -> None:
    assert [item.id for item in written.where(split="train").items] == ["0", "2", "4"]
    view = written.where(styles=["twemoji"]).where(split="pair", groups=["food-drink"])
    assert [int(picture[0, 0, 0]) for picture, _ in view] == [1, 3]
    assert len(written.where(groups=[])) == 0


def test_where_knows_the_names(written: PictureSet) -> None:
    with pytest.raises(DataError, match="unknown style 'notto'; did you mean noto"):
        written.where(styles=["notto"])
    with pytest.raises(DataError, match="unknown group"):
        written.where(groups=["food"])


def test_same_pictures_give_same_bytes(written: PictureSet, item: Item, tmp_path: Path) -> None:
    assert write_pictures(tmp_path / "two", "test", 8, pictures(item)).summary == written.summary


def test_nothing_is_left_when_a_picture_fails(item: Item, tmp_path: Path) -> None:
    def failing() -> Iterator[tuple[np.ndarray, Item]]:
        yield from pictures(item)
        raise DataError("broken")

    with pytest.raises(DataError, match="broken"):
        write_pictures(tmp_path / "set", "test", 8, failing())
    assert list(tmp_path.iterdir()) == []


def test_existing_folder_is_kept_unless_asked(written: PictureSet, item: Item, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="--force"):
        write_pictures(written.folder, "test", 8, pictures(item))
    assert len(write_pictures(written.folder, "test", 8, pictures(item, 3), overwrite=True)) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_folder_that_is_no_dataset_is_never_replaced(item: Item, tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(OutputError, match="no dataset"):
        write_pictures(tmp_path, "test", 8, pictures(item), overwrite=True)
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_an_empty_folder_is_filled(item: Item, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "set").mkdir()
    monkeypatch.chdir(tmp_path / "set")
    assert len(write_pictures(Path("."), "test", 8, pictures(item))) == 5


def test_a_place_below_a_file_is_one_line(item: Item, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="can't write a dataset"):
        write_pictures(tmp_path / "file" / "set", "test", 8, pictures(item))


@pytest.mark.parametrize("size", [0, -1, 7, 5000])
def test_sizes_that_cannot_be(size: int, item: Item, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="size"):
        write_pictures(tmp_path / "set", "test", size, pictures(item))


def test_a_set_of_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not one picture"):
        write_pictures(tmp_path / "set", "test", 8, [])


def test_changed_bytes_are_noticed(written: PictureSet) -> None:
    path = written.folder / "pictures.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"pictures\.npy isn't what was built"):
        PictureSet.open(written.folder).verify()


@pytest.mark.parametrize("broken", ["pictures.npy", "items.jsonl", "dataset.json"])
@pytest.mark.parametrize("how", ["absent", "empty", "short", "garbage"])
def test_broken_folders_are_one_line(written: PictureSet, broken: str, how: str) -> None:
    path = written.folder / broken
    content = path.read_bytes()
    path.unlink()
    if how != "absent":
        short = content[: len(content) // 2]
        path.write_bytes({"empty": b"", "short": short, "garbage": b"\x80 nothing\n"}[how])
    with pytest.raises(DataError) as caught:
        PictureSet.open(written.folder)
    assert "\n" not in str(caught.value)


def test_another_format_and_a_count_that_is_off(written: PictureSet) -> None:
    path = written.folder / "dataset.json"
    path.write_text(json.dumps(written.summary | {"count": 4}))
    with pytest.raises(DataError, match="should hold 4 pictures"):
        PictureSet.open(written.folder)
    path.write_text(json.dumps(written.summary | {"format": 99}))
    with pytest.raises(DataError, match="format 1"):
        PictureSet.open(written.folder)


def test_every_dataset_has_a_builder() -> None:
    assert [callable(DATASETS[name]) for name in DATASETS] == [True] * 3
