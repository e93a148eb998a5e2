"""From the workers' threads to the network's: news of a job, as answers or as server-sent events."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from fastapi import Request
from fastapi.responses import StreamingResponse

from fromnoise.serving.crew import Ended, Job
from fromnoise.serving.house import Errand
from fromnoise.serving.problems import Problem

PATIENCE = 0.5
"""Seconds to wait for the first news, so that what can't be carried out is told by a status."""
ALIVE = 15.0
"""Seconds of silence after which a comment keeps a connection open."""


class Flow:
    """The news of one job, in order; closing it cancels the work."""

    def __init__(self, errand: Errand, begin: Callable[[], Iterator[Any]]) -> None:
        """Hand a job to the crew, or raise Problem when there is no room."""
        loop = asyncio.get_running_loop()
        self._news: asyncio.Queue[Any] = asyncio.Queue()

        def tell(news: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the server has stopped listening
                loop.call_soon_threadsafe(self._news.put_nowait, news)

        self._crew = errand.house.crew
        self._job = errand.job = Job(begin, tell, errand.house.limits.seconds)
        try:
            self.waiting = self._crew.submit(self._job)
        except Problem:
            errand.house.metrics.turned_away()
            raise

    def close(self) -> None:
        """Cancel the work, unless it is done."""
        self._crew.cancel(self._job)

    async def next(self, seconds: float | None = None) -> Any:
        """Return what comes next, None when nothing does in time; raise Problem when it went wrong."""
        try:
            news = await asyncio.wait_for(self._news.get(), seconds)
        except TimeoutError:
            return None
        if isinstance(news, Ended) and news.problem is not None:
            raise news.problem
        return news


async def last_of(request: Request, errand: Errand, begin: Callable[[], Iterator[Any]]) -> Any:
    """Carry a job out and return its last news; cancel it when whoever asked has gone."""
    flow = Flow(errand, begin)
    gone = asyncio.create_task(_gone(request))
    last: Any = None
    try:
        while True:
            coming = asyncio.create_task(flow.next())
            await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                raise Problem(499, "the request was cancelled", "cancelled")
            news = coming.result()
            if isinstance(news, Ended):
                return last
            last = news
    finally:
        flow.close()
        gone.cancel()


async def events_of(
    errand: Errand,
    begin: Callable[[], Iterator[Any]],
    first: Callable[[int], list[dict[str, Any]]],
    done: str = "",
    own: bool = False,
) -> StreamingResponse:
    """Answer with a job's news as server-sent events, after what `first` says to how many wait before it.

    `done` is written at the very end. What goes wrong at once is raised; later it is an event.
    """
    flow = Flow(errand, begin)
    try:
        early = await flow.next(PATIENCE)
    except BaseException:
        flow.close()
        raise

    async def written() -> AsyncIterator[bytes]:
        try:
            for event in first(flow.waiting):
                yield _event(event)
            news = early
            while not isinstance(news, Ended):
                if news is None:
                    yield b": waiting\n\n"
                else:
                    yield b"".join(_event(event) for event in news)
                news = await flow.next(ALIVE)
            if done:
                yield f"data: {done}\n\n".encode()
        except Problem as problem:
            yield _event({"type": "error", **problem.body} if own else problem.body)
        finally:
            flow.close()

    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(written(), media_type="text/event-stream", headers=headers)


def _event(told: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(told, ensure_ascii=False, allow_nan=False)}\n\n".encode()


async def _gone(request: Request) -> None:
    """Return when whoever asked has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
