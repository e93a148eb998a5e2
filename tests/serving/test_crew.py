"""Laws of working side by side: it changes nothing, loses nothing, and does nothing that nobody wants."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from fromnoise.requests import ImageRequest, ImageResult, TextRequest, TextResult
from fromnoise.serving.crew import Crew, Ended, Job
from fromnoise.serving.limits import Limits
from fromnoise.serving.problems import Problem


@pytest.fixture
def crew() -> Iterator[Crew]:
    made = Crew(Limits(running=4, queue=6), workers=2)
    yield made
    made.drain(0)


class Heard:
    """Hear the news of a job and wait for its end."""

    def __init__(self) -> None:
        self.news: list[Any] = []
        self.over = threading.Event()

    def __call__(self, news: Any) -> None:
        self.news.append(news)
        if isinstance(news, Ended):
            self.over.set()

    def wait(self) -> list[Any]:
        assert self.over.wait(60)
        return self.news


def start(crew: Crew, begin: Any, seconds: float = 60) -> tuple[Job, Heard]:
    heard = Heard()
    job = Job(begin, heard, seconds)
    crew.submit(job)
    return job, heard


def ticking(steps: int, log: list[int] | None = None, pause: float = 0.0) -> Any:
    def begin() -> Iterator[int]:
        for step in range(steps):
            time.sleep(pause)
            if log is not None:
                log.append(step)
            yield step

    return begin


def test_pictures_are_the_same_alone_and_side_by_side(crew: Crew, model: Any) -> None:
    requests = [ImageRequest(prompt="red circle", seed=seed, count=1 + seed % 2) for seed in range(8)]
    alone = [model.run(request) for request in requests]
    heard = [start(crew, lambda request=request: model.stream(request))[1] for request in requests]
    for one, expected in zip(heard, alone, strict=True):
        *_, result, ended = one.wait()
        assert isinstance(result, ImageResult) and ended == Ended()
        assert [image.tobytes() for image in result.images] == [image.tobytes() for image in expected.images]


def test_texts_are_the_same_alone_and_beside_pictures(
    crew: Crew, model: Any, shelf_of_tiny_models: Any
) -> None:
    words = shelf_of_tiny_models.load(shelf_of_tiny_models.offers["tiny-words"])
    requests = [TextRequest(prompt="the cat", seed=seed, max_tokens=12) for seed in range(4)]
    alone = [words.run(request).texts for request in requests]
    others = [start(crew, lambda: model.stream(ImageRequest(prompt="red circle")))[1] for _ in range(3)]
    heard = [start(crew, lambda request=request: words.stream(request))[1] for request in requests]
    for one, expected in zip(heard, alone, strict=True):
        result = one.wait()[-2]
        assert isinstance(result, TextResult) and result.texts == expected
    for other in others:
        other.wait()


def test_a_short_request_is_not_kept_waiting_by_long_ones(crew: Crew) -> None:
    long = [start(crew, ticking(400, pause=0.002)) for _ in range(3)]
    _, short = start(crew, ticking(3))
    short.wait()
    assert not any(heard.over.is_set() for _, heard in long)
    for job, _ in long:
        crew.cancel(job)


def test_cancelling_stops_the_work_within_one_step(crew: Crew) -> None:
    log: list[int] = []
    job, heard = start(crew, ticking(1000, log, pause=0.005))
    while len(log) < 3:
        time.sleep(0.001)
    crew.cancel(job)
    before = len(log)
    ended = heard.wait()[-1]
    assert ended.problem.code == "cancelled" and len(log) <= before + 1


def test_a_thousand_cancellations_leave_no_place_taken(crew: Crew) -> None:
    for turn in range(1000):
        try:
            job, _ = start(crew, ticking(50))
        except Problem:
            time.sleep(0.002)
            continue
        if turn % 3:
            time.sleep(0.0003)
        crew.cancel(job)
    deadline = time.monotonic() + 20
    while (crew.running or crew.waiting) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (crew.running, crew.waiting) == (0, 0)
    assert start(crew, ticking(2))[1].wait() == [0, 1, Ended()]


def test_one_too_many_is_turned_away_at_once_and_told_when_to_come_back(crew: Crew) -> None:
    jobs = [start(crew, ticking(10_000, pause=0.001))[0] for _ in range(10)]
    begun = time.perf_counter()
    with pytest.raises(Problem) as caught:
        start(crew, ticking(1))
    assert time.perf_counter() - begun < 0.05
    assert caught.value.status == 429 and float(caught.value.headers["retry-after"]) >= 1
    for job in jobs:
        crew.cancel(job)


def test_what_takes_too_long_is_stopped(crew: Crew) -> None:
    _, heard = start(crew, ticking(10_000, pause=0.01), seconds=0.05)
    assert heard.wait()[-1].problem.status == 504


def test_a_fault_in_one_request_harms_no_other(crew: Crew, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    assert start(crew, broken)[1].wait()[-1].problem.status == 500
    assert "ZeroDivisionError" in caplog.text
    assert start(crew, ticking(1))[1].wait() == [0, Ended()]


def test_draining_finishes_what_runs_and_takes_on_nothing_more() -> None:
    crew = Crew(Limits(running=2), workers=2)
    heard = [start(crew, ticking(20, pause=0.002))[1] for _ in range(5)]
    crew.drain(30)
    assert all(one.news[-1] == Ended() for one in heard)
    with pytest.raises(Problem) as caught:
        start(crew, ticking(1))
    assert caught.value.status == 503


def test_draining_stops_what_is_not_done_in_time() -> None:
    crew = Crew(Limits(running=2), workers=2)
    heard = [start(crew, ticking(100_000, pause=0.005))[1] for _ in range(5)]
    begun = time.monotonic()
    crew.drain(0.1)
    assert time.monotonic() - begun < 5
    assert all(one.wait()[-1].problem.status == 503 for one in heard)


def test_who_waits_and_goes_gives_up_the_place_at_once(crew: Crew) -> None:
    jobs = [start(crew, ticking(10_000, pause=0.001))[0] for _ in range(10)]
    assert crew.full() is not None
    crew.cancel(jobs[-1])
    assert crew.full() is None
    for job in jobs:
        crew.cancel(job)
