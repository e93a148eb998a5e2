"""The only road from a request to an output: check the words, make, review, stamp, record.

Command line, server and `model.generate` all take it. A stream that is closed stops within one step.
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, Protocol, TypeGuard

from fromnoise.errors import FromNoiseError, UnsafePromptError
from fromnoise.guard.copies import another_seed, near_copies
from fromnoise.guard.policy import check, require_safe
from fromnoise.guard.provenance import stamp
from fromnoise.guard.review import require_safe_picture, review_pictures, review_texts
from fromnoise.requests import GAP, ImageRequest, ImageResult, Progress, TextDelta, TextRequest, TextResult

Request = ImageRequest | TextRequest
Result = ImageResult | TextResult
News = Progress | TextDelta | Result
Work = Callable[[Any], Iterator[Any]]
"""From a request to its news, the last of which is the result: a model's `stream`."""
Copies = list[str | None]
"""For each picture the training picture that it nearly equals; None for none."""
Remade = Generator[Progress, None, tuple[ImageResult, Copies]]
Verdict = Literal["done", "refused", "failed", "cancelled"]

NOT_PROMPTS = ("style", "solver", "grid", "weaker", "negative", "keep")
"""Texts in a request that name a choice; all others are checked."""

NOT_REVIEWED = "pictures not reviewed"
"""How a review begins that could not take place, for want of a classifier."""


class Model(Protocol):
    """What the engine must know of a model."""

    name: str
    weights_sha256: str

    def stream(self, request: Any) -> Iterator[Any]:
        """Carry out a request: news, then the result."""
        ...


@dataclass(frozen=True)
class Outcome:
    """How a request went: what a record is made of."""

    model: str
    request: Request
    verdict: Verdict
    reason: str
    """Why it was refused or failed, in one line; empty when it was done or cancelled."""
    seconds: float
    result: Result | None = None


@dataclass(frozen=True)
class Engine:
    """Carry out requests with one model.

    `work` makes the result in place of the model's own `stream`: with a draft, say, or as an answer in a
    conversation. `told` joins the settings that results carry. `record` hears of every outcome before
    whoever asked does, so that nothing finished can be lost. `copies` says what is done about a picture that
    nearly equals a training picture: made `again`, once, with another seed, or only told of (`mark`).
    """

    model: Model
    work: Work | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    record: Callable[[Outcome], None] | None = None
    copies: Literal["again", "mark"] = "again"

    def run(self, request: Request) -> Any:
        """Carry out a request and return its result."""
        *_, result = self.stream(request)
        return result

    def stream(self, request: Request, also: tuple[str, ...] = ()) -> Iterator[Any]:
        """Carry out a request: tell of every step, then give the result.

        `also` are more words that the result will be made from. Raise UnsafePromptError when the policy
        blocks any of them.
        """
        record = _Recording(self, request)
        try:
            notes = require_safe(*words_of(request), *also)
            if isinstance(request, ImageRequest) and request.init is not None:
                require_safe_picture(request.init, "init picture")
            for news in (self.work or self.model.stream)(request):
                copies: Copies = []
                if isinstance(news, ImageResult):
                    news, copies = yield from self._without_copies(request, news)
                if isinstance(news, ImageResult | TextResult):
                    news = _finished(news, copies, notes, self.told, self.model.name)
                    record.keep("done", result=news)
                yield news
        except UnsafePromptError as error:
            record.keep("refused", str(error))
            raise
        except FromNoiseError as error:
            record.keep("failed", str(error))
            raise
        except GeneratorExit:
            record.keep("cancelled")
            raise
        finally:
            record.keep("failed", "a fault in the program")  # unless something else was kept already

    def _without_copies(self, request: Request, made: ImageResult) -> Remade:
        """Find near copies of training pictures and, where another seed can help, make them once more.

        Of one that is near again, the first is kept. Return what is kept, and what it is near to. Meanwhile
        the last step is told again and again, so that others get their turn and it can be stopped.
        """
        copies = near_copies(made.images, self.model.name)
        if self.copies == "mark" or not _has_its_own_noise(request):
            return made, copies
        last: Callable[[], list[Any]] = partial(list, made.images)
        for place, copied in enumerate(copies):
            if copied is None:
                continue
            seed = another_seed(request.seed + place)
            for news in (self.work or self.model.stream)(replace(request, seed=seed, count=1)):
                if isinstance(news, Progress):
                    yield Progress(news.of, news.of, last)
                elif near_copies(news.images, self.model.name) == [None]:
                    made = _in_place(made, place, news, {"seed": request.seed + place, "near": copied})
                    copies[place] = None
        return made, copies


