"""From an application to a running server."""

import logging
import socket
import sys
import threading

import uvicorn
from fastapi import FastAPI

from fromnoise.serving.crew import Crew
from fromnoise.serving.limits import Limits

_CONNECTIONS = 1024
_SWITCH = 0.001
"""Seconds after which a worker gives way to the thread that answers the network."""
_TO_TELL = 3.0
"""Seconds to tell those whose work was stopped."""


class Server(uvicorn.Server):
    """A server that finishes what it has begun, up to a limit, when it is told to stop."""

    def __init__(self, config: uvicorn.Config, crew: Crew) -> None:
        super().__init__(config)
        self._crew = crew

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take on nothing more; stop what is not done in time."""
        threading.Thread(target=self._crew.drain, daemon=True).start()
        await super().shutdown(sockets)


def run(app: FastAPI, listening: socket.socket, limits: Limits) -> None:
    """Answer at an open port until told to stop; then take on nothing more and finish what is there."""
    sys.setswitchinterval(_SWITCH)
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    config = uvicorn.Config(
        app,
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
    Server(config, app.state.house.crew).run(sockets=[listening])
