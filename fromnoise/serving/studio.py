"""/api: what the studio needs beyond OpenAI's addresses. docs/serving-api.md has every shape."""

import time
from collections.abc import Iterator
from dataclasses import fields
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from fromnoise import __version__
from fromnoise.diffusion.grids import GRIDS
from fromnoise.diffusion.solvers import SOLVERS
from fromnoise.errors import FromNoiseError
from fromnoise.models.asking import FOR_TOKENS
from fromnoise.models.telling import FOR_MASKS
from fromnoise.models.token_asking import FOR_DIFFUSION
from fromnoise.models.token_drawing import SOLVERS as TOKEN_SOLVERS
from fromnoise.pictures import encode_picture
from fromnoise.requests import (
    ImageRequest,
    ImageResult,
    Progress,
    TextDelta,
    TextDraft,
    TextRequest,
    TextResult,
)
from fromnoise.serving.flow import events_of
from fromnoise.serving.house import Errand, House, house_of
from fromnoise.serving.pictures_asked import Start, count_of, picture_request, seed_of
from fromnoise.serving.shapes import StudioPictureBody, StudioTextBody
from fromnoise.serving.shelf import Offer
from fromnoise.serving.uploads import check_header, decoded
from fromnoise.serving.wire import EVENTS, b64, evenly, preview_url
from fromnoise.serving.words_asked import asks_of_studio

router = APIRouter(prefix="/api", tags=["studio"])
In = Annotated[House, Depends(house_of)]
Told = dict[str, Any]
_OURS = {"guidance": "guidance_scale"}
"""Settings that go by another name in a request."""


@router.get("/models")
def tell_models(house: In) -> Told:
    """Tell which models there are, what each can do, and how much may be asked."""
    models = [told for offer in house.shelf.offers.values() if (told := _told(house, offer)) is not None]
    defaults = {
        "pictures": house.shelf.default("pictures"),
        "words": house.shelf.default("words", "gpt") or house.shelf.default("words"),
        "diffused_words": house.shelf.default("words", "text-diffusion"),
    }
    return {"models": models, "defaults": defaults, "limits": house.limits.told(), "version": __version__}


@router.post("/images/stream", response_class=Response, responses=EVENTS)
async def stream_pictures(request: Request, body: StudioPictureBody, house: In) -> Response:
    """Make pictures and tell of every step."""
    offer = house.shelf.find(body.model, "pictures")
    errand = Errand(house, request.state.number, "picture", offer)
    start = Start(_upload(body.init, house, "init"), _upload(body.mask, house, "mask"))
    seed, count = seed_of(body), count_of(body, house)
    errand.uploaded = start.names
    head = {"type": "start", "id": errand.number, "model": offer.name, "seed": seed, "n": count}

    def begin() -> Iterator[list[Told]]:
        return _pictures(errand, body, start, seed)

    def first(waiting: int) -> list[Told]:
        return [
            head | {"steps": body.steps, "size": None, "waiting": waiting} | _known(house, offer, body.steps)
        ]

    return await events_of(errand, begin, first, own=True)


@router.post("/text/stream", response_class=Response, responses=EVENTS)
async def stream_text(request: Request, body: StudioTextBody, house: In) -> Response:
    """Write and tell of every token or, when words form all at once, of every step."""
    offer = house.shelf.find(body.model, "words")
    errand = Errand(house, request.state.number, "words", offer)
    (ask,) = asks_of_studio(body)
    asked = ask.request
    head = {"type": "start", "id": errand.number, "model": offer.name, "seed": asked.seed, "n": asked.count}

    def begin() -> Iterator[list[Told]]:
        model = house.shelf.load(offer)
        texts = [""] * asked.count
        begun = time.monotonic()
        for news in errand.engine(model).stream(asked):
            if isinstance(news, TextDelta):
                yield [{"type": "delta", "item": news.item, "text": news.text}]
            elif isinstance(news, TextDraft):
                texts[news.item] = news.text
                yield _draft(news, texts, body)
            elif isinstance(news, TextResult):
                yield [_words_done(errand, news, time.monotonic() - begun)]
            else:
                yield []

    def first(waiting: int) -> list[Told]:
        steps = _known(house, offer, body.steps).get("steps")
        return [head | {"steps": steps, "waiting": waiting}]

    return await events_of(errand, begin, first, own=True)


