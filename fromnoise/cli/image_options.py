"""The options of `fromnoise image`, and the picture request that they make."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter, Token

from fromnoise.errors import RequestError
from fromnoise.requests import ImageRequest

if TYPE_CHECKING:
    import numpy as np

FRAMES = 16  # of a film between two prompts

_MAKE = Group("What to make", sort_key=0)
_FILES = Group("Files", sort_key=1)
_START = Group("Start from a picture", sort_key=2)
_SAMPLING = Group("How to sample", sort_key=3)
_TOKENS = Group("How to choose tokens, for models that write pictures token by token", sort_key=4)


def whole_number(kind: type, tokens: Sequence[Token]) -> int:
    """Read a whole number; 1.5 is a mistake, not a 2."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"takes a whole number, not {tokens[0].value!r}") from None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ImageOptions:
    """What the command line asks for. None means the model's default, or what `--again` remembers."""

    style: Annotated[str | None, Parameter(group=_MAKE)] = None
    """Style of the picture, such as `noto` or `fluent-3d`; `fromnoise models show` lists them."""
    negative: Annotated[str | None, Parameter(group=_MAKE)] = None
    """What the picture should not be."""
    between: Annotated[str | None, Parameter(group=_MAKE)] = None
    """A second prompt: make a film that turns the first into it, of `-n` frames (16)."""
    between_seed: Annotated[int | None, Parameter(group=_MAKE, converter=whole_number)] = None
    """Seed of the picture at the second prompt; left out, both have the same noise."""
    count: Annotated[int | None, Parameter(name=["--count", "-n"], group=_MAKE, converter=whole_number)] = (
        None
    )
    """Number of pictures; the seeds count up."""
    seed: Annotated[int | None, Parameter(group=_MAKE, converter=whole_number)] = None
    """Seed of the first picture; drawn at random when left out. The same seed gives the same picture."""
    model: Annotated[str | None, Parameter(group=_MAKE)] = None
    """A model's name, or its folder."""
    device: Annotated[str | None, Parameter(group=_MAKE)] = None
    """`cpu`, `cuda`, ...; the fastest there is when left out."""

    output: Annotated[str | None, Parameter(name=["--output", "-o"], group=_FILES)] = None
    """A .png, .webp or .jpg file, or a folder; a name made of the prompt and the seed when left out."""
    film: Annotated[str | None, Parameter(group=_FILES)] = None
    """A .webp or .gif file: the picture appearing, or turning into another with `--between`."""
    prompts: Annotated[str | None, Parameter(group=_FILES)] = None
    """A JSONL file; each line has `prompt` and, if wanted, `style`, `seed`, `negative`. Needs `-o DIR`."""
    again: Annotated[str | None, Parameter(group=_FILES)] = None
    """A picture made by fromnoise: make it again. Other options given beside it change it."""
    force: Annotated[bool, Parameter(group=_FILES)] = False
    """Overwrite files."""
    json: Annotated[bool, Parameter(group=_FILES)] = False
    """Print one JSON object per picture on stdout, and nothing else."""

    init: Annotated[str | None, Parameter(group=_START)] = None
    """A picture to start from instead of noise."""
    strength: Annotated[float | None, Parameter(group=_START)] = None
    """How far `--init` is changed, from 0 (kept) to 1 (forgotten); 0.6 when left out."""
    mask: Annotated[str | None, Parameter(group=_START)] = None
    """A picture of the size of `--init`: white is made anew, black is kept."""
    keep: Annotated[str | None, Parameter(group=_START)] = None
    """`top`, `bottom`, `left` or `right`: the half of `--init` that stays, for models that write tokens."""

    steps: Annotated[int | None, Parameter(group=_SAMPLING, converter=whole_number)] = None
    """Number of denoising steps; more is slower and, up to a point, better."""
    solver: Annotated[str | None, Parameter(group=_SAMPLING)] = None
    """How a step is taken, such as `ddim`, `heun` or `dpmpp-2m`."""
    grid: Annotated[str | None, Parameter(group=_SAMPLING)] = None
    """How the steps are spaced, such as `uniform`, `karras` or `fitted`."""
    eta: Annotated[float | None, Parameter(group=_SAMPLING)] = None
    """Fresh noise in each step, from 0 (none) to 1, for the solvers that take it."""
    guidance: Annotated[float | None, Parameter(group=_SAMPLING)] = None
    """How strongly the prompt pulls; 1 is no guidance."""
    weaker: Annotated[str | None, Parameter(group=_SAMPLING)] = None
    """A worse model to steer away from, in place of the empty prompt (autoguidance)."""
    guidance_rescale: Annotated[float | None, Parameter(group=_SAMPLING)] = None
    """How much of guidance's extra contrast is taken back, from 0 to 1."""
    guidance_interval: Annotated[str | None, Parameter(group=_SAMPLING)] = None
    """LOW,HIGH: guide only at noise levels between these two, from 0 (clean) to 1 (noise)."""

    guidance_start: Annotated[float | None, Parameter(group=_TOKENS)] = None
    """Guidance of the first token, from where it goes evenly to `--guidance`; the same when left out."""
    temperature: Annotated[float | None, Parameter(group=_TOKENS)] = None
    """How boldly tokens are chosen; 0 takes the likeliest."""
    top_k: Annotated[int | None, Parameter(group=_TOKENS, converter=whole_number)] = None
    """Choose among the k likeliest tokens."""
    top_p: Annotated[float | None, Parameter(group=_TOKENS)] = None
    """Choose among the likeliest tokens that together have this probability."""
    best_of: Annotated[int | None, Parameter(group=_TOKENS, converter=whole_number)] = None
    """Make so many for each picture and keep the one that shows the prompt best."""


