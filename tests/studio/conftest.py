"""A server with the installed models, and Chromium looking at it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

STUDIO = Path(__file__).parents[2] / "studio"


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the studio is served: FROMNOISE_STUDIO, or a fresh server that ends with the tests."""
    if "FROMNOISE_STUDIO" in os.environ:
        yield os.environ["FROMNOISE_STUDIO"]
        return
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (home / "log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "fromnoise", "serve", "--port", str(port)],
        env=os.environ | {"FROMNOISE_HOME": str(home)},
        stdout=log,
        stderr=log,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/health", server, home / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(40)


def wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium; the tests are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium here")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any, address: str) -> Iterator[Any]:
    """Open pages of the studio; fail on an error in them and on any request beyond the server."""
    contexts, foreign, mistakes = [], [], []

    def open_page(view: str = "", width: int = 1280, scheme: str = "light") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.on("request", lambda request: foreign.append(request.url))
        page.on("pageerror", lambda mistake: mistakes.append(str(mistake)))
        page.goto(f"{address}/#{view}")
        page.get_by_role("navigation").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    own = (address, "data:", "blob:", "about:")
    assert [url for url in foreign if not url.startswith(own)] == []
    assert mistakes == []


@pytest.fixture(scope="session")
def axe() -> str:
    """Return axe-core, which `npm ci` in studio/ brings."""
    source = STUDIO / "node_modules" / "axe-core" / "axe.min.js"
    if not source.is_file():
        pytest.skip("no axe-core: run npm ci in studio/")
    return source.read_text()
