"""/v1/images: OpenAI's addresses for pictures."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from fromnoise.requests import ImageResult, Progress
from fromnoise.serving.edits import FORMS, edit_of
from fromnoise.serving.flow import events_of, last_of
from fromnoise.serving.house import Errand, House, house_of
from fromnoise.serving.picture_answers import Answer, plan_answer
from fromnoise.serving.pictures_asked import Start, picture_request, seed_of
from fromnoise.serving.shapes import GenerationBody
from fromnoise.serving.wire import EVENTS, evenly

router = APIRouter(prefix="/v1/images", tags=["pictures"])
In = Annotated[House, Depends(house_of)]
Event = Literal["image_generation", "image_edit"]


@router.post("/generations", responses=EVENTS)
async def generate_pictures(request: Request, body: GenerationBody, house: In) -> Response:
    """Make pictures of a prompt."""
    return await _answer(request, house, body, Start(), "image_generation")


@router.post("/edits", openapi_extra=FORMS, responses=EVENTS)
async def edit_picture(request: Request, house: In) -> Response:
    """Make a picture anew from another one, or the part of it where the mask is clear."""
    body, start = await edit_of(request, house)
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
                yield [plan.completed(news, usage, event)]
            else:
                yield [plan.whole(news, frames, errand.kept, usage)]
