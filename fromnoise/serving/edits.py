"""The two forms in which OpenAI's clients ask for a picture made from another: files, or JSON with URLs."""

import json
import re
from typing import Any, TypeVar
from urllib.parse import unquote

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from fromnoise.serving.house import House
from fromnoise.serving.pictures_asked import Start
from fromnoise.serving.problems import Problem, unreadable
from fromnoise.serving.shapes import EditBody, GenerationBody, Reference
from fromnoise.serving.uploads import check_header, content_of

_ALIKE: dict[str, Any] = {
    "prompt": {"type": "string", "maxLength": 4096},
    "model": {"type": "string"},
    "n": {"type": "integer", "minimum": 1, "maximum": 10},
    "size": {"type": "string", "description": "auto or WxH"},
    "strength": {"type": "number", "minimum": 0, "maximum": 1},
    "seed": {"type": "integer"},
}
_NAMED: dict[str, Any] = {
    "type": "object",
    "required": ["image_url"],
    "properties": {
        "image_url": {"type": "string", "description": "a data: URL; with --allow-url http, https"}
    },
}
_FILE = {"type": "string", "format": "binary"}
FORMS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["image", "prompt"],
                    "properties": {"image": _FILE, "mask": _FILE, **_ALIKE},
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["images", "prompt"],
                    "properties": {
                        "images": {"type": "array", "items": _NAMED, "minItems": 1, "maxItems": 16},
                        "mask": _NAMED,
                        **_ALIKE,
                    },
                }
            },
        },
    }
}
"""Both, for the description of the addresses."""
_WORDS = (
    "prompt",
    "model",
    "style",
    "negative_prompt",
    "solver",
    "grid",
    "size",
    "quality",
    "background",
    "output_format",
    "response_format",
)
B = TypeVar("B", bound=GenerationBody)
_PATH = re.compile(r"[/\\\0]|\.\.|^[A-Za-z]:")


async def edit_of(request: Request, house: House) -> tuple[GenerationBody, Start]:
    """Read what is asked for and the pictures to start from; raise Problem."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await _of_json(request, house)
    if kind != "multipart/form-data":
        said = "the body must be multipart/form-data or application/json"
        raise Problem(400, said, "invalid_value")
    async with request.form(max_files=20, max_fields=100, max_part_size=1 << 20) as form:
        start = Start(
            await _file(form, ("image", "image[]"), house, needed=True),
            await _file(form, ("mask",), house, needed=False),
        )
        return _body(GenerationBody, _fields(form)), start


async def _of_json(request: Request, house: House) -> tuple[GenerationBody, Start]:
    try:
        told = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise Problem(400, "the body is not JSON", "invalid_value") from None
    body = _body(EditBody, told)
    first = await _referred(body.images[0], house, "images")  # the one that is edited
    mask = await _referred(body.mask, house, "mask") if body.mask is not None else None
    return body, Start(first, mask)


async def _referred(reference: Reference, house: House, param: str) -> bytes:
    if reference.image_url is None:
        said = "needs an image_url; this server keeps no files" if reference.file_id else "needs an image_url"
        raise Problem(400, f"{param} {said}", "invalid_value", param)
    return await content_of(reference.image_url, house.limits, house.fetcher, param)


async def _file(form: FormData, names: tuple[str, ...], house: House, needed: bool) -> bytes | None:
    """Return the first file of some names; its header is looked at."""
    found = next((part for name in names for part in form.getlist(name)), None)
    if found is None or found == "":
        if needed:
            raise Problem(400, f"{names[0]} is missing; send a file", "invalid_value", names[0])
        return None
    if not isinstance(found, UploadFile):
        raise Problem(400, f"{names[0]} must be a file", "invalid_value", names[0])
    if _PATH.search(unquote(unquote(found.filename or ""))):  # not that it would be used for anything
        raise Problem(400, f"{names[0]}: the file's name is a path", "invalid_value", names[0])
    content = await found.read()
    check_header(content, house.limits, names[0])
    return content


def _fields(form: FormData) -> dict[str, Any]:
    """Return the fields of a form, whose numbers come as text."""
    told = ((name, value) for name, value in form.items() if isinstance(value, str) and value != "")
    return {name: value if name in _WORDS else _number(value) for name, value in told}


def _number(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return {"True": True, "False": False}.get(value, value)


def _body(kind: type[B], told: Any) -> B:
    try:
        return kind.model_validate(told)
    except ValidationError as error:
        raise unreadable(error) from None
