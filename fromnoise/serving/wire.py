"""How things are written for the network."""

import base64
from io import BytesIO
from typing import Any

from PIL import Image

from fromnoise.guard.provenance import encode_stamped, pixels, stamp
from fromnoise.pictures import exif_of

EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
}
"""Says in a description that an address may answer with server-sent events."""


def b64(content: bytes) -> str:
    """Return bytes as base64."""
    return base64.b64encode(content).decode()


def preview_url(image: Image.Image) -> str:
    """Return a picture as a `data:` URL: small WebP, for what is shown for a moment."""
    buffer = BytesIO()
    image.save(buffer, "WEBP", quality=80, method=0)
    return f"data:image/webp;base64,{b64(buffer.getvalue())}"


def evenly(steps: int, count: int) -> set[int]:
    """Return `count` of the steps 1 to `steps`, evenly, before the last."""
    return {max(1, round((place + 1) * steps / (count + 1))) for place in range(min(count, steps))}


def picture_bytes(
    image: Image.Image, format: str, settings: dict[str, Any], quality: int | None = None, made: bool = True
) -> bytes:
    """Encode a picture with a seal on what is sent; `made` says that its pixels are as they were made.

    A `quality` makes WebP lossy. A picture on its way has no settings, and no seal.
    """
    if not settings:
        return _plain(image, format, quality, None)
    if not made:
        settings = stamp(settings, pixels(image))
    if quality is None or format == "png":
        return encode_stamped(image, format.upper(), settings)
    with Image.open(BytesIO(_plain(image, format, quality, None))) as kept:
        settings = stamp(settings, pixels(kept))
    return _plain(image, format, quality, exif_of(settings))


def _plain(image: Image.Image, format: str, quality: int | None, exif: Image.Exif | None) -> bytes:
    buffer = BytesIO()
    lossy: dict[str, Any] = {
        "quality": 90 if quality is None else max(1, quality),
        "exif": exif or Image.Exif(),
    }
    image.save(buffer, format.upper(), **(lossy if format != "png" else {}))
    return buffer.getvalue()
