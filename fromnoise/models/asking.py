"""Whether a request can be carried out, and what it takes to make it again."""

import math
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from fromnoise import __version__
from fromnoise.diffusion.grids import GRIDS
from fromnoise.diffusion.solvers import SOLVERS
from fromnoise.errors import RequestError, unknown
from fromnoise.models.image_settings import SamplingSettings
from fromnoise.requests import ImageRequest

T = TypeVar("T")
MOST_STEPS = 10_000
MOST_PICTURES = 10_000
FOR_TOKENS = ("guidance_start", "temperature", "top_k", "top_p", "keep", "best_of")
SELDOM = (*FOR_TOKENS, "between_seed")
"""What is told of a picture only where it was asked for."""
"""Options of models that write pictures token by token, and of no others."""


def checked(
    request: ImageRequest,
    defaults: SamplingSettings,
    styles: tuple[str, ...],
    fitted: tuple[str, ...],
    size: int,
) -> ImageRequest:
    """Return the request with every open choice filled in; raise RequestError for the first that can't be.

    `fitted` lists the steps that a fitted grid is there for, `size` is the side of the model's pictures, px.
    """
    refuse(request, FOR_TOKENS, "this model draws by diffusion")
    request = replace(
        request,
        style=first(request.style, defaults.style),
        steps=first(request.steps, defaults.steps),
        solver=first(request.solver, defaults.solver),
        grid=first(request.grid, defaults.grid),
        guidance=first(request.guidance, defaults.guidance),
        guidance_rescale=first(request.guidance_rescale, defaults.guidance_rescale),
        guidance_interval=first(request.guidance_interval, defaults.guidance_interval),
    )
    _check_words(request, styles)
    _check_numbers(request)
    check_pictures(request, size)
    _check_grid(request, fitted)
    return request


def told(request: ImageRequest) -> list[dict[str, Any]]:
    """Return, for each item of a checked request, what is needed to make it again, pictures apart."""
    apart = {"init", "mask"} if request.init is not None else {"init", "mask", "strength"}
    names = [field.name for field in fields(request) if field.name not in apart]
    names = [name for name in names if name not in SELDOM or getattr(request, name) is not None]
    shared = {name: getattr(request, name) for name in names} | {"version": __version__}
    if request.between is not None:
        return [shared | {"frame": index} for index in range(request.count)]
    return [shared | {"seed": request.seed + index, "count": 1} for index in range(request.count)]


def first(asked: T | None, default: T | None) -> T | None:
    """Return what was asked for, or the default."""
    return default if asked is None else asked


def refuse(request: ImageRequest, options: tuple[str, ...], why: str) -> None:
    """Raise RequestError for the first option that was asked for and means nothing to the model."""
    for name in options:
        if getattr(request, name) is not None:
            raise RequestError(f"{why}, so {name} means nothing to it; leave it out")


def _check_words(request: ImageRequest, styles: tuple[str, ...]) -> None:
    check_prompt(request, styles)
    if request.between is not None and not request.between.strip():
        raise RequestError("the second prompt (between) is empty")
    if request.weaker is not None and (request.negative or request.between):
        raise RequestError("a weaker model replaces the negative prompt and has no between; leave one out")
    if request.solver not in SOLVERS:
        raise RequestError(unknown("solver", request.solver, SOLVERS))


def check_prompt(request: ImageRequest, styles: tuple[str, ...]) -> None:
    """Raise RequestError for an empty prompt or a style that the model doesn't know."""
    if not request.prompt.strip():
        raise RequestError("the prompt is empty; say what the picture should show")
    if request.style is not None and request.style not in styles:
        raise RequestError(unknown("style", request.style, styles))


def _check_numbers(request: ImageRequest) -> None:
    check_counts(request)
    check_range("guidance", request.guidance, 0.0, 100.0)
    check_range("guidance_rescale", request.guidance_rescale, 0.0, 1.0)
    check_range("strength", request.strength, 0.0, 1.0)
    if request.eta is not None:
        check_range("eta", request.eta, 0.0, 1.0)
    if request.guidance_interval is not None:
        low, high = request.guidance_interval
        if not 0 <= low <= high <= 1:
            raise RequestError(f"guidance_interval must be 0 <= low <= high <= 1, not {low}, {high}")


def check_counts(request: ImageRequest) -> None:
    """Raise RequestError unless steps, count and seed are whole numbers within reason."""
    for name, value, most in (("steps", request.steps, MOST_STEPS), ("count", request.count, MOST_PICTURES)):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise RequestError(f"{name} must be a whole number from 1 to {most}, not {value!r}")
    for name, seed in (("seed", request.seed), ("between_seed", request.between_seed or 0)):
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise RequestError(f"{name} must be a whole number, not {seed!r}")


def check_range(name: str, value: Any, low: float, high: float) -> None:
    """Raise RequestError unless the value is a number from `low` to `high`."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not low <= value <= high:
        raise RequestError(f"{name} must be a number from {low:g} to {high:g}, not {value}")


def check_pictures(request: ImageRequest, size: int) -> None:
    """Raise RequestError unless the pictures to start from are of the model's size."""
    if request.mask is not None and request.init is None:
        raise RequestError("a mask needs a picture to paint in: give init too")
    _check_array("init", request.init, np.uint8, (size, size, 3))
    _check_array("mask", request.mask, np.bool_, (size, size))
    if request.between_seed is not None and request.between is None:
        raise RequestError("between_seed is the seed at a second prompt: give between too")
    if request.between is not None and request.count < 2:
        raise RequestError("going from one prompt to another takes a count of at least 2")


def _check_array(name: str, array: np.ndarray | None, kind: type[np.generic], shape: tuple[int, ...]) -> None:
    if array is not None and (array.dtype != kind or array.shape != shape):
        wanted, came = f"{kind.__name__} {shape}", f"{array.dtype} {array.shape}"
        raise RequestError(f"{name} must be an array of {wanted} for this model, not of {came}")


def _check_grid(request: ImageRequest, fitted: tuple[str, ...]) -> None:
    known = (*GRIDS, "fitted")
    if request.grid is not None and request.grid not in known:
        raise RequestError(unknown("grid", request.grid, known))
    if request.grid == "fitted" and str(request.steps) not in fitted:
        able = f"it has one for {', '.join(fitted)} steps" if fitted else "it has none yet"
        raise RequestError(
            f"this model has no fitted grid for {request.steps} steps ({able}); "
            f"fit one: fromnoise grid MODEL --steps {request.steps}"
        )
