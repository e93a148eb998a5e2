"""A connection that has its time: for the headers of a request, for its body, and for reading the answer.

uvicorn closes connections that are silent between requests, and only those. Here whoever sends a request byte
by byte (slowloris), or reads no answer, is let go too, so that a few such can't take all connections.
"""

import asyncio
import json
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from fromnoise.serving.limits import Limits
from fromnoise.serving.problems import Problem

_CONNECTIONS = 1024
_TO_TELL = 3.0
"""Seconds to tell those whose work was stopped."""


class Config(uvicorn.Config):
    """How connections are handled, within limits."""

    def __init__(self, app: Any, limits: Limits) -> None:
        self.limits = limits
        super().__init__(
            app,
            http=Connection,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=int(limits.drain_seconds + _TO_TELL),
            h11_max_incomplete_event_size=limits.header_bytes,
            limit_concurrency=_CONNECTIONS,
            backlog=1024,
            ws="none",
            lifespan="on",
        )


class Connection(H11Protocol):
    """One connection of HTTP/1.1."""

    def __init__(self, config: Config, *rest: Any, **named: Any) -> None:
        super().__init__(config, *rest, **named)
        self._limits = config.limits
        self._coming: tuple[object, object] = (None, None)
        self._patience: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._expect(self.conn.their_state)

    def data_received(self, data: bytes) -> None:
        """Take bytes in, and wait for the rest of what they belong to; its time doesn't begin anew."""
        super().data_received(data)
        self._expect(self.conn.their_state)

    def on_response_complete(self) -> None:
        """Wait for another request as long as uvicorn does."""
        super().on_response_complete()
        self._expect(None if self.conn.their_state is h11.IDLE else self.conn.their_state)

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._unread = self.loop.call_later(self._limits.upload_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on writing."""
        super().resume_writing()
        _stop(self._unread)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        _stop(self._patience)
        _stop(self._unread)
        super().connection_lost(exc)

    def _expect(self, state: object) -> None:
        """Start the clock for headers or a body, unless it runs for them already."""
        if (state, self.cycle) == self._coming:
            return
        self._coming = (state, self.cycle)
        _stop(self._patience)
        if state is h11.IDLE:
            self._wait(self._limits.header_seconds, "the headers")
        elif state is h11.SEND_BODY:
            self._wait(self._limits.upload_seconds, "the body")

    def _wait(self, seconds: float, what: str) -> None:
        self._patience = self.loop.call_later(seconds, self._give_up, f"{what} didn't come in {seconds:g} s")

    def _give_up(self, why: str) -> None:
        """Say why, if nothing was answered yet, and close."""
        if self.transport.is_closing():
            return
        begun = self.conn.their_state is h11.SEND_BODY or self.conn.trailing_data[0]
        if begun and self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._answer(Problem(408, why, "timeout"))
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True  # whoever reads the body hears of it at once
            cycle.message_event.set()
        self.transport.close()

    def _answer(self, problem: Problem) -> None:
        content = json.dumps(problem.body).encode()
        headers = {"content-type": "application/json", "connection": "close", **problem.headers}
        told = [*headers.items(), ("content-length", str(len(content)))]
        head = h11.Response(status_code=problem.status, headers=told, reason=b"Request Timeout")
        for event in (head, h11.Data(data=content), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