def check_together(prompt: str | None, options: ImageOptions) -> None:
    """Raise RequestError for options that contradict or need each other."""
    if prompt is not None and options.prompts is not None:
        raise RequestError("give a PROMPT or --prompts FILE.jsonl, not both")
    if prompt is None and options.prompts is None and options.again is None:
        raise RequestError('give a prompt, such as fromnoise image "a red apple"')
    if options.prompts is not None and options.output is None:
        raise RequestError("--prompts needs a folder for the pictures: -o DIR")
    if options.prompts is not None:
        others = {"between": "--between", "film": "--film", "again": "--again", "count": "-n"}
        for field, name in others.items():
            if getattr(options, field) is not None:
                raise RequestError(f"--prompts makes one picture a line; leave out {name}")


def check_text(name: str, text: str) -> None:
    """Raise RequestError for a prompt that is empty or holds broken Unicode."""
    if not text.strip():
        raise RequestError(f'{name} is empty; say what, such as "a red apple"')
    if any("\ud800" <= letter <= "\udfff" for letter in text):  # half a pair: no encoder takes it
        raise RequestError(f"{name} is not valid Unicode text")


def check_values(prompt: str, options: ImageOptions) -> None:
    """Raise RequestError for values that no model takes, before the time is spent to load one."""
    check_text("the prompt", prompt)
    for name, text in (("--between", options.between), ("--negative", options.negative or None)):
        if text is not None:
            check_text(name, text)
    least_one = {"-n": options.count, "--steps": options.steps, "--top-k": options.top_k}
    for name, number in (least_one | {"--best-of": options.best_of}).items():
        if number is not None and number < 1:
            raise RequestError(f"{name} must be at least 1, got {number}")
    if options.guidance is not None and not math.isfinite(options.guidance):
        raise RequestError(f"--guidance must be a finite number, got {options.guidance}")
    for name, value in (
        ("--mask", options.mask),
        ("--keep", options.keep),
        ("--strength", options.strength),
    ):
        if value is not None and options.init is None:
            raise RequestError(f"{name} needs a picture to start from: --init FILE")
    if options.strength is not None and not 0 <= options.strength <= 1:
        raise RequestError(f"--strength must be between 0 and 1, got {options.strength}")


def request_of(
    prompt: str,
    options: ImageOptions,
    init: "np.ndarray[Any, Any] | None" = None,
    mask: "np.ndarray[Any, Any] | None" = None,
) -> ImageRequest:
    """Turn options into a request; `init` and `mask` are cut to the model's size already."""
    return ImageRequest(
        prompt=prompt,
        style=options.style,
        negative=options.negative,
        seed=options.seed or 0,
        count=count_of(options),
        steps=options.steps,
        solver=options.solver,
        grid=options.grid,
        eta=options.eta,
        guidance=options.guidance,
        guidance_start=options.guidance_start,
        guidance_rescale=options.guidance_rescale,
        guidance_interval=_interval(options.guidance_interval),
        weaker=options.weaker,
        init=init,
        strength=ImageRequest.strength if options.strength is None else options.strength,
        mask=mask,
        keep=options.keep,
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        best_of=options.best_of,
        between=options.between,
        between_seed=options.between_seed,
    )


def count_of(options: ImageOptions) -> int:
    """Return the number of pictures: one, or the frames between two prompts."""
    return options.count if options.count is not None else FRAMES if options.between is not None else 1


def _interval(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise RequestError(f"--guidance-interval takes LOW,HIGH, such as 0.1,0.8, not {text!r}") from None
    return low, high
