"""A server with the installed models, Chromium looking at it, and a bench to make pictures at."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

STUDIO = Path(__file__).parents[2] / "studio"
PROMPT = "a red apple with a green leaf"
START = 300  # s that a server may take to load its models, on a machine that is busy


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the studio is served: FROMNOISE_STUDIO, or a fresh server that ends with the tests."""
    if "FROMNOISE_STUDIO" in os.environ:
        yield os.environ["FROMNOISE_STUDIO"].rstrip("/")
        return
    with running(tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture(scope="session")
def serving() -> Any:
    """Run another server, with options of its own."""
    return running


@contextlib.contextmanager
def running(home: Path, *options: str, key: str = "") -> Iterator[str]:
    """Run a server of its own home, as a user would start it, until the block is left."""
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, log = f"http://127.0.0.1:{port}", home / "log"
    with log.open("wb") as written:
        server = subprocess.Popen(
            [sys.executable, "-m", "fromnoise", "serve", "--port", str(port), *options],
            env=os.environ | {"FROMNOISE_HOME": str(home)},
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_ready(address, server, log, key)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(40)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_until_ready(address: str, server: "subprocess.Popen[bytes]", log: Path, key: str) -> None:
    """Wait until the server has loaded its models, which telling of them takes."""
    ask = urllib.request.Request(f"{address}/api/models", headers={"authorization": f"Bearer {key}"})
    end = time.monotonic() + START
    while time.monotonic() < end:
        assert server.poll() is None, f"the server ended:\n{log.read_text()}"
        try:
            with urllib.request.urlopen(ask, timeout=START):
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"no answer within {START} s:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium; the tests are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium here")
    with playwright.sync_playwright() as driver:
        options = ["--no-sandbox", "--disable-dev-shm-usage"]  # in a container as well
        browser = driver.chromium.launch(executable_path=chromium, args=options)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Open pages of the studio; fail on an error in them and on any request beyond the server."""
    contexts, foreign, mistakes, own = [], [], [], ["data:", "blob:", "about:"]

    def open_page(view: str = "", width: int = 1280, scheme: str = "light", at: str | None = None) -> Any:
        address = at or request.getfixturevalue("address")
        own.append(address)
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(240_000)
        page.on("request", lambda request: foreign.append(request.url))
        page.on("pageerror", lambda mistake: mistakes.append(str(mistake)))
        page.goto(f"{address}/#{view}")
        page.get_by_role("navigation").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [url for url in foreign if not url.startswith(tuple(own))] == []
    assert mistakes == []


@pytest.fixture
def open_bench(open_page: Any) -> Callable[..., "Bench"]:
    """Open a page where pictures are made."""
    return lambda *where, **how: Bench(open_page(*where, **how))


@pytest.fixture
def png(tmp_path: Path) -> Callable[..., Path]:
    """Write a teal PNG with settings in it, as fromnoise writes them."""
    from fromnoise.pictures import encode_picture

    def png(**settings: Any) -> Path:
        file = tmp_path / "mine.png"
        picture = Image.new("RGB", (128, 128), "teal")
        file.write_bytes(encode_picture(picture, "PNG", {"prompt": PROMPT} | settings))
        return file

    return png


@dataclass(frozen=True)
class Bench:
    """A page, and what somebody does at it to make a picture."""

    page: Any

    def ask(self, prompt: str = PROMPT, seed: int = 7, **fields: Any) -> None:
        """Fill the form, in few steps, and press the button."""
        self.page.get_by_label("Prompt").fill(prompt)
        self.page.get_by_label("Seed", exact=True).fill(str(seed))
        self.page.get_by_label("Seed", exact=True).blur()
        self.unfold()
        for label, value in ({"Steps": 4} | fields).items():
            if value is not None:
                self.page.get_by_label(label, exact=True).fill(str(value))
        self.page.get_by_role("button", name="Make", exact=True).click()

    def unfold(self) -> None:
        """Show the settings that are folded away."""
        if not self.page.get_by_label("Guidance", exact=True).is_visible():
            self.page.get_by_text("Fine control").click()

    def finish(self) -> None:
        """Wait for the picture."""
        self.page.get_by_role("link", name="Save").wait_for()

    def saved(self) -> Path:
        """Save the picture and return the file."""
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name="Save").click()
        return Path(download.value.path())

    def settings(self) -> dict[str, Any]:
        """Return what the saved picture says of itself."""
        settings: dict[str, Any] = json.loads(Image.open(self.saved()).info["fromnoise"])
        return settings

    def copied(self, button: str) -> str:
        """Press a button that copies, and return what was copied."""
        self.page.get_by_role("button", name=button).click()
        self.page.get_by_text("Copied", exact=True).wait_for()
        return str(self.page.evaluate("navigator.clipboard.readText()"))


@pytest.fixture(scope="session")
def axe() -> str:
    """Return axe-core, which `npm ci` in studio/ brings."""
    source = STUDIO / "node_modules" / "axe-core" / "axe.min.js"
    if not source.is_file():
        pytest.skip("no axe-core: run npm ci in studio/")
    return source.read_text()
