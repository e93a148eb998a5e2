"""How things are written for the network."""

import base64
from io import BytesIO
from typing import Any

from PIL import Image

from fromnoise.pictures import encode_picture, exif_of

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
    image: Image.Image, format: str, settings: dict[str, Any], quality: int | None = None
) -> bytes:
    """Encode a picture, settings inside if there are any; a `quality` makes WebP lossy."""
    if settings and (quality is None or format == "png"):
        return encode_picture(image, format.upper(), settings)
    buffer = BytesIO()
    lossy: dict[str, Any] = {"quality": 90 if quality is None else max(1, quality), "exif": exif_of(settings)}
    image.save(buffer, format.upper(), **(lossy if format != "png" else {}))
    return buffer.getvalue()
