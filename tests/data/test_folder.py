import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fromnoise.data.folder import build_folder
from fromnoise.errors import DataError

from .conftest import save_picture


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Ten pictures in a folder whose name is their caption."""
    for index in range(10):
        save_picture(tmp_path / "mine" / "red_apple" / f"{index}.png", 20 * index)
    return tmp_path / "mine"


def captions(source: Path, out: Path) -> dict[str, str]:
    return {item.id: item.caption for item in build_folder(source, out, 8).items}


def test_metadata_wins_over_text_files_over_folder_names(source: Path, tmp_path: Path) -> None:
    line = {"file_name": "red_apple/0.png", "text": "an  apple,\nred", "style": "photo"}
    (source / "metadata.jsonl").write_text(json.dumps(line) + "\n\n")
    (source / "red_apple" / "0.txt").write_text("not this")
    (source / "red_apple" / "1.txt").write_text("\ufeffa green pear \n", encoding="utf-8")
    (source / "red_apple" / "2.txt").write_text(" \n")
    built = build_folder(source, tmp_path / "out", 8)
    assert [item.caption for item in built.items[:4]] == [
        "an apple, red",
        "a green pear",
        "red apple",
        "red apple",
    ]
    assert [item.style for item in built.items[:2]] == ["photo", None]


def test_one_in_twenty_validates_and_twins_stay_together(source: Path, tmp_path: Path) -> None:
    for index in range(10):
        shutil.copy(source / "red_apple" / f"{index}.png", source / "red_apple" / f"copy-{index}.png")
    built = build_folder(source, tmp_path / "out", 8)
    splits = {item.id.rsplit("/")[-1]: item.split for item in built.items}
    assert all(splits[f"{index}.png"] == splits[f"copy-{index}.png"] for index in range(10))
    assert 1 <= len(built.where(split="validation")) < len(built.where(split="train"))


@pytest.mark.parametrize(("fit", "corner"), [("crop", (250, 0, 0)), ("pad", (255, 255, 255))])
def test_wide_pictures_are_cut_or_padded(
    fit: str, corner: tuple[int, ...], source: Path, tmp_path: Path
) -> None:
    Image.new("RGB", (60, 20), (250, 0, 0)).save(source / "red_apple" / "0.png")
    built = build_folder(source, tmp_path / "out", 12, fit)  # type: ignore[arg-type]
    assert tuple(built[0][0][0, 0]) == corner and tuple(built[0][0][6, 6]) == (250, 0, 0)


def test_alpha_lies_on_white_and_formats_are_read(source: Path, tmp_path: Path) -> None:
    Image.new("RGBA", (16, 16), (0, 0, 0, 0)).save(source / "red_apple" / "0.png")
    Image.new("L", (16, 16), 128).save(source / "red_apple" / "a.JPG")
    Image.new("P", (16, 16)).save(source / "red_apple" / "b.gif")
    Image.new("RGB", (16, 16), (9, 9, 9)).save(source / "red_apple" / "c.webp", lossless=True)
    built = build_folder(source, tmp_path / "out", 8)
    assert len(built) == 13 and built[0][0].min() == 255


def test_phone_pictures_are_turned_upright(source: Path, tmp_path: Path) -> None:
    array = np.zeros((16, 16, 3), np.uint8)
    array[:, :8] = 255  # white on the left; turned by the tag, on the top
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(array).save(source / "red_apple" / "0.png", exif=exif)
    picture, _ = build_folder(source, tmp_path / "out", 8)[0]
    assert picture[0].min() > 200 and picture[-1].max() < 50


def test_unreadable_pictures_are_named_and_skipped(source: Path, tmp_path: Path) -> None:
    (source / "red_apple" / "0.png").write_bytes(b"not a picture")
    with pytest.warns(UserWarning, match=r"1 of 10 pictures can't be used: .*0\.png"):
        assert len(build_folder(source, tmp_path / "out", 8)) == 9


def test_pictures_without_caption_are_counted(source: Path, tmp_path: Path) -> None:
    save_picture(source / "loose.png", 99)
    save_picture(source / ".hidden" / "secret.png", 98)
    with pytest.warns(UserWarning, match="1 of 11 pictures have no caption"):
        assert len(build_folder(source, tmp_path / "out", 8)) == 10


def fails(source: Path, message: str) -> None:
    out = source.parent / "out"
    with pytest.raises(DataError, match=message) as caught:
        build_folder(source, out, 8, warn=lambda note: None)
    assert "\n" not in str(caught.value)
    assert not out.exists()


def test_folders_that_hold_nothing_to_learn(source: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    fails(tmp_path / "nowhere", "no folder at")
    fails(source / "red_apple" / "0.png", "is a file")
    fails(tmp_path / "empty", "no pictures in")
    fails(source / "red_apple", "no captions in .*metadata.jsonl")


def test_too_few_different_pictures(source: Path) -> None:
    for index in range(2, 10):
        shutil.copy(source / "red_apple" / "0.png", source / "red_apple" / f"{index}.png")
    fails(source, "has 2 usable pictures .* at least 8")
    for index in range(2, 10):
        (source / "red_apple" / f"{index}.png").unlink()
    fails(source, "has 2 usable pictures")


def test_all_unreadable(source: Path) -> None:
    for path in source.rglob("*.png"):
        path.write_bytes(b"\x89PNG")
    fails(source, "10 of 10 pictures can't be used: .*; and 7 more")


def test_huge_pictures_are_not_decoded(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fromnoise.pictures.LARGEST", 100)
    fails(source, "10 of 10 pictures can't be used")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1 is not JSON"),
        ("[]", "expected an object"),
        ('{"text": "a"}', "has no file_name"),
        ('{"file_name": "red_apple/0.png"}', "has no text or caption"),
        ('{"file_name": "red_apple/0.png", "text": " "}', "text should be text"),
        ('{"file_name": "red_apple/0.png", "text": 3}', "text should be text, got 3"),
        ('{"file_name": "red_apple/0.png", "text": "a", "style": 3}', "style should be text"),
        ('{"file_name": "absent.png", "text": "a"}', "no picture absent.png"),
        ('{"file_name": "../x.png", "text": "a"}', "leads out of the folder"),
        (json.dumps({"file_name": "red_apple/0.png", "text": "a" * 2000}), "at most 1000 characters"),
    ],
)
def test_metadata_that_cannot_be_meant(line: str, message: str, source: Path) -> None:
    (source / "metadata.jsonl").write_text(line)
    fails(source, message)


def test_captions_in_another_encoding(source: Path) -> None:
    (source / "red_apple" / "3.txt").write_bytes("grün".encode("latin-1"))
    fails(source, r"3\.txt is not UTF-8 text")


def test_unknown_fit(source: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="did you mean crop"):
        build_folder(source, tmp_path / "out", 8, "crops")  # type: ignore[arg-type]


def test_caption_source_by_source(source: Path, tmp_path: Path) -> None:
    assert set(captions(source, tmp_path / "out").values()) == {"red apple"}
