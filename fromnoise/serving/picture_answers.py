"""How finished pictures are sent: size, format, as text or as an address, and what is told beside them."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps

from fromnoise.films import encode_film
from fromnoise.requests import ImageRequest, ImageResult
from fromnoise.serving.house import House
from fromnoise.serving.pictures_asked import count_of
from fromnoise.serving.problems import Problem
from fromnoise.serving.shapes import GenerationBody
from fromnoise.serving.wire import b64, picture_bytes

_SIZE = re.compile(r"([1-9][0-9]{0,5})x([1-9][0-9]{0,5})", re.ASCII)
_FRAMES, _FRAME_MS, _REST_MS = 9, 200, 1500
_SMALLEST = 16


@dataclass(frozen=True)
class Answer:
    """What was asked for besides what the pictures show."""

    size: tuple[int, int] | None
    """Pixels; None is the model's own."""
    format: str
    quality: int | None
    background: str
    address: str | None
    """Where this server is, when pictures are to be told as addresses."""
    previews: int
    frame_ms: int

    def partial(self, picture: Image.Image, index: int, event: str) -> dict[str, Any]:
        """Return the event of a picture on its way."""
        told = {"type": f"{event}.partial_image", "partial_image_index": index}
        return told | self._event(picture, {})

    def completed(self, result: ImageResult, usage: dict[str, Any], event: str) -> dict[str, Any]:
        """Return the event of a finished picture."""
        settings = result.settings[0]
        told = {"type": f"{event}.completed", "usage": usage, "seed": settings.get("seed")}
        told |= {"settings": settings, "warnings": [*result.warnings, *self.resampled(result)]}
        return told | self._event(result.images[0], result.settings[0])

    def whole(
        self,
        result: ImageResult,
        frames: Sequence[Sequence[Image.Image]],
        kept: Sequence[str],
        usage: dict[str, Any],
    ) -> dict[str, Any]:
        """Return the answer with all pictures; `frames` are what was seen of them on the way."""
        data = []
        for place, (picture, settings) in enumerate(zip(result.images, result.settings, strict=True)):
            told: dict[str, Any] = {
                "seed": settings.get("seed"),
                "settings": settings,
                "revised_prompt": None,
            }
            if self.address is not None:
                told["url"] = self._url(kept[place])
            else:
                past = [each[place] for each in frames]
                told["b64_json"] = b64(self._encoded([*past, picture], settings))
            data.append(told)
        return {
            "created": int(time.time()),
            "data": data,
            "background": self.background,
            "output_format": self.format,
            "quality": "auto",
            "size": self._told_size(result.images[0]),
            "usage": usage,
            "warnings": [*result.warnings, *self.resampled(result)],
        }

    def usage(self, model: Any, asked: ImageRequest) -> dict[str, Any]:
        """Return how much was read and made, in tokens: words, and places of the model's grid."""
        tokens = getattr(getattr(model, "conditioner", None), "tokens", None)
        words = tokens.count(asked.prompt) if tokens is not None else len(asked.prompt.split())
        shape = getattr(model, "shape", (1, 8, 8))
        made = asked.count * shape[-1] * shape[-2]
        return {
            "input_tokens": words,
            "input_tokens_details": {"text_tokens": words, "image_tokens": 0},
            "output_tokens": made,
            "output_tokens_details": {"text_tokens": 0, "image_tokens": made},
            "total_tokens": words + made,
        }

    def resampled(self, result: ImageResult) -> list[str]:
        """Say so when pictures were not made at the size they are sent in."""
        made = result.images[0].size
        if self.size is None or self.size == made:
            return []
        own, sent = (f"{width}x{height} px" for width, height in (made, self.size))
        return [f"made at {own}, the model's own size, and resampled to {sent}"]

    def _event(self, picture: Image.Image, settings: dict[str, Any]) -> dict[str, Any]:
        return {
            "b64_json": b64(self._encoded([picture], settings)),
            "background": self.background,
            "created_at": int(time.time()),
            "output_format": self.format,
            "quality": "auto",
            "size": self._told_size(picture),
        }

    def _encoded(self, pictures: list[Image.Image], settings: dict[str, Any]) -> bytes:
        if self.format == "gif":
            frames = [sized(picture, self.size) for picture in pictures]
            return encode_film(frames, [self.frame_ms] * (len(frames) - 1) + [_REST_MS], "GIF", settings)
        picture = sized(pictures[-1], self.size)
        return picture_bytes(picture, self.format, settings, self.quality, made=picture is pictures[-1])

    def _told_size(self, picture: Image.Image) -> str:
        width, height = self.size or picture.size
        return f"{width}x{height}"

    def _url(self, id: str) -> str:
        size = f"&size={self.size[0]}x{self.size[1]}" if self.size else ""
        return f"{self.address}api/history/{id}/file?format={self.format}{size}"


def plan_answer(body: GenerationBody, house: House, address: str) -> Answer:
    """Check what can't be had together and return how to answer; raise Problem."""
    format = body.output_format or "png"
    if body.stream and count_of(body, house) > 1:
        raise Problem(400, "a stream tells of one picture: leave n out, or stream", "unsupported", "n")
    if body.background == "transparent":
        raise Problem(400, "the models paint on white: background is opaque", "unsupported", "background")
    if format == "gif" and (body.stream or body.response_format == "url"):
        raise Problem(400, "a gif comes whole, as b64_json", "unsupported", "output_format")
    previews = (body.partial_images or 0) if body.stream else 0
    return Answer(
        size=size_of(body.size, house.limits.size),
        format=format,
        quality=body.output_compression,
        background="opaque",
        address=address if body.response_format == "url" else None,
        previews=(body.frame_count or _FRAMES) - 1 if format == "gif" else previews,
        frame_ms=body.frame_duration_ms or _FRAME_MS,
    )


def sized(picture: Image.Image, size: tuple[int, int] | None) -> Image.Image:
    """Resample a picture, with white beside it when the shape differs; None leaves it."""
    if size is None or size == picture.size:
        return picture
    return ImageOps.pad(picture, size, Image.Resampling.LANCZOS, color="white")


def size_of(told: str | None, most: int) -> tuple[int, int] | None:
    """Read WxH; None for the model's own size."""
    if told in (None, "auto", ""):
        return None
    found = _SIZE.fullmatch(told)
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (_SMALLEST <= width <= most and _SMALLEST <= height <= most):
        raise Problem(
            400, f"size must be auto or WxH from {_SMALLEST} to {most} px a side", "invalid_value", "size"
        )
    return width, height
