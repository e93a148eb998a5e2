"""Workers that carry requests out side by side, a step of each by turns.

A request is a stream of news; a worker takes the request whose turn it is, carries out one step of it (a
token, a denoising step) and puts it back at the end of the line. So requests join at any step, a short one
isn't kept waiting by a long one, and cancelling takes effect within a step. Every request computes with its
own tensors and random streams: what runs beside it can't change a bit of its result.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from fromnoise.serving.limits import Limits
from fromnoise.serving.problems import Problem, problem_of

_LOG = logging.getLogger("fromnoise.serving")
_NICER = 5
"""How much workers step back behind the thread that answers the network."""


@dataclass(frozen=True)
class Ended:
    """The last that is told of a job; None: it was carried out."""

    problem: Problem | None = None


@dataclass(eq=False)
class Job:
    """A request on its way: how it begins, who hears of its news, and whether it is still wanted."""

    begin: Callable[[], Iterator[Any]]
    tell: Callable[[Any], None]
    seconds: float
    """Longest time until its end."""
    arrived: float = field(default_factory=time.monotonic)
    waited: float = 0.0
    steps: Iterator[Any] | None = None
    problem: Problem | None = None
    """Why it is to stop; None while it is wanted."""

    def step(self) -> Ended | None:
        """Carry out one step and tell of it; return how it ended when it is over."""
        if self.problem is None and time.monotonic() - self.arrived > self.seconds:
            self.problem = Problem(504, f"not done within {self.seconds:g} s", "timeout")
        try:
            if self.problem is not None:
                return self._stop(self.problem)
            if self.steps is None:
                self.waited = time.monotonic() - self.arrived
                self.steps = self.begin()
            self.tell(next(self.steps))
        except StopIteration:
            return Ended()
        except BaseException as error:  # nothing that one request does may end the worker
            problem = problem_of(error)
            if problem.status >= 500:
                _LOG.exception("a request failed")
            return Ended(problem)
        return None

    def _stop(self, problem: Problem) -> Ended:
        if self.steps is not None:
            self.steps.close()  # type: ignore[attr-defined]  # every stream is a generator
        return Ended(problem)


class Crew:
    """Some workers, the requests that they carry out by turns, and those that wait."""

    def __init__(self, limits: Limits, workers: int | None = None) -> None:
        self.limits = limits
        self._turn = threading.Condition()
        self._ready: deque[Job] = deque()  # wanted, and in no worker's hands
        self._waiting: deque[Job] = deque()
        self._jobs: set[Job] = set()  # running ones, in a worker's hands or not
        self._open, self._ended = True, False
        self._spans: deque[float] = deque([1.0], maxlen=32)  # seconds between ends
        self._last_end = time.monotonic()
        count = workers or (1 if torch.cuda.is_available() else os.cpu_count() or 1)
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    @property
    def running(self) -> int:
        """Return how many requests are worked on."""
        return len(self._jobs)

    @property
    def waiting(self) -> int:
        """Return how many requests wait."""
        return len(self._waiting)

    def full(self) -> Problem | None:
        """Return what to tell somebody for whom there is no room now; None when there is."""
        if not self._open:
            return Problem(503, "the server is being stopped", "shutting_down", wait=5)
        if self.running >= self.limits.running and len(self._waiting) >= self.limits.queue:
            return Problem(
                429, "too many requests wait already; try again later", "queue_full", wait=self._wait()
            )
        return None

    def submit(self, job: Job) -> int:
        """Take on a job, or raise Problem at once; return how many wait before it."""
        with self._turn:
            if (problem := self.full()) is not None:
                raise problem
            before = len(self._waiting)
            self._waiting.append(job)
            self._admit()
            return before

    def cancel(self, job: Job) -> None:
        """Stop a job after its present step; one that waits gives up its place at once."""
        with self._turn:
            job.problem = job.problem or Problem(499, "the request was cancelled", "cancelled")
            if job in self._waiting:
                self._waiting.remove(job)

    def drain(self, seconds: float | None = None) -> None:
        """Take on nothing more, finish what is there, and stop what isn't done in time."""
        until = time.monotonic() + (self.limits.drain_seconds if seconds is None else seconds)
        with self._turn:
            self._open = False
            while self.running and (left := until - time.monotonic()) > 0:
                self._turn.wait(left)
            stopped = Problem(503, "the server was stopped", "shutting_down", wait=5)
            for job in [*self._waiting, *self._jobs]:
                job.problem = job.problem or stopped
            self._turn.notify_all()
            while self.running and time.monotonic() < until + 3:
                self._turn.wait(0.2)
            self._ended = True
            self._turn.notify_all()

    def _wait(self) -> float:
        """Guess in how many seconds a place will be free."""
        return min(30.0, max(0.5, sum(self._spans) / len(self._spans)))

    def _admit(self) -> None:
        while self._waiting and self.running < self.limits.running:
            job = self._waiting.popleft()
            self._jobs.add(job)
            self._ready.append(job)
        self._turn.notify_all()

    def _work(self) -> None:
        torch.set_num_threads(1)  # of this worker; threads that wait for each other lose on a busy machine
        if hasattr(os, "setpriority"):
            usual = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(19, usual + _NICER))
        while (job := self._next()) is not None:
            ended = job.step()
            with self._turn:
                if ended is None:
                    self._ready.append(job)
                    self._turn.notify()
                    continue
                self._jobs.discard(job)
                self._note_end()
                self._admit()
            job.tell(ended)

    def _next(self) -> Job | None:
        with self._turn:
            while not self._ready and not self._ended:
                self._turn.wait()
            if self._ended:
                return None
            return self._ready.popleft()

    def _note_end(self) -> None:
        now = time.monotonic()
        self._spans.append(min(10.0, now - self._last_end))
        self._last_end = now
