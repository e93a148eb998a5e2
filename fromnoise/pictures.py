"""Picture files: read the user's, write ours with the settings inside, and read those again.

PNG keeps the settings in two text chunks (`fromnoise`: JSON, `parameters`: for people),
WebP and JPEG in the ImageDescription of EXIF.
"""

import json
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from fromnoise.errors import OutputError, RequestError, unknown

SUFFIXES = {".png": "PNG", ".webp": "WEBP", ".jpg": "JPEG", ".jpeg": "JPEG"}
LARGEST = 64_000_000  # px in all
SMALLEST = 8  # px a side
_IMAGE_DESCRIPTION = 0x010E  # EXIF tag; its text is ASCII, which JSON can keep to
_DEEP = ("I;16", "I;16B", "I;16L", "I;16N", "I")  # 16 bits a channel
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error)  # what Pillow raises on damaged files


def read_picture(path: Path, what: str = "picture") -> Image.Image:
    """Read a picture, upright, RGB, on white; raise RequestError when it is missing, broken, huge or tiny."""
    with _opened(path, what) as image:
        if min(image.size) < SMALLEST:
            raise RequestError(f"{what} {path} is {_size(image)} px; it takes at least {SMALLEST} px a side")
        upright = ImageOps.exif_transpose(image)
        if upright.mode in _DEEP:
            upright = Image.fromarray(
                (np.asarray(upright).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
            )
        return _on_white(upright)


def read_mask(path: Path, picture: Image.Image) -> Image.Image:
    """Read a mask for `picture`, white where it is made anew; raise RequestError when the sizes differ."""
    mask = read_picture(path, "mask").convert("L")
    if mask.size != picture.size:
        raise RequestError(
            f"mask {path} is {_size(mask)} px and the init picture {_size(picture)} px; make them one size"
        )
    return mask


def fit(image: Image.Image, side: int) -> Image.Image:
    """Cut out the largest square from the middle and resize it to `side` px."""
    return ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)


def read_settings(path: Path) -> dict[str, Any]:
    """Return the settings that a picture of ours carries. Raise RequestError when it carries none."""
    with _opened(path, "picture") as image:
        text = image.info.get("fromnoise") or image.getexif().get(_IMAGE_DESCRIPTION)
    try:
        settings = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        settings = None
    if not isinstance(settings, dict) or not isinstance(settings.get("prompt"), str):
        raise RequestError(
            f"{path} carries no fromnoise settings; only a picture made by fromnoise can be made again"
        )
    return settings


def picture_format(path: Path) -> str:
    """Return Pillow's name for the format of a file name; raise OutputError when we don't write it."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise OutputError(
            f"{path}: {unknown('picture format', suffix, SUFFIXES)}; end a folder's name with /"
        )
    return SUFFIXES[suffix]


def encode_picture(image: Image.Image, format: str, settings: dict[str, Any]) -> bytes:
    """Encode a picture with its settings inside. Equal pictures and settings give equal bytes."""
    buffer = BytesIO()
    if format == "PNG":
        chunks = PngInfo()
        chunks.add_text("fromnoise", json.dumps(settings))
        chunks.add_itxt("parameters", _for_people(settings))
        image.save(buffer, format, pnginfo=chunks)
    else:
        image.save(buffer, format, exif=exif_of(settings), **_QUALITY[format])
    return buffer.getvalue()


_QUALITY: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95, "subsampling": 0}}


def exif_of(settings: dict[str, Any]) -> Image.Exif:
    """Put settings into EXIF."""
    exif = Image.Exif()
    exif[_IMAGE_DESCRIPTION] = json.dumps(settings)
    return exif


def _for_people(settings: dict[str, Any]) -> str:
    said = {key: value for key, value in settings.items() if key != "prompt" and value is not None}
    return "\n".join([settings["prompt"], ", ".join(f"{key}: {value}" for key, value in said.items())])


@contextmanager
def _opened(path: Path, what: str) -> Iterator[Image.Image]:
    """Open and decode a picture file, or say in one line why not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is tighter
            image = Image.open(path)
        if image.width * image.height > LARGEST:
            raise RequestError(
                f"{what} {path} is {_size(image)} px; at most {LARGEST // 10**6} megapixels are read"
            )
        image.load()
    except RequestError:
        raise
    except Image.DecompressionBombError:
        raise RequestError(f"{what} {path} is huge; at most {LARGEST // 10**6} megapixels are read") from None
    except FileNotFoundError:
        raise RequestError(f"no {what} at {path}") from None
    except IsADirectoryError:
        raise RequestError(f"{what} {path} is a folder; give a picture file") from None
    except PermissionError:
        raise RequestError(f"{what} {path} may not be read") from None
    except _BROKEN:
        raise RequestError(
            f"{what} {path} is broken or not a picture; give a PNG, WebP or JPEG file"
        ) from None
    with image:
        yield image


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _size(image: Image.Image) -> str:
    return f"{image.width}x{image.height}"