def _told(house: House, offer: Offer) -> Told | None:
    """Describe a model; None when it can't be loaded, which `fromnoise models` explains."""
    try:
        model = house.shelf.load(offer)
    except FromNoiseError:
        return None
    usual = getattr(model.settings, "sampling", None)
    defaults = {_OURS.get(name, name): value for name, value in (usual or ())}
    pictures = offer.makes == "pictures"
    return {
        "id": offer.name,
        "kind": offer.kind,
        "makes": offer.makes,
        "description": offer.description,
        "parameters": offer.parameters,
        "weights_sha256": model.weights_sha256,
        **({"size": model.size} if pictures else {}),
        "styles": list(model.styles),
        "solvers": _solvers(offer),
        "takes": _takes(model, offer),
        "grids": [*GRIDS, *(["fitted"] if model.settings.grids else [])]
        if offer.kind == "image-diffusion"
        else [],
        "defaults": defaults,
        "previews": offer.kind != "gpt",
        "edits": pictures,
        "converses": getattr(model, "chat_template", None) is not None,
    }


def _solvers(offer: Offer) -> list[str]:
    if offer.kind == "image-diffusion":
        return list(SOLVERS)
    if offer.kind == "image-tokens":
        return list(TOKEN_SOLVERS)
    if offer.kind == "text-diffusion":
        from fromnoise.diffusion.unmask import UNMASKERS

        return list(UNMASKERS)
    return []


def _takes(model: Any, offer: Offer) -> list[str]:
    """Return what of a request means something to a model."""
    every = ImageRequest if offer.makes == "pictures" else TextRequest
    foreign: tuple[str, ...] = ()
    if offer.kind == "image-diffusion":
        foreign = FOR_TOKENS
    elif offer.kind == "image-tokens":
        foreign = (*FOR_DIFFUSION, *(() if model.settings.scorer else ("best_of",)))
    elif offer.kind == "gpt":
        foreign = (*FOR_MASKS, "strength")
    return [field.name for field in fields(every) if field.name not in foreign]


def _known(house: House, offer: Offer, steps: int | None) -> Told:
    """Return steps and size when the model is loaded already, as it nearly always is."""
    model = house.shelf.loaded(offer)
    if model is None:
        return {"steps": steps}
    usual = getattr(model.settings, "sampling", None)
    # Token after token, there are as many steps as tokens, which the first step tells.
    told: Told = {"steps": None if offer.kind == "image-tokens" else steps or getattr(usual, "steps", None)}
    return told | ({"size": model.size} if offer.makes == "pictures" else {})


def _upload(told: str | None, house: House, param: str) -> bytes | None:
    if not told:
        return None
    content = decoded(told, house.limits, param)
    check_header(content, house.limits, param)
    return content


def _pictures(errand: Errand, body: StudioPictureBody, start: Start, seed: int) -> Iterator[list[Told]]:
    model = errand.house.shelf.load(errand.offer)
    asked = picture_request(body, model, errand.house, seed, start)
    begun = time.monotonic()
    for news in errand.engine(model).stream(asked):
        if isinstance(news, Progress):
            told: Told = {"type": "step", "step": news.step, "of": news.of}
            if _shown(news.step, news.of, body.previews):
                told["images"] = [preview_url(picture) for picture in news.preview()]
            yield [told]
        elif isinstance(news, ImageResult):
            yield [_pictures_done(errand, news, time.monotonic() - begun)]


def _shown(step: int, of: int, previews: str | int) -> bool:
    if isinstance(previews, str):
        return previews == "all"
    return step in evenly(of, previews) or (previews > 0 and step == of)


def _pictures_done(errand: Errand, result: ImageResult, seconds: float) -> Told:
    images = []
    for id, picture, settings in zip(errand.kept, result.images, result.settings, strict=True):
        told = {"id": id, "url": f"/api/history/{id}/file", "format": "png", "seed": settings.get("seed")}
        told |= {"width": picture.width, "height": picture.height, "settings": settings}
        images.append(told | {"b64_json": b64(encode_picture(picture, "PNG", settings))})
    told = {"type": "done", "id": errand.number, "seconds": round(seconds, 3), "warnings": result.warnings}
    return told | {"images": images}


def _draft(news: TextDraft, texts: list[str], body: StudioTextBody) -> list[Told]:
    shown = _shown(news.step, news.of, body.previews)
    told: Told = {"type": "step", "step": news.step, "of": news.of, "item": news.item}
    return [told | ({"texts": list(texts)} if shown else {})]


def _words_done(errand: Errand, result: TextResult, seconds: float) -> Told:
    texts = []
    for place, (id, text) in enumerate(zip(errand.kept, result.texts, strict=True)):
        told = {"id": id, "text": text, "ending": result.endings[place], "tokens": len(result.tokens[place])}
        texts.append(told | {"seed": result.settings[place].get("seed"), "settings": result.settings[place]})
    done = {"type": "done", "id": errand.number, "seconds": round(seconds, 3), "warnings": result.warnings}
    return done | {"texts": texts, "prompt_tokens": result.prompt_tokens}
