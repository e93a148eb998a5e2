"""/v1/images: OpenAI's addresses for pictures."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from fromnoise.requests import ImageResult, Progress
from fromnoise.serving.flow import events_of, last_of
from fromnoise.serving.house import Errand, House, house_of
from fromnoise.serving.picture_answers import Answer, plan_answer
from fromnoise.serving.pictures_asked import Start, picture_request, seed_of
from fromnoise.serving.problems import Problem
from fromnoise.serving.shapes import GenerationBody
from fromnoise.serving.uploads import check_header
from fromnoise.serving.wire import EVENTS, evenly

router = APIRouter(prefix="/v1/images", tags=["pictures"])
In = Annotated[House, Depends(house_of)]
Event = Literal["image_generation", "image_edit"]
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
_EDIT_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["image", "prompt"],
                    "properties": {
                        "image": {"type": "string", "format": "binary"},
                        "mask": {"type": "string", "format": "binary"},
                        "prompt": {"type": "string"},
                    },
                }
            }
        },
    }
}


@router.post("/generations", responses=EVENTS)
async def generate_pictures(request: Request, body: GenerationBody, house: In) -> Response:
    """Make pictures of a prompt."""
    return await _answer(request, house, body, Start(), "image_generation")


@router.post("/edits", openapi_extra=_EDIT_FORM, responses=EVENTS)
async def edit_picture(request: Request, house: In) -> Response:
    """Make a picture anew from another one, or the part of it where the mask is clear."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Problem(400, "the body must be multipart/form-data", "invalid_value")
    async with request.form(max_files=20, max_fields=100, max_part_size=1 << 20) as form:
        start = Start(
            await _file(form, ("image", "image[]"), house, needed=True),
            await _file(form, ("mask",), house, needed=False),
        )
        body = _body(form)
    return await _answer(request, house, body, start, "image_edit")


async def _answer(
    request: Request, house: House, body: GenerationBody, start: Start, event: Event
) -> Response:
    offer = house.shelf.find(body.model, "pictures")
    plan = plan_answer(body, house, str(request.base_url))
    errand = Errand(house, request.state.number, "picture", offer)
    seed = seed_of(body)
    errand.uploaded = start.names

    def begin() -> Iterator[list[dict[str, Any]]]:
        return _carried_out(errand, body, start, plan, seed, event)

    if body.stream:
        return await events_of(errand, begin, lambda waiting: [])
    (told,) = await last_of(request, errand, begin)
    return JSONResponse(told, headers={"x-fromnoise-seed": str(seed)})


def _carried_out(
    errand: Errand, body: GenerationBody, start: Start, plan: Answer, seed: int, event: Event
) -> Iterator[list[dict[str, Any]]]:
    """Make the pictures; what is told of each step, and at the end of all, in OpenAI's words."""
    model = errand.house.shelf.load(errand.offer)
    asked = picture_request(body, model, errand.house, seed, start)
    shown, frames = 0, []
    for news in errand.engine(model).stream(asked):
        if isinstance(news, Progress):
            wanted = evenly(news.of, plan.previews)
            if news.step not in wanted or news.step == news.of:
                yield []
                continue
            pictures = news.preview()
            frames.append(pictures)
            told = plan.partial(pictures[0], shown, event) if body.stream else None
            shown += 1
            yield [told] if told else []
        elif isinstance(news, ImageResult):
            usage = plan.usage(model, asked)
            if body.stream:
                yield [plan.completed(news, usage, event, seed)]
            else:
                yield [plan.whole(news, frames, errand.kept, usage)]


async def _file(form: FormData, names: tuple[str, ...], house: House, needed: bool) -> bytes | None:
    """Return the first file of some names; its header is looked at."""
    found = next((part for name in names for part in form.getlist(name)), None)
    if found is None or found == "":
        if needed:
            raise Problem(400, f"{names[0]} is missing; send a file", "invalid_value", names[0])
        return None
    if not isinstance(found, UploadFile):
        raise Problem(400, f"{names[0]} must be a file", "invalid_value", names[0])
    content = await found.read()
    check_header(content, house.limits, names[0])
    return content


def _body(form: FormData) -> GenerationBody:
    """Read the fields of a form, whose numbers come as text."""
    told: dict[str, Any] = {}
    for name, value in form.items():
        if isinstance(value, str) and value != "":
            told[name] = value if name in _WORDS else _number(value)
    try:
        return GenerationBody.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "body"
        raise Problem(400, f"{name}: {first['msg']}", "invalid_value", name) from None


def _number(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return {"True": True, "False": False}.get(value, value)
