"""From an application to a running server."""

import logging
import socket

import uvicorn
from fastapi import FastAPI

from fromnoise.serving.limits import Limits

_CONNECTIONS = 1024


def run(app: FastAPI, listening: socket.socket, limits: Limits) -> None:
    """Answer at an open port until told to stop; then take on nothing more and finish what is there."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=int(limits.drain_seconds),
        h11_max_incomplete_event_size=limits.header_bytes,
        limit_concurrency=_CONNECTIONS,
        backlog=1024,
        ws="none",
        lifespan="on",
    )
    uvicorn.Server(config).run(sockets=[listening])
