"""`fromnoise image`: a prompt in, a picture out."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fromnoise.api import DEFAULT_MODEL
from fromnoise.cli.again import frame_of, other_weights, recall, sources
from fromnoise.cli.image_files import Made, Plan, plan_files, save, show_pictures
from fromnoise.cli.image_options import ImageOptions, check_together, check_values, request_of
from fromnoise.cli.outputs import check_empty
from fromnoise.cli.prompt_list import Line, read_prompts
from fromnoise.cli.terminal import Report, progress
from fromnoise.errors import RequestError
from fromnoise.requests import ImageRequest, ImageResult

if TYPE_CHECKING:
    from PIL.Image import Image

_RANDOM_SEEDS = 10**9


@dataclass(frozen=True)
class Start:
    """The pictures to start from, as they are in their files."""

    init: "Image | None" = None
    mask: "Image | None" = None


def image(prompt: str | None = None, /, *, options: ImageOptions | None = None) -> None:
    """Make pictures from a prompt.

    Parameters
    ----------
    prompt
        What to draw, such as "a red apple".
    """
    options = options or ImageOptions()
    check_together(prompt, options)
    if options.prompts is not None:
        _make_list(Path(options.prompts), Path(options.output or ""), options)
    elif options.again is not None:
        _make_again(Path(options.again), prompt, options)
    else:
        _make(prompt or "", options)


def _make(prompt: str, options: ImageOptions) -> None:
    """Make one request's pictures. What can be checked without the model is, before it is loaded."""
    check_values(prompt, options)
    options = _with_seed(options)
    start = _read_start(options)
    plan = plan_files(prompt, options)
    with progress(prompt) as report:
        model = _load(options)
        made = _run(model, _request(prompt, options, start, model.size), options, report, plan)
    _finish(plan, made, options)


def _make_again(path: Path, prompt: str | None, asked: ImageOptions) -> None:
    """Make the picture at `path` again, with whatever was asked for beside it."""
    from fromnoise.pictures import read_settings

    past = read_settings(path)
    prompt, options = recall(path, past, prompt, asked)
    check_values(prompt, options)
    options = _with_seed(options)
    start = _read_start(options)
    frame = frame_of(past, options)
    plan = plan_files(prompt, options, one_frame=frame is not None)
    with progress(prompt) as report:
        model = _load(options)
        difference = other_weights(past, model.weights_sha256)
        if difference and asked.model is None:
            raise RequestError(
                f"{path} was {difference}; --model {model.name} makes it with these, differently"
            )
        made = _run(model, _request(prompt, options, start, model.size), options, report, plan)
    if difference:
        made = replace(made, warnings=[f"{path} was {difference}", *made.warnings])
    if frame is not None:
        made = replace(made, images=[made.images[frame]], settings=[made.settings[frame]])
    _finish(plan, made, options)


def _make_list(file: Path, folder: Path, options: ImageOptions) -> None:
    """Make one picture for each line of `file`, in order; check the whole file before the first."""
    lines = read_prompts(file)
    check_empty(folder, options.force)
    check_values(lines[0].prompt, options)
    options = _with_seed(options)
    start = _read_start(options)
    with progress(f"{len(lines)} pictures") as report:
        model = _load(options)
        wishes = [_of_line(options, line, index) for index, line in enumerate(lines)]
        requests = [
            _request(line.prompt, wish, start, model.size) for line, wish in zip(lines, wishes, strict=True)
        ]
        for line, request in zip(lines, requests, strict=True):
            _check_line(model, request, f"{file} line {line.number}")
        for index, (wish, request) in enumerate(zip(wishes, requests, strict=True)):
            plan = Plan([folder / f"{index:05d}.png"])
            save(plan, _run(model, request, wish, _share(report, index, len(lines)), plan), wish)


def _with_seed(options: ImageOptions) -> ImageOptions:
    return options if options.seed is not None else replace(options, seed=secrets.randbelow(_RANDOM_SEEDS))


def _of_line(options: ImageOptions, line: Line, index: int) -> ImageOptions:
    return replace(
        options,
        style=line.style or options.style,
        negative=line.negative or options.negative,
        seed=(options.seed or 0) + index if line.seed is None else line.seed,
    )


def _read_start(options: ImageOptions) -> Start:
    if options.init is None:
        return Start()
    from fromnoise.pictures import read_mask, read_picture

    init = read_picture(Path(options.init), "init picture")
    return Start(init, read_mask(Path(options.mask), init) if options.mask is not None else None)


def _load(options: ImageOptions) -> Any:
    from fromnoise.models.store import find_model

    folder = find_model(options.model or DEFAULT_MODEL)  # a misspelt name fails before torch costs seconds
    from fromnoise.models.checkpoint import load

    return load(str(folder), device=options.device)


def _request(prompt: str, options: ImageOptions, start: Start, side: int) -> ImageRequest:
    """Turn options into a request, with the pictures to start from cut to the model's size."""
    if start.init is None:
        return request_of(prompt, options)
    import numpy as np

    from fromnoise.pictures import fit

    mask = np.asarray(fit(start.mask, side)) > 127 if start.mask is not None else None
    return request_of(prompt, options, np.asarray(fit(start.init, side)), mask)


def _check_line(model: Any, request: ImageRequest, where: str) -> None:
    try:
        model.check(request)
    except RequestError as error:
        raise RequestError(f"{where}: {error}") from None


def _run(model: Any, request: ImageRequest, options: ImageOptions, report: Report, plan: Plan) -> Made:
    """Run a request to its end; keep one frame per step when a film of that is planned."""
    from fromnoise.engine import Engine
    from fromnoise.films import sheet

    looks: list[Callable[[], list[Image]]] = []
    filming = plan.film is not None and options.between is None
    copies: Literal["again", "mark"] = "again" if options.again is None else "mark"
    for event in Engine(model, told=sources(options), copies=copies).stream(request):
        if isinstance(event, ImageResult):
            frames = [sheet(look()) for look in looks] + ([sheet(event.images)] if filming else [])
            return Made(event.images, event.settings, frames, event.warnings)
        report(event.step, event.of)
        if filming and event.step < event.of:  # the result itself is the last frame
            looks.append(event.preview)
    raise AssertionError("the model's stream ended without a result")


def _share(report: Report, index: int, count: int) -> Report:
    return lambda done, of: report(index + done / of, count)


def _finish(plan: Plan, made: Made, options: ImageOptions) -> None:
    save(plan, made, options)
    if not options.json:
        show_pictures(made)
