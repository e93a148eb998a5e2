"""Picture files and films: what is read, what is refused, and settings that survive the file."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fromnoise.errors import OutputError, RequestError
from fromnoise.films import appearing, encode_film, film_format, sheet, turning
from fromnoise.pictures import encode_picture, fit, picture_format, read_mask, read_picture, read_settings

SETTINGS = {
    "prompt": "ein Äpfelchen 🍎",
    "seed": 7,
    "steps": 20,
    "guidance_interval": [0.1, 0.8],
    "style": None,
}


def noise(width: int = 16, height: int = 16) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def png_of_size(width: int, height: int) -> bytes:
    """Claim a size in the header and hold next to no pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"0"))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.jpg", "a.JPEG"])
def test_settings_survive_in_every_format(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(encode_picture(noise(), picture_format(path), SETTINGS))
    assert read_settings(path) == SETTINGS


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_lossless_formats_keep_every_pixel(tmp_path: Path, format: str) -> None:
    encoded = encode_picture(noise(), format, SETTINGS)
    assert np.array_equal(np.asarray(Image.open(BytesIO(encoded))), np.asarray(noise()))
    assert encoded == encode_picture(noise(), format, SETTINGS)


@pytest.mark.parametrize("text", [None, "[" * 100_000, "[1, 2]", '{"seed": 1}', "9" * 5000])
def test_pictures_of_others_carry_no_settings(tmp_path: Path, text: str | None) -> None:
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    if text is not None:
        chunks.add_text("fromnoise", text)
    noise().save(tmp_path / "a.png", pnginfo=chunks)
    with pytest.raises(RequestError, match="no fromnoise settings"):
        read_settings(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "broken"),
        (b"not a picture", "broken"),
        (png_of_size(16, 16), "broken"),
        (png_of_size(9000, 9000), "megapixels"),
        (png_of_size(60_000, 60_000), "megapixels"),
    ],
)
def test_broken_and_huge_pictures_are_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(RequestError, match=said):
        read_picture(path)


def test_a_picture_cut_short_is_refused(tmp_path: Path) -> None:
    whole = encode_picture(noise(64, 64), "PNG", SETTINGS)
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RequestError, match="broken"):
        read_picture(tmp_path / "a.png")


def test_missing_tiny_and_folder_are_refused(tmp_path: Path) -> None:
    noise(1, 1).save(tmp_path / "dot.png")
    for path, said in (("none.png", "no init at"), ("dot.png", "1x1 px"), (".", "folder")):
        with pytest.raises(RequestError, match=said):
            read_picture(tmp_path / path, "init")


def test_transparency_lies_on_white_and_orientation_is_followed(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 16), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert read_picture(tmp_path / "clear.png").getpixel((0, 0)) == (255, 255, 255)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    noise(8, 16).save(tmp_path / "turned.png", exif=exif)
    assert read_picture(tmp_path / "turned.png").size == (16, 8)


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 0x80FF, dtype=np.uint16)).save(tmp_path / "deep.png")
    assert read_picture(tmp_path / "deep.png").getpixel((0, 0)) == (128, 128, 128)


def test_mask_must_have_the_size_of_its_picture(tmp_path: Path) -> None:
    noise(16, 8).save(tmp_path / "mask.png")
    with pytest.raises(RequestError, match=r"16x8 px.*16x16 px"):
        read_mask(tmp_path / "mask.png", noise(16, 16))
    assert read_mask(tmp_path / "mask.png", noise(16, 8)).mode == "L"


def test_fit_cuts_the_middle() -> None:
    wide = Image.new("RGB", (48, 16), "red")
    wide.paste("blue", (16, 0, 32, 16))
    assert fit(wide, 8).size == (8, 8)
    assert fit(wide, 8).getpixel((4, 4)) == (0, 0, 255)


@pytest.mark.parametrize("name", ["a.webp", "a.gif"])
def test_a_film_has_its_frames_and_no_end(tmp_path: Path, name: str) -> None:
    frames = [Image.new("RGB", (16, 16), (value, 0, 0)) for value in (0, 80, 160, 240)]
    path = tmp_path / name
    path.write_bytes(encode_film(frames, appearing(4), film_format(path), SETTINGS))
    with Image.open(path) as film:
        assert (film.n_frames, film.info["loop"]) == (4, 0)


def test_films_rest_where_they_should() -> None:
    assert appearing(1) == [2000]
    assert appearing(3)[-1] > appearing(3)[0]
    assert turning(4)[0] == turning(4)[-1] > turning(4)[1]


def test_unknown_suffixes_name_the_known_ones() -> None:
    with pytest.raises(OutputError, match=r"\.webp"):
        picture_format(Path("a.wepb"))
    with pytest.raises(OutputError, match=r"\.gif"):
        film_format(Path("a.mp4"))


def test_a_sheet_holds_all_pictures_in_rows() -> None:
    assert sheet([noise()]).size == (16, 16)
    assert sheet([noise()] * 5, gap=4).size == (3 * 20 - 4, 2 * 20 - 4)
    assert sheet([noise()] * 5, columns=5, gap=0).size == (80, 16)
