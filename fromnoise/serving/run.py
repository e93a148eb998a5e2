"""From an application to a running server."""

import logging
import socket
import sys
import threading

import uvicorn
from fastapi import FastAPI

from fromnoise.serving.connection import Config
from fromnoise.serving.crew import Crew
from fromnoise.serving.limits import Limits

_SWITCH = 0.001
"""Seconds after which a worker gives way to the thread that answers the network."""


class Server(uvicorn.Server):
    """A server that finishes what it has begun, up to a limit, when it is told to stop."""

    def __init__(self, config: Config, crew: Crew) -> None:
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
    Server(Config(app, limits), app.state.house.crew).run(sockets=[listening])
