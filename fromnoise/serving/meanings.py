"""/v1/embeddings, /v1/moderations and /v1/models."""

import struct
from collections.abc import Iterator
from typing import Annotated, Any

import torch
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from torch import Tensor
from torch.nn import functional as F

from fromnoise.errors import CheckpointError
from fromnoise.guard.policy import check
from fromnoise.serving.flow import last_of
from fromnoise.serving.house import Errand, House, house_of
from fromnoise.serving.problems import Problem
from fromnoise.serving.shapes import EmbeddingsBody, ModerationsBody
from fromnoise.serving.shelf import Offer
from fromnoise.serving.wire import b64

router = APIRouter(prefix="/v1", tags=["meanings"])
In = Annotated[House, Depends(house_of)]
Told = dict[str, Any]

CATEGORIES = (
    "sexual",
    "sexual/minors",
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "violence",
    "violence/graphic",
)
_OPENAI = {
    "sexual": ("sexual",),
    "minors": ("sexual", "sexual/minors"),
    "violence": ("violence", "violence/graphic"),
    "hate": ("hate",),
    "self-harm": ("self-harm",),
    "weapons": ("illicit", "illicit/violent"),
}
"""Our categories in OpenAI's words."""
_SCORES = {"block": 1.0, "warn": 0.5, "allow": 0.0}
"""A policy says yes or no, so scores are not probabilities."""


@router.get("/models")
def list_offers(house: In) -> Told:
    """List the models."""
    return {"object": "list", "data": [_model(offer) for offer in house.shelf.offers.values()]}


@router.get("/models/{name}")
def tell_offer(name: str, house: In) -> Told:
    """Tell of one model, by its name or an alias."""
    known = house.shelf.offers.get(house.shelf.aliases.get(name, name))
    if known is None:
        raise Problem(404, f"there is no model {name[:80]!r}", "model_not_found", "model")
    return _model(known)


@router.post("/embeddings")
async def embed(request: Request, body: EmbeddingsBody, house: In) -> Response:
    """Describe texts by numbers: the words' encoder of a model of pictures, averaged, of length 1."""
    offer = _encoder(house, body.model)
    errand = Errand(house, request.state.number, "embedding", offer)
    texts = [body.input] if isinstance(body.input, str) else body.input
    if any(not text.strip() for text in texts):
        raise Problem(400, "an input must not be empty", "invalid_value", "input")

    def begin() -> Iterator[Told]:
        model = house.shelf.load(offer)
        made, tokens = [], 0
        for text in texts:
            made.append(_cut(meaning_of(model, text), body.dimensions))
            tokens += model.conditioner.tokens.count(text)
            yield {}
        yield _embeddings(made, offer.name, tokens, body.encoding_format == "base64")

    return JSONResponse(await last_of(request, errand, begin))


@router.post("/moderations")
def moderate(request: Request, body: ModerationsBody, house: In) -> Told:
    """Say what the policy says of texts."""
    inputs = [body.input] if isinstance(body.input, str) else body.input
    texts = []
    for one in inputs:
        text = one if isinstance(one, str) else one.text
        if text is None:
            raise Problem(400, "pictures are reviewed where they are used; send text", "unsupported", "input")
        texts.append(text)
    number = request.state.number.removeprefix("req-")
    return {"id": f"modr-{number}", "model": "fromnoise-policy", "results": [_judged(text) for text in texts]}


@torch.inference_mode()
def meaning_of(model: Any, text: str) -> Tensor:
    """Return the mean of what a model of pictures makes of a text's tokens, (D,), of length 1."""
    ids, mask = model.conditioner.tokens([text])
    tokens, _ = model.conditioner.text(ids.to(model.device), mask.to(model.device))  # (1, L, D)
    seen = mask[0].to(tokens.device)[:, None].to(tokens.dtype)
    return F.normalize((tokens[0] * seen).sum(0) / seen.sum().clamp(min=1), dim=0).cpu().float()


def _encoder(house: House, name: str | None) -> Offer:
    if name is None or name in house.shelf.offers or name in house.shelf.aliases:
        offer = house.shelf.find(name, "pictures")
        if offer.kind == "image-diffusion":
            return offer
    raise CheckpointError(f"{name!r} has no encoder of words; a model of kind image-diffusion has one")


def _cut(vector: Tensor, dimensions: int | None) -> list[float]:
    """Return the first numbers of a vector, of length 1 again."""
    if dimensions is not None and dimensions > len(vector):
        raise Problem(400, f"dimensions may be at most {len(vector)}", "invalid_value", "dimensions")
    found: list[float] = F.normalize(vector[:dimensions], dim=0).tolist()
    return found


def _embeddings(made: list[list[float]], model: str, tokens: int, packed: bool) -> Told:
    data = [
        {
            "object": "embedding",
            "index": place,
            "embedding": b64(struct.pack(f"<{len(vector)}f", *vector)) if packed else vector,
        }
        for place, vector in enumerate(made)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": model, "usage": usage}


def _judged(text: str) -> Told:
    verdict = check(text)
    flagged = verdict.action == "block"
    named = _OPENAI.get(verdict.category, ("illicit",)) if verdict.action != "allow" else ()
    return {
        "flagged": flagged,
        "categories": {name: flagged and name in named for name in CATEGORIES},
        "category_scores": {name: _SCORES[verdict.action] * (name in named) for name in CATEGORIES},
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
        "category": verdict.category,
        "rule": verdict.rule,
    }


def _model(offer: Offer) -> Told:
    told = {"id": offer.name, "object": "model", "created": offer.created, "owned_by": "fromnoise"}
    return told | {"kind": offer.kind, "makes": offer.makes}
