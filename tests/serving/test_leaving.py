"""Who goes leaves nothing behind; what was finished outlives the server."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

httpx = pytest.importorskip("httpx2")
LONG = {"prompt": "red circle", "steps": 250, "n": 8, "previews": "none"}


def until(true: Any, seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(true())


def idle(server: SimpleNamespace) -> bool:
    return server.house.crew.running == 0 and server.house.crew.waiting == 0


def test_who_closes_a_stream_frees_the_place(http: Any, server: SimpleNamespace) -> None:
    for _ in range(5):
        with http.stream("POST", "/api/images/stream", json=LONG) as told:
            next(told.iter_lines())
        assert until(lambda: idle(server))
    rows = server.house.record.read("SELECT verdict FROM requests ORDER BY at DESC LIMIT 5")
    assert [row["verdict"] for row in rows] == ["cancelled"] * 5


def test_who_stops_waiting_for_an_answer_frees_the_place(server: SimpleNamespace) -> None:
    for _ in range(3):
        with pytest.raises(httpx.ReadTimeout), httpx.Client(base_url=server.address, timeout=0.3) as http:
            http.post("/v1/images/generations", json={"prompt": "red circle", "steps": 250, "n": 10})
        assert until(lambda: idle(server))


def test_many_at_once_are_all_answered_or_turned_away(server: SimpleNamespace) -> None:
    found: list[int] = []

    def ask() -> None:
        with httpx.Client(base_url=server.address, timeout=60) as http:
            found.append(http.post("/v1/images/generations", json={"prompt": "red circle"}).status_code)

    threads = [threading.Thread(target=ask) for _ in range(80)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(found) <= {200, 429} and len(found) == 80 and found.count(200) >= 48
    assert until(lambda: idle(server))


@pytest.fixture
def started(shelf_of_tiny_models: Any, tmp_path: Path) -> Iterator[Any]:
    """Start `fromnoise serve` as a program of its own, as often as asked."""
    programs: list[subprocess.Popen[bytes]] = []

    def start() -> tuple[subprocess.Popen[bytes], str]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "fromnoise", "serve", "--port", str(port), "--folder", str(tmp_path)]
        program = subprocess.Popen([*command, "--model", "tiny-pictures"], env=os.environ.copy())
        programs.append(program)
        address = f"http://127.0.0.1:{port}"

        def up() -> bool:
            try:
                return bool(httpx.get(f"{address}/health", timeout=2).status_code == 200)
            except httpx.TransportError:
                return False

        assert until(up, 180)
        return program, address

    yield start
    for program in programs:
        program.kill()
        program.wait()


@pytest.mark.slow
def test_a_killed_server_loses_no_finished_result(started: Any) -> None:
    told: list[str] = []
    for _ in range(2):
        program, address = started()

        def ask(address: str = address) -> None:
            try:
                while True:
                    made = httpx.post(
                        f"{address}/v1/images/generations",
                        json={"prompt": "red circle", "response_format": "url"},
                        timeout=60,
                    )
                    told.append(made.json()["data"][0]["url"].rpartition("history/")[2].partition("/")[0])
            except httpx.TransportError:
                return

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        before = len(told)
        assert until(lambda before=before: len(told) > before + 5, 120)
        program.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
    _, address = started()
    kept = {item["id"] for item in httpx.get(f"{address}/api/history?limit=200").json()["items"]}
    assert told and len(kept) < 200 and set(told) <= kept


@pytest.mark.slow
def test_a_server_that_is_stopped_finishes_what_it_does(started: Any) -> None:
    program, address = started()
    events: list[dict[str, Any]] = []

    def ask() -> None:
        body = {**LONG, "n": 1, "steps": 60}
        with httpx.stream("POST", f"{address}/api/images/stream", json=body, timeout=60) as told:
            for line in told.iter_lines():
                if line.startswith("data: "):
                    events.append(json.loads(line[6:]))

    thread = threading.Thread(target=ask)
    thread.start()
    assert until(lambda: len(events) > 3, 120)
    begun = time.monotonic()
    program.send_signal(signal.SIGTERM)
    assert program.wait(30) in (0, -signal.SIGTERM, 143)
    thread.join()
    assert time.monotonic() - begun < 30
    assert events[-1]["type"] == "done" or events[-1]["error"]["code"] == "shutting_down"