@dataclass
class _Recording:
    """Record how one request went, once."""

    engine: Engine
    request: Request
    begun: float = field(default_factory=time.perf_counter)
    kept: bool = False

    def keep(self, verdict: Verdict, reason: str = "", result: Result | None = None) -> None:
        """Record an outcome, unless one was recorded before."""
        if self.kept or self.engine.record is None:
            return
        self.kept = True
        seconds = time.perf_counter() - self.begun
        self.engine.record(Outcome(self.engine.model.name, self.request, verdict, reason, seconds, result))


def words_of(request: Request) -> list[str]:
    """Return the texts of a request that say what is to come out.

    A negative prompt says what is not to; but with less guidance than 1 it is what comes out. The signs of
    gaps are no words, and digits in them no letters.
    """
    texts = {name: value for name, value in vars(request).items() if isinstance(value, str)}
    if "template" in texts:
        texts["template"] = GAP.sub(" ", texts["template"])
    asked = [value for name, value in texts.items() if name not in NOT_PROMPTS]
    if "negative" in texts and request.guidance is not None and request.guidance < 1:
        asked.append(texts["negative"])
    return asked


def _has_its_own_noise(request: Request) -> TypeGuard[ImageRequest]:
    """Tell whether each picture comes from a seed of its own, and from no other picture."""
    return isinstance(request, ImageRequest) and request.between is None and request.init is None


def _in_place(made: ImageResult, place: int, other: ImageResult, instead_of: dict[str, Any]) -> ImageResult:
    """Put another picture in the place of one that was a near copy, and say so."""
    images, settings = list(made.images), list(made.settings)
    images[place], settings[place] = other.images[0], {**other.settings[0], "instead_of": instead_of}
    said = (
        f"picture {place + 1} was made with another seed: {instead_of['seed']} leads to nearly the training"
    )
    said += f" picture {instead_of['near']}"
    return replace(made, images=images, settings=settings, warnings=[*made.warnings, said])


def _finished(
    result: Result, copies: Copies, notes: list[str], told: Mapping[str, Any], model: str
) -> Result:
    """Review a result of a model and stamp it."""
    if isinstance(result, ImageResult):
        found = review_pictures(result.images, copies)
        if found and found[0].startswith(NOT_REVIEWED):  # known before: no news, but kept with the picture
            found, told = found[1:], {**told, "review": found[0]}
        pictures = zip(result.settings, result.images, strict=True)
        settings = [stamp({**one, **told}, image.tobytes()) for one, image in pictures]
    else:
        written = zip(result.settings, result.texts, strict=True)
        settings = [stamp({**one, **told}, text.encode()) for one, text in written]
        found = _review_texts(result.texts) + review_texts(result.texts, model)
    return replace(result, settings=settings, warnings=[*result.warnings, *notes, *found])


def _review_texts(texts: list[str]) -> list[str]:
    """Say which texts hold what the policy would not have let in."""
    verdicts = [(place, check(text)) for place, text in enumerate(texts, start=1)]
    return [
        f"text {place} may be unsafe: {verdict.reason}"
        for place, verdict in verdicts
        if verdict.action == "block"
    ]
