"""A connection that has its time: for the headers of a request, for its body, and for reading the answer.

uvicorn closes connections that are silent between requests, and only those. Here whoever sends a request byte
by byte (slowloris), or reads no answer, is let go too, so that a few such can't take all connections.
"""

import asyncio
import json
from http import HTTPStatus
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from fromnoise.serving.limits import Limits
from fromnoise.serving.problems import Problem

_CONNECTIONS = 1024
_CHUNKS = 4096
"""How many chunks a body may come in: 2 kB each fill the largest body."""
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
            limit_concurrency=_CONNECTIONS,
            backlog=1024,
            ws="none",
            lifespan="on",
        )


class Reader(h11.Connection):
    """Take requests apart, as long as it is worth it: a body in tiny chunks costs more than it brings."""

    chunks = 0

    def next_event(self) -> Any:
        """Return what comes next; raise RemoteProtocolError for a body in too many chunks."""
        event = super().next_event()
        if isinstance(event, h11.Request):
            self.chunks = 0
        elif isinstance(event, h11.Data) and event.chunk_start:
            self.chunks += 1
        if self.chunks > _CHUNKS:
            raise h11.RemoteProtocolError(f"a body may have {_CHUNKS} chunks")
        return event


class Connection(H11Protocol):
    """One connection of HTTP/1.1."""

    def __init__(self, config: Config, *rest: Any, **named: Any) -> None:
        super().__init__(config, *rest, **named)
        self.conn = Reader(h11.SERVER, config.limits.header_bytes)
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

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, or too costly to read."""
        self._close(Problem(400, msg, "invalid_value"))

    def _give_up(self, why: str) -> None:
        begun = self.conn.their_state is h11.SEND_BODY or self.conn.trailing_data[0]
        self._close(Problem(408, why, "timeout") if begun else None)

    def _close(self, problem: Problem | None) -> None:
        """Say what is wrong, if there is something and nothing was answered yet, and close."""
        if self.transport.is_closing():
            return
        if problem is not None and self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._answer(problem)
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True  # whoever reads the body hears of it at once
            cycle.message_event.set()
        self.transport.close()

    def _answer(self, problem: Problem) -> None:
        content = json.dumps(problem.body).encode()
        headers = {"content-type": "application/json", "connection": "close", **problem.headers}
        told = [*headers.items(), ("content-length", str(len(content)))]
        reason = HTTPStatus(problem.status).phrase
        head = h11.Response(status_code=problem.status, headers=told, reason=reason)
        events = (head, h11.Data(data=content), h11.EndOfMessage())
        self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
