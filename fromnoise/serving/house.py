"""All that the routes share: the shelf, the crew, the record and what watches them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import Request

from fromnoise.engine import Engine, Outcome, words_of
from fromnoise.guard.policy import check
from fromnoise.pictures import encode_picture
from fromnoise.requests import ImageResult, TextResult
from fromnoise.serving.crew import Crew, Job
from fromnoise.serving.fetching import Fetcher
from fromnoise.serving.limits import Limits
from fromnoise.serving.metrics import Metrics
from fromnoise.serving.problems import Problem
from fromnoise.serving.record import Record, Row
from fromnoise.serving.shelf import Offer, Shelf
from fromnoise.serving.watch import Watch


@dataclass(frozen=True)
class House:
    """What is there for as long as the server runs."""

    shelf: Shelf
    crew: Crew
    record: Record
    metrics: Metrics
    watch: Watch
    limits: Limits
    reports: Path
    fetcher: Fetcher | None = None
    """What fetches pictures from URLs; None where that isn't allowed."""

    def full(self) -> Problem | None:
        """Return what to tell somebody for whom there is no room now, and count it; None when there is."""
        problem = self.crew.full()
        if problem is not None:
            self.metrics.turned_away()
        return problem


def house_of(request: Request) -> House:
    """Return the house that a request came to."""
    house: House = request.app.state.house
    return house


@dataclass
class Errand:
    """One request on its way through the house: its number, its model, and what was kept of it."""

    house: House
    number: str
    kind: str
    offer: Offer
    job: Job | None = None
    kept: list[str] = field(default_factory=list)
    """Ids of its results in the history."""
    words: tuple[str, ...] = ()
    """Texts beside the request's own that the result is made from."""
    uploaded: tuple[str, ...] = ()
    """Which pictures came with it, such as init and mask."""

    def engine(self, model: Any, work: Callable[[Any], Iterator[Any]] | None = None) -> Engine:
        """Return the engine that carries it out, with everything that happens recorded."""
        told = {"uploaded": list(self.uploaded)} if self.uploaded else {}
        return Engine(model, work, told, self.note)

    def note(self, outcome: Outcome) -> None:
        """Keep the result and a row about the request; nobody has heard of it yet."""
        house, result = self.house, outcome.result
        if isinstance(result, ImageResult):
            self._keep_pictures(result, outcome.seconds)
        elif isinstance(result, TextResult):
            self._keep_texts(result, outcome.seconds)
        row = self._row(outcome)
        house.record.add(row)
        house.metrics.note(row, result)
        house.watch.note(row, result)

    def _keep_pictures(self, result: ImageResult, seconds: float) -> None:
        for image, settings in zip(result.images, result.settings, strict=True):
            self._keep(encode_picture(image, "PNG", settings), "png", image.size, seconds)

    def _keep_texts(self, result: TextResult, seconds: float) -> None:
        for text, ending, settings, tokens in zip(
            result.texts, result.endings, result.settings, result.tokens, strict=True
        ):
            told = {"text": text, "ending": ending, "tokens": len(tokens), "settings": settings}
            told["warnings"] = result.warnings
            content = json.dumps(told, ensure_ascii=False, default=str).encode()
            self._keep(content, "json", (0, 0), seconds)

    def _keep(self, content: bytes, format: str, size: tuple[int, int], seconds: float) -> None:
        keep = self.house.record.keep
        self.kept.append(keep(self.number, self.kind, self.offer.name, content, format, size, seconds))

    def _row(self, outcome: Outcome) -> Row:
        asked = outcome.request
        texts = [*words_of(asked), *self.words]
        category = rule = ""
        if outcome.verdict == "refused":
            verdict = next((one for one in map(check, texts) if one.action == "block"), None)
            category, rule = (verdict.category, verdict.rule) if verdict else ("guard", "unknown")
        return Row(
            id=self.number,
            kind=self.kind,
            model=self.offer.name,
            verdict=outcome.verdict,
            category=category,
            rule=rule,
            stage="prompt" if outcome.verdict == "refused" else "",
            prompt="\n".join(texts),
            style=asked.style,
            seed=asked.seed,
            count=asked.count,
            steps=getattr(asked, "steps", None),
            solver=getattr(asked, "solver", None),
            waited=self.job.waited if self.job else 0.0,
            seconds=outcome.seconds,
        )
