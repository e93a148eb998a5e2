"""From tokens to text as they come, and what a request for words may ask."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from fromnoise.autoregressive.decode import Column
from fromnoise.codecs.text_tokens import TextStream, TextTokens
from fromnoise.config import Settings
from fromnoise.errors import RequestError, unknown
from fromnoise.requests import TextDelta, TextRequest

MOST = 64  # texts in one request
FOR_MASKS = ("template", "rewrite", "steps", "solver", "block")
"""Options of models that let words come out of masks, and of no others."""


class Teller:
    """Write one text: give out what is certain, and stop at an end token or a stop string."""

    def __init__(self, tokens: TextTokens, begun: Sequence[int], stop: Sequence[str] = ()) -> None:
        self._stream = TextStream(tokens, begun)
        self._ends, self._stop = tokens.ends, tuple(stop)
        self._held = ""
        """Text that may be the beginning of a stop string."""
        self.text = ""
        self.tokens: list[int] = []
        self.log_probabilities: list[float] = []
        self.ending: str | None = None

    def add(self, token: int, log_probability: float) -> str:
        """Take a token and return the text that is certain now; nothing once the text is over."""
        if self.ending:
            return ""
        self.tokens.append(token)
        self.log_probabilities.append(log_probability)
        if token in self._ends:
            self.ending = "stop"
            return self._give(self._stream.rest())
        return self._give(self._stream.add(token))

    def finish(self) -> str:
        """Return what was held back, when no token comes any more."""
        if self.ending:
            return ""
        self.ending = "length"
        return self._give(self._stream.rest())

    def _give(self, news: str) -> str:
        held = self._held + news
        found = [place for place in (held.find(stop) for stop in self._stop) if place >= 0]
        if found:
            self.ending, sure, self._held = "stop", held[: min(found)], ""
        elif self.ending:
            sure, self._held = held, ""
        else:
            kept = max((_overlap(held, stop) for stop in self._stop), default=0)
            sure, self._held = held[: len(held) - kept], held[len(held) - kept :]
        self.text += sure
        return sure


def told(tellers: Sequence[Teller], items: range, columns: Iterator[Column]) -> Iterator[TextDelta]:
    """Hand columns of tokens to the tellers of some items, until all are over."""
    for column in columns:
        tokens, likely = column.tokens.tolist(), column.log_probabilities.tolist()
        for place, teller in enumerate(tellers):
            if news := teller.add(tokens[place], likely[place]):
                yield TextDelta(items[place], news)
        if all(teller.ending for teller in tellers):
            break
    for place, teller in enumerate(tellers):
        if news := teller.finish():
            yield TextDelta(items[place], news)


def _overlap(text: str, stop: str) -> int:
    """Return how many of the last letters of a text may begin a stop string."""
    return next((size for size in range(len(stop) - 1, 0, -1) if text.endswith(stop[:size])), 0)


def refuse_masks(request: TextRequest) -> None:
    """Raise RequestError where a next-token model is asked for what takes masked diffusion."""
    names = {"template": "filling gaps", "rewrite": "writing anew"}
    for name in FOR_MASKS:
        if getattr(request, name) is not None:
            told = names.get(name, f"{name!r}")
            raise RequestError(f"{told} is for models of masked diffusion, such as verse-diffusion")


def filled(request: TextRequest, defaults: Settings, styles: Sequence[str]) -> TextRequest:
    """Fill in defaults; raise RequestError for what can't be asked."""
    names = {field.name for field in fields(request)}
    usual = {name: value for name, value in defaults if name in names and getattr(request, name) is None}
    asked = replace(request, **usual)
    if asked.style is not None and asked.style not in styles:
        raise RequestError(unknown("style", asked.style, styles))
    if not 1 <= asked.count <= MOST:
        raise RequestError(f"count must be from 1 to {MOST}, got {asked.count}")
    if asked.max_tokens is not None and asked.max_tokens < 1:
        raise RequestError(f"max_tokens must be at least 1, got {asked.max_tokens}")
    if asked.guidance is not None and not math.isfinite(asked.guidance):
        raise RequestError(f"guidance must be a finite number, got {asked.guidance}")
    if "" in asked.stop:
        raise RequestError("a stop string must not be empty")
    return asked
