"""/v1/chat/completions and /v1/completions: OpenAI's addresses for words."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from fromnoise.requests import TextDelta, TextResult
from fromnoise.serving.flow import events_of, last_of
from fromnoise.serving.house import Errand, House, house_of
from fromnoise.serving.shapes import ChatBody, CompletionBody, WordsBody
from fromnoise.serving.wire import EVENTS
from fromnoise.serving.words_asked import Ask, asks_of_chat, asks_of_completion, require_words
from fromnoise.serving.words_told import CHAT, PLAIN, Form, choice_logprobs, usage_of

router = APIRouter(prefix="/v1", tags=["words"])
In = Annotated[House, Depends(house_of)]


@router.post("/chat/completions", responses=EVENTS)
async def answer_chat(request: Request, body: ChatBody, house: In) -> Response:
    """Answer in a conversation."""
    require_words(body.messages)
    wanted = Wanted(
        body, CHAT, bool(body.logprobs), bool(body.stream), _counts(body), top=body.top_logprobs or 0
    )
    return await _answer(request, house, wanted, lambda model: asks_of_chat(body, model))


@router.post("/completions", responses=EVENTS)
async def complete(request: Request, body: CompletionBody, house: In) -> Response:
    """Write on from a prompt."""
    wanted = Wanted(
        body,
        PLAIN,
        body.logprobs is not None,
        bool(body.stream),
        _counts(body),
        bool(body.echo),
        body.logprobs or 0,
    )
    return await _answer(request, house, wanted, lambda model: asks_of_completion(body, model))


@dataclass(frozen=True)
class Wanted:
    """How an answer in words is to be told."""

    body: WordsBody
    form: Form
    logprobs: bool
    stream: bool
    usage: bool
    echo: bool = False
    top: int = 0


@dataclass
class Telling:
    """An answer in words as it comes: chunks for a stream, the whole at the end."""

    wanted: Wanted
    number: str
    model: str
    fingerprint: str
    created: int = field(default_factory=lambda: int(time.time()))
    choices: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    read: int = 0
    written: int = 0
    begun: set[int] = field(default_factory=set)

    def chunk(self, index: int, text: str) -> list[dict[str, Any]]:
        """Return the chunks for a piece of text."""
        if not self.wanted.stream:
            return []
        form, chunks = self.wanted.form, []
        if index not in self.begun:
            self.begun.add(index)
            chunks = [self._chunk([first]) for first in form.first(index)]
        return [*chunks, self._chunk([form.piece(index, text)])] if text else chunks

    def end(self, ask: Ask, result: TextResult, tokenizer: Any) -> list[dict[str, Any]]:
        """Take a result in; return the chunks that end its texts."""
        start, chunks = len(self.choices), []
        for place, text in enumerate(result.texts):
            index = start + place
            if self.wanted.echo:
                text = ask.request.prompt + text
            likely = None
            if self.wanted.logprobs:
                likely = choice_logprobs(self.wanted.form, result, place, tokenizer, self.wanted.top)
            ending = result.endings[place]
            self.choices.append(self.wanted.form.choice(index, text, ending, likely))
            if self.wanted.stream:
                chunks += [] if index in self.begun else self.chunk(index, text)
                chunks.append(self._chunk([self.wanted.form.last(index, ending, likely)]))
        self.read += result.prompt_tokens
        self.written += sum(map(len, result.tokens))
        self.warnings += result.warnings
        return chunks

    def whole(self) -> dict[str, Any]:
        """Return the whole answer."""
        told = {
            "choices": self.choices,
            "usage": usage_of(self.read, self.written),
            "warnings": self.warnings,
        }
        return self._head(self.wanted.form.object) | told

    def usage(self) -> list[dict[str, Any]]:
        """Return the chunk that tells the tokens, if it was asked for."""
        if not self.wanted.usage:
            return []
        return [self._chunk([]) | {"usage": usage_of(self.read, self.written)}]

    def _chunk(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        told = {"choices": choices} | ({"usage": None} if self.wanted.usage else {})
        return self._head(self.wanted.form.chunk_object) | told

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"{self.wanted.form.prefix}-{self.number.removeprefix('req-')}",
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
        }


async def _answer(
    request: Request, house: House, wanted: Wanted, asks: Callable[[Any], list[Ask]]
) -> Response:
    offer = house.shelf.find(wanted.body.model, "words")
    errand = Errand(house, request.state.number, "words", offer)

    def begin() -> Iterator[list[dict[str, Any]]]:
        return _carried_out(errand, wanted, asks)

    if wanted.stream:
        return await events_of(errand, begin, lambda waiting: [], done="[DONE]")
    (told,) = await last_of(request, errand, begin)
    return JSONResponse(told)


def _carried_out(
    errand: Errand, wanted: Wanted, asks: Callable[[Any], list[Ask]]
) -> Iterator[list[dict[str, Any]]]:
    """Write the texts; what is told of each piece, and at the end of all, in OpenAI's words."""
    model = errand.house.shelf.load(errand.offer)
    telling = Telling(wanted, errand.number, errand.offer.name, f"fn_{model.weights_sha256[:10]}")
    for ask in asks(model):
        errand.words = ask.also
        begun = len(telling.choices)
        engine = errand.engine(model, ask.work if ask.conversation else None)
        if wanted.echo and wanted.stream:
            for place in range(ask.request.count):
                yield telling.chunk(begun + place, ask.request.prompt)
        for news in engine.stream(ask.request, ask.also):
            if isinstance(news, TextDelta):
                yield telling.chunk(begun + news.item, news.text)
            elif isinstance(news, TextResult):
                yield telling.end(ask, news, model.tokenizer)
            else:
                yield []
    yield telling.usage() if wanted.stream else [telling.whole()]


def _counts(body: ChatBody | CompletionBody) -> bool:
    return bool(body.stream and body.stream_options and body.stream_options.include_usage)
