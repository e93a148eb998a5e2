"""Whether a request can be carried out token by token, and which cells of a given picture stay."""

from dataclasses import replace

import torch
from torch import Tensor

from fromnoise.autoregressive.choice import Choice
from fromnoise.errors import RequestError, unknown
from fromnoise.models.asking import check_counts, check_pictures, check_prompt, check_range, first, refuse
from fromnoise.models.image_tokens_settings import TokenSamplingSettings
from fromnoise.models.token_drawing import SOLVERS
from fromnoise.requests import ImageRequest
from fromnoise.seeds import Seeds

FOR_DIFFUSION = ("grid", "eta", "weaker", "guidance_rescale", "guidance_interval", "between", "between_seed")
KEPT = ("top", "bottom", "left", "right")
MOST_TRIES = 1000
IN_ORDER, IN_PASSES = "next-token", "masked"


def checked_tokens(
    request: ImageRequest, defaults: TokenSamplingSettings, styles: tuple[str, ...], size: int
) -> ImageRequest:
    """Return the request with every open choice filled in; raise RequestError for the first that can't be."""
    refuse(request, FOR_DIFFUSION, "this model writes pictures token by token")
    given = request.init is not None and request.keep != "top"  # cells before which something is made anew
    guidance = first(request.guidance, defaults.guidance)
    alike = guidance if request.guidance is not None else defaults.guidance_start
    request = replace(
        request,
        style=first(request.style, defaults.style),
        solver=first(request.solver, IN_PASSES if given else defaults.solver),
        steps=first(request.steps, defaults.steps),
        guidance=guidance,
        guidance_start=first(request.guidance_start, first(alike, guidance)),
        temperature=first(request.temperature, defaults.temperature),
        top_k=first(request.top_k, defaults.top_k),
        top_p=first(request.top_p, defaults.top_p),
        best_of=first(request.best_of, defaults.best_of),
    )
    check_prompt(request, styles)
    if request.solver not in SOLVERS:
        raise RequestError(unknown("solver", request.solver, SOLVERS))
    check_counts(request)
    check_range("guidance", request.guidance, 0.0, 100.0)
    check_range("guidance_start", request.guidance_start, 0.0, 100.0)
    check_range("strength", request.strength, 0.0, 1.0)
    check_range("best_of", request.best_of, 1, MOST_TRIES)
    _check_given(request, size)
    return request


def choice_of(asked: ImageRequest) -> Choice:
    """Return how a request, its defaults filled in, wants tokens to be chosen."""
    temperature = 1.0 if asked.temperature is None else asked.temperature
    return Choice(temperature, asked.top_k, asked.top_p)


def _check_given(request: ImageRequest, size: int) -> None:
    check_pictures(request, size)
    if request.keep is None:
        return
    if request.keep not in KEPT:
        raise RequestError(unknown("half to keep", request.keep, KEPT))
    if request.init is None:
        raise RequestError("keep needs a picture whose half stays: give init too")
    if request.mask is not None:
        raise RequestError("keep and mask both say what stays; leave one out")


def open_cells(request: ImageRequest, side: int, seed: int) -> Tensor:
    """Return which cells (side, side) are made anew: all, those under the mask, a half, or some by chance."""
    if request.init is None:
        return torch.ones(side, side, dtype=torch.bool)
    if request.mask is not None:
        mask = torch.tensor(request.mask).float()[None, None]
        return torch.nn.functional.adaptive_max_pool2d(mask, side)[0, 0] > 0
    if request.keep is not None:
        first_half = torch.arange(side) < side // 2
        kept = first_half if request.keep in ("top", "left") else ~first_half
        rows = request.keep in ("top", "bottom")
        return ~(kept[:, None] if rows else kept[None]).expand(side, side)
    ranks = Seeds([seed]).uniform(side**2)[0].argsort().argsort()
    return (ranks < round(request.strength * side**2)).view(side, side)
