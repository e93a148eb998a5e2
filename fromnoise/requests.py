"""The words of every front door: what is asked for, what is told on the way and what comes out."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

GAP = re.compile(r"__(\d+)__|_{3,}")
"""How a template writes a gap: `___` one of any length, `__5__` one of 5 tokens."""


@dataclass(frozen=True, kw_only=True)
class ImageRequest:
    """Ask for pictures. None means the model's own default."""

    prompt: str
    style: str | None = None
    negative: str | None = None
    """What the picture should not be; takes the place of the empty prompt in guidance."""
    seed: int = 0
    """Item i of the request uses seed + i."""
    count: int = 1
    steps: int | None = None
    solver: str | None = None
    grid: str | None = None
    eta: float | None = None
    """Share of fresh noise, for the solvers that take it: 0 deterministic, 1 ancestral."""
    guidance: float | None = None
    guidance_start: float | None = None
    """Guidance of a picture's first token, to go evenly to `guidance`; None: the same all along."""
    guidance_rescale: float | None = None
    guidance_interval: tuple[float, float] | None = None
    """Guide only while t / t_max lies in this closed interval."""
    weaker: str | None = None
    """Name or folder of a worse model of the same kind to steer away from, in place of the empty prompt."""
    init: "np.ndarray | None" = None
    """Picture to start from, uint8 (H, W, 3)."""
    strength: float = 0.6
    """Share of the way to noise that `init` is taken: 0 keeps it, 1 forgets it."""
    mask: "np.ndarray | None" = None
    """bool (H, W): True where the picture is to be made anew; needs `init`."""
    keep: str | None = None
    """Half of `init` that stays: top, bottom, left or right; the rest is made anew, token by token."""
    temperature: float | None = None
    """How boldly tokens are chosen; 0 takes the likeliest."""
    top_k: int | None = None
    top_p: float | None = None
    best_of: int | None = None
    """Make so many and keep the one that shows the prompt best."""
    between: str | None = None
    """A second prompt: the items go from `prompt` to it, evenly, with one and the same noise."""
    between_seed: int | None = None
    """Seed of the noise at the second prompt, to which the noise turns as well."""


@dataclass(frozen=True)
class Progress:
    """One step is done. `preview()` decodes the model's guess of the pictures at that step.

    Of several tries it shows the first, or the one that was kept when all are done.
    """

    step: int
    of: int
    preview: "Callable[[], list[Image]]"


@dataclass(frozen=True)
class ImageResult:
    """The finished pictures, and for each the settings that make it again."""

    images: "list[Image]"
    settings: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


MASKED = "\u2591"
"""Stands for a token that is not told yet: a shade."""


@dataclass(frozen=True, kw_only=True)
class TextRequest:
    """Ask for words. None means the model's own default."""

    prompt: str = ""
    style: str | None = None
    seed: int = 0
    """Item i of the request uses seed + i."""
    count: int = 1
    max_tokens: int | None = None
    temperature: float | None = None
    """0 takes the likeliest token."""
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    stop: tuple[str, ...] = ()
    """Texts at which to stop; they are left out."""
    guidance: float | None = None
    """How strongly to keep to the style: 1 as learned, more is stronger."""
    json_schema: str | None = None
    """A JSON schema, as JSON: the text is JSON that fits it."""
    steps: int | None = None
    """Passes of masked diffusion from nothing to a text."""
    solver: str | None = None
    block: int | None = None
    """Tokens told at once, one block after the other: 1 is the next-token model; None: all at once."""
    template: str | None = None
    """A text with gaps to fill: `___` of any length, `__5__` of 5 tokens."""
    rewrite: str | None = None
    """A text to write anew."""
    strength: float = 0.5
    """Share of `rewrite` that is masked: 0 keeps it, 1 forgets it."""


@dataclass(frozen=True)
class TextDelta:
    """Some more text of one item."""

    item: int
    text: str


@dataclass(frozen=True)
class TextDraft:
    """One step of a text that comes out of masks is done."""

    item: int
    step: int
    of: int
    text: str
    """All of it, with MASKED where nothing is told yet."""


@dataclass(frozen=True)
class TextResult:
    """The finished texts, and for each how it ended and the settings that make it again."""

    texts: list[str]
    endings: list[str]
    """"stop" at an end token or a stop string, "length" when the tokens asked for are used up."""
    tokens: list[list[int]]
    log_probabilities: list[list[float]]
    """Of every token, in nats, before any filter."""
    prompt_tokens: int
    settings: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return the first text."""
        return self.texts[0]


def result_of(news: Iterator[Any]) -> Any:
    """Return the result, which is the last of a stream's news."""
    *_, result = news
    return result
