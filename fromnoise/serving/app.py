"""The server as one application: a gate, the routes, the studio's page."""

import contextlib
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from fromnoise import __version__
from fromnoise.serving import described, images, meanings, monitoring, past, reports, studio, words
from fromnoise.serving.crew import Crew
from fromnoise.serving.fetching import Fetcher
from fromnoise.serving.gate import LOOPBACK, Gate
from fromnoise.serving.house import House
from fromnoise.serving.limits import Limits
from fromnoise.serving.metrics import Metrics
from fromnoise.serving.problems import ERRORS, Problem, handle
from fromnoise.serving.record import Record
from fromnoise.serving.shelf import Shelf
from fromnoise.serving.watch import Watch

_ROOMS = (images, words, meanings, studio, past, reports, monitoring)
_NO_PAGE = "<!doctype html><title>fromnoise</title><p>No studio was built in. <a href='/docs'>Addresses</a>"


@dataclass(frozen=True)
class Plan:
    """How a server is to be set up."""

    shelf: Shelf
    folder: Path
    """Where the record and the results are kept."""
    reports: Path
    keys: tuple[str, ...] = ()
    hosts: tuple[str, ...] = LOOPBACK
    """Names that it answers to."""
    limits: Limits = field(default_factory=Limits)
    webhook: str | None = None
    """Address on this machine that hears of alerts."""
    allow_url: bool = False
    """Whether pictures may be named by URLs, to be fetched."""


def make_app(plan: Plan) -> FastAPI:
    """Set a server up; models are loaded when it starts, without keeping anybody waiting."""
    record = Record(plan.folder)
    crew = Crew(plan.limits)
    fetcher = Fetcher(plan.limits) if plan.allow_url else None
    watch = Watch(record, plan.webhook)
    house = House(plan.shelf, crew, record, Metrics(), watch, plan.limits, plan.reports, fetcher)

    @contextlib.asynccontextmanager
    async def open_for_business(app: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=_warm, args=(plan.shelf,), daemon=True).start()
        yield
        crew.drain(0)  # whoever stops the server has waited already
        house.watch.close()
        record.close()

    app = FastAPI(
        title="fromnoise",
        version=__version__,
        description="Pictures and words out of noise. Addresses under /v1 are OpenAI's.",
        lifespan=open_for_business,
        docs_url=None,
        redoc_url=None,
    )
    app.state.house = house
    handle(app)
    for room in _ROOMS:
        app.include_router(room.router, responses=ERRORS)
    described.describe(app)
    app.router.default = Page()
    app.add_middleware(Gate, hosts=plan.hosts, keys=plan.keys, limits=plan.limits, full=house.full)
    return app


def _warm(shelf: Shelf) -> None:
    """Load what will be asked for first."""
    for name in (shelf.default("pictures"), shelf.default("words")):
        if name is not None:
            shelf.load(shelf.offers[name])


class Page:
    """What answers when no route does: the studio's files if it was built, else that there is nothing."""

    def __init__(self) -> None:
        folder = Path(str(files("fromnoise.serving") / "studio"))
        built = (folder / "index.html").is_file()
        self._files = StaticFiles(directory=folder, html=True) if built else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a file, or 404."""
        path, method = scope["path"], scope.get("method")
        known = method in ("GET", "HEAD") and not path.startswith(("/v1", "/api"))
        if known and ".." not in path.replace("\\", "/").split("/"):
            if self._files is not None:
                return await self._files(scope, receive, send)
            if path == "/":
                return await HTMLResponse(_NO_PAGE)(scope, receive, send)
        raise Problem(404, "there is nothing at this address; /docs tells what there is", "not_found")
