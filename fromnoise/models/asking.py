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
    request = replace(
        request,
        style=_first(request.style, defaults.style),
        steps=_first(request.steps, defaults.steps),
        solver=_first(request.solver, defaults.solver),
        grid=_first(request.grid, defaults.grid),
        guidance=_first(request.guidance, defaults.guidance),
        guidance_rescale=_first(request.guidance_rescale, defaults.guidance_rescale),
        guidance_interval=_first(request.guidance_interval, defaults.guidance_interval),
    )
    _check_words(request, styles)
    _check_numbers(request)
    _check_pictures(request, size)
    _check_grid(request, fitted)
    return request


def told(request: ImageRequest) -> list[dict[str, Any]]:
    """Return, for each item of a checked request, what is needed to make it again, pictures apart."""
    apart = {"init", "mask"} if request.init is not None else {"init", "mask", "strength"}
    names = [field.name for field in fields(request) if field.name not in apart]
    shared = {name: getattr(request, name) for name in names} | {"version": __version__}
    if request.between is not None:
        return [shared | {"frame": index} for index in range(request.count)]
    return [shared | {"seed": request.seed + index, "count": 1} for index in range(request.count)]


def _first(asked: T | None, default: T | None) -> T | None:
    return default if asked is None else asked


def _check_words(request: ImageRequest, styles: tuple[str, ...]) -> None:
    if not request.prompt.strip():
        raise RequestError("the prompt is empty; say what the picture should show")
    if request.between is not None and not request.between.strip():
        raise RequestError("the second prompt (between) is empty")
    if request.weaker is not None and (request.negative or request.between):
        raise RequestError("a weaker model replaces the negative prompt and has no between; leave one out")
    if request.style is not None and request.style not in styles:
        raise RequestError(unknown("style", request.style, styles))
    if request.solver not in SOLVERS:
        raise RequestError(unknown("solver", request.solver, SOLVERS))


def _check_numbers(request: ImageRequest) -> None:
    for name, value, most in (("steps", request.steps, MOST_STEPS), ("count", request.count, MOST_PICTURES)):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise RequestError(f"{name} must be a whole number from 1 to {most}, not {value!r}")
    if isinstance(request.seed, bool) or not isinstance(request.seed, int):
        raise RequestError(f"seed must be a whole number, not {request.seed!r}")
    _check_range("guidance", request.guidance, 0.0, 100.0)
    _check_range("guidance_rescale", request.guidance_rescale, 0.0, 1.0)
    _check_range("strength", request.strength, 0.0, 1.0)
    if request.eta is not None:
        _check_range("eta", request.eta, 0.0, 1.0)
    if request.guidance_interval is not None:
        low, high = request.guidance_interval
        if not 0 <= low <= high <= 1:
            raise RequestError(f"guidance_interval must be 0 <= low <= high <= 1, not {low}, {high}")


def _check_range(name: str, value: Any, low: float, high: float) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not low <= value <= high:
        raise RequestError(f"{name} must be a number from {low:g} to {high:g}, not {value}")


def _check_pictures(request: ImageRequest, size: int) -> None:
    if request.mask is not None and request.init is None:
        raise RequestError("a mask needs a picture to paint in: give init too")
    _check_array("init", request.init, np.uint8, (size, size, 3))
    _check_array("mask", request.mask, np.bool_, (size, size))
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
