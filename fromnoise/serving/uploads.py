"""Pictures that come in: judged by their headers before anything is decoded."""

import base64
import binascii
import struct
import warnings
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from fromnoise.pictures import SMALLEST, fit
from fromnoise.serving.fetching import Fetcher
from fromnoise.serving.limits import Limits
from fromnoise.serving.problems import Problem

FORMATS = ("PNG", "JPEG", "WEBP")
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)


def check_header(content: bytes, limits: Limits, param: str) -> None:
    """Refuse what is no PNG, JPEG or WebP file, or too large, by its header; nothing is decoded."""
    size = dimensions(content)
    if size is None:
        raise Problem(400, f"{param} is broken or no PNG, JPEG or WebP file", "invalid_value", param)
    if size[0] * size[1] > limits.upload_pixels:
        said = f"{param} is {size[0]}x{size[1]} px; at most {limits.upload_pixels} px are read"
        raise Problem(400, said, "too_large", param)
    if min(size) < SMALLEST:
        raise Problem(400, f"{param} must be at least {SMALLEST} px a side", "invalid_value", param)


def opened(content: bytes, limits: Limits, param: str) -> Image.Image:
    """Decode a picture, upright; refuse what is broken, a film, or doesn't pass `check_header`."""
    check_header(content, limits, param)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is tighter
            image = Image.open(BytesIO(content), formats=FORMATS)
        if image.width * image.height > limits.upload_pixels or getattr(image, "n_frames", 1) > 1:
            raise Problem(400, f"{param} is a film or of two sizes; send one picture", "invalid_value", param)
        image.load()
    except _BROKEN:
        raise Problem(
            400, f"{param} is broken or no PNG, JPEG or WebP file", "invalid_value", param
        ) from None
    return ImageOps.exif_transpose(image)


def decoded(told: str, limits: Limits, param: str) -> bytes:
    """Return the bytes of base64 or of a `data:` URL."""
    head, comma, rest = told.partition(",")
    if head.startswith("data:"):
        if not comma or not head.endswith(";base64"):
            raise Problem(400, f"{param} must be base64 or a data: URL in base64", "invalid_value", param)
        told = rest
    elif "://" in told[:40]:
        said = "no URL is fetched here; send the picture itself, in base64 or as a data: URL"
        raise Problem(400, f"{param}: {said}", "unsupported", param)
    if len(told) > limits.upload_bytes * 4 // 3 + 4:
        raise Problem(413, f"{param} may have {limits.upload_bytes} bytes", "too_large", param)
    try:
        return base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError):
        raise Problem(400, f"{param} is no base64", "invalid_value", param) from None


async def content_of(url: str, limits: Limits, fetcher: Fetcher | None, param: str) -> bytes:
    """Return the picture at a URL, its header looked at; what is no `data:` URL is fetched or refused."""
    scheme = url.partition(":")[0].lower()
    if scheme == "data":
        content = decoded(url, limits, param)
    elif scheme not in ("http", "https"):
        raise Problem(400, f"{param} must be a data: URL (or http, https)", "invalid_value", param)
    elif fetcher is None:
        said = "this server fetches nothing; send a data: URL, or start it with --allow-url"
        raise Problem(400, f"{param}: {said}", "unsupported", param)
    else:
        content = await fetcher.fetch(url, param)
    check_header(content, limits, param)
    return content


def start_of(picture: Image.Image, side: int) -> NDArray[np.uint8]:
    """Return a picture to start from, (side, side, 3), on white."""
    layer = picture.convert("RGBA")
    white = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return np.asarray(fit(white, side))


def mask_of(mask: Image.Image, picture: Image.Image, side: int) -> NDArray[np.bool_]:
    """Return where a picture is made anew, (side, side): where the mask is clear or, without alpha, white."""
    if mask.size != picture.size:
        sizes = f"{mask.width}x{mask.height} px and the picture {picture.width}x{picture.height} px"
        raise Problem(400, f"the mask is {sizes}; make them one size", "invalid_value", "mask")
    if mask.has_transparency_data:
        free = ImageOps.invert(mask.convert("RGBA").getchannel("A"))
    else:
        free = mask.convert("L")
    found: NDArray[np.bool_] = np.asarray(fit(free, side)) > 127
    if not found.any():
        raise Problem(
            400, "the mask is nowhere clear, so nothing would be made anew", "invalid_value", "mask"
        )
    return found


def dimensions(content: bytes) -> tuple[int, int] | None:
    """Read width and height, px, out of a PNG, JPEG or WebP header; None when it is none of them."""
    try:
        if content[:8] == b"\x89PNG\r\n\x1a\n":
            return struct.unpack(">II", content[16:24])
        if content[:2] == b"\xff\xd8":
            return _of_jpeg(content)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _of_webp(content)
    except (struct.error, IndexError):
        pass
    return None


def _of_jpeg(content: bytes) -> tuple[int, int] | None:
    """Walk the segments up to the frame header (ITU T.81, B.2.2)."""
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif marker in range(0xC0, 0xD0) and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        else:
            at += 2 + struct.unpack(">H", content[at + 2 : at + 4])[0]
    return None


def _of_webp(content: bytes) -> tuple[int, int] | None:
    """Read the first chunk: lossy (RFC 6386, 9.1), lossless or extended (RFC 9649)."""
    if content[12:16] == b"VP8 ":
        width, height = struct.unpack("<HH", content[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if content[12:16] == b"VP8L":
        bits = struct.unpack("<I", content[21:25])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if content[12:16] == b"VP8X":
        return 1 + int.from_bytes(content[24:27], "little"), 1 + int.from_bytes(content[27:30], "little")
    return None
