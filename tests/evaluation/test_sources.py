import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fromnoise.data.dataset import PictureSet
from fromnoise.data.shapes import build_shapes
from fromnoise.errors import DataError
from fromnoise.evaluation.sources import dataset_source, open_source, source_of

RED = np.full((12, 16, 3), (200, 30, 40), np.uint8)


def keep(folder: Path, name: str, image: Image.Image | None = None, **options: object) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or Image.fromarray(RED)).save(path, **options)
    return path


# Folders


def test_a_folder_is_read_with_its_subfolders_in_order_of_names(tmp_path: Path) -> None:
    for name in ("b.png", "a/z.webp", "c.JPG"):
        keep(tmp_path, name)
    keep(tmp_path, ".hidden/d.png")
    source = open_source(tmp_path)
    assert source.names == ["a/z.webp", "b.png", "c.JPG"]
    assert len(source) == 3 and source[1].dtype == np.uint8
    assert np.array_equal(source[1], RED)
    assert source.captions is None and source.styles is None and source.concepts is None


def deep() -> Image.Image:
    return Image.fromarray(np.full((9, 9), 40_000, np.uint16))


KINDS: dict[str, tuple[str, Callable[[], Image.Image], tuple[int, int, int]]] = {
    "grey": ("grey.png", lambda: Image.new("L", (9, 9), 77), (77, 77, 77)),
    "grey with alpha": ("la.png", lambda: Image.new("LA", (9, 9), (0, 0)), (255, 255, 255)),
    "RGBA": ("rgba.png", lambda: Image.new("RGBA", (9, 9), (255, 0, 0, 0)), (255, 255, 255)),
    "16 bits": ("deep.png", deep, (156, 156, 156)),
    "palette": ("palette.gif", lambda: Image.new("RGB", (9, 9), (0, 0, 255)).convert("P"), (0, 0, 255)),
    "CMYK": ("cmyk.jpg", lambda: Image.new("CMYK", (9, 9), (0, 0, 0, 0)), (255, 255, 255)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_picture_becomes_rgb_on_white(kind: str, tmp_path: Path) -> None:
    name, make, colour = KINDS[kind]
    keep(tmp_path, name, make())
    picture = open_source(tmp_path)[0]
    assert picture.shape == (9, 9, 3) and picture.dtype == np.uint8
    assert np.abs(picture.astype(int) - colour).max() <= 2


def test_pictures_stand_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    keep(tmp_path, "turned.jpg", exif=exif)
    assert open_source(tmp_path)[0].shape == (16, 12, 3)


def test_what_a_folder_says_of_its_pictures_is_known(tmp_path: Path) -> None:
    keep(tmp_path, "a.png")
    keep(tmp_path, "b.png")
    line = {"file_name": "a.png", "text": "a red thing", "style": "flat"}
    (tmp_path / "metadata.jsonl").write_text(json.dumps(line))
    source = open_source(tmp_path)
    assert source.captions == ["a red thing", None]
    assert source.styles == ["flat", None]


def test_a_dataset_folder_is_a_source_too(tmp_path: Path) -> None:
    build_shapes(tmp_path / "shapes", count=5, size=16)
    source = open_source(tmp_path / "shapes")
    assert len(source) == 5 and source[4].shape == (16, 16, 3)
    assert source.captions is not None and source.concepts is not None
    with pytest.raises(IndexError):
        source[5]


# What isn't there or isn't a picture


def test_an_empty_folder_and_none_at_all_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures in"):
        open_source(tmp_path)
    with pytest.raises(DataError, match="no folder at"):
        open_source(tmp_path / "none")
    with pytest.raises(DataError, match="is a file; give the folder"):
        open_source(keep(tmp_path, "one.png"))


def test_texts_among_pictures_are_told_but_captions_may_lie_there(tmp_path: Path) -> None:
    keep(tmp_path, "a.png")
    (tmp_path / "a.txt").write_text("a red thing")
    assert open_source(tmp_path).captions == ["a red thing"]
    (tmp_path / "stories.jsonl").write_text("{}")
    with pytest.raises(DataError, match=r"1 pictures and 1 texts \(stories.jsonl\).*two folders"):
        open_source(tmp_path)


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    keep(tmp_path, "good.png")
    (tmp_path / "bad.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"bad.png is broken or not a picture"):
        open_source(tmp_path)


def test_a_picture_of_one_pixel_is_refused(tmp_path: Path) -> None:
    keep(tmp_path, "dot.png", Image.new("RGB", (1, 1)))
    with pytest.raises(DataError, match="dot.png is 1x1 px; it takes at least 8 px a side"):
        open_source(tmp_path)


def test_many_broken_pictures_are_counted_in_one_line(tmp_path: Path) -> None:
    keep(tmp_path, "good.png")
    for index in range(5):
        (tmp_path / f"{index}.png").write_bytes(b"")
    with pytest.raises(
        DataError, match="5 of 6 pictures can't be used: .*0.png.*1.png.*2.png.*; ...$"
    ) as caught:
        open_source(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_picture_cut_short_is_told_when_it_is_read(tmp_path: Path) -> None:
    path = keep(tmp_path, "cut.png", Image.effect_noise((64, 64), 50))
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DataError, match="cut.png is broken"):
        open_source(tmp_path)[0]


# Pictures in memory


def test_lists_and_stacks_of_pictures_are_sources() -> None:
    kinds = [Image.fromarray(RED), RED, RED[..., 0], np.dstack([RED, np.zeros((12, 16), np.uint8)]), deep()]
    source = source_of(kinds, "mine")
    assert [source[index].shape for index in range(5)] == [(12, 16, 3)] * 4 + [(9, 9, 3)]
    assert np.array_equal(source[0], RED) and (source[3] == 255).all() and (source[4] == 156).all()
    assert source.names[2] == "mine 2"
    assert np.array_equal(source_of(torch.from_numpy(np.stack([RED, RED])))[1], RED)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (RED.astype(np.float32), "8-bit pixels.*not float32"),
        (RED[:1, :1], "1x1 px"),
        (RED[..., :2], r"not \(12, 16, 2\)"),
    ],
)
def test_what_is_no_picture_in_memory_is_told(picture: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        source_of([picture])[0]


def test_an_empty_list_is_told() -> None:
    with pytest.raises(DataError, match="no pictures"):
        source_of([])


def test_a_view_keeps_what_is_known(tmp_path: Path) -> None:
    shapes = PictureSet.open(build_shapes(tmp_path / "shapes", count=6, size=16).folder)
    source = dataset_source(shapes, "shapes")
    view = source.take([4, 1, 1]).take([0, 2])
    assert view.names == [source.names[4], source.names[1]]
    assert np.array_equal(view[1], source[1])
    assert view.captions is not None and source.captions is not None
    assert view.captions[0] == source.captions[4] and view.styles is not None
    with pytest.raises(DataError, match="no pictures"):
        dataset_source(shapes.where(split="none"))
