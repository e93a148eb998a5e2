"""How does a server bear up when too many come at once, and does working side by side pay?"""

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import run, save_result, table

ROUTE = "/v1/images/generations"
_UP = 180.0  # seconds to wait for a server to start


@dataclass
class Heard:
    """What clients heard: seconds by status, and what went wrong."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    broken: int = 0

    def add(self, status: int, seconds: float) -> None:
        """Count an answer."""
        self.seconds.setdefault(status, []).append(seconds)

    def quantiles(self, status: int) -> tuple[float, float, float]:
        """Return median, 99th percentile and greatest of the seconds of a status; nan without any."""
        found = self.seconds.get(status) or [float("nan")]
        middle, most = np.quantile(found, [0.5, 0.99])
        return float(middle), float(most), max(found)


def main(
    *,
    clients: int = 200,
    minutes: float = 10.0,
    steps: int = 20,
    side_by_side: int = 16,
    model: str = "emoji-diffusion",
    patient: bool = True,
    name: str = "load",
) -> None:
    """Load a fresh server with clients that ask for pictures one after the other.

    Parameters
    ----------
    clients
        How many ask at the same time.
    steps
        Steps of each picture.
    side_by_side
        Pictures that are asked for at once, then one after the other, before the load.
    patient
        Whether clients wait half a second to one and a half, as OpenAI's do, before they ask again.
    """
    with tempfile.TemporaryDirectory() as folder:
        program, port = _start(model, Path(folder))
        try:
            at_once, in_a_row, same = asyncio.run(_compare(port, side_by_side, steps))
            heard, memory = asyncio.run(_load(port, program.pid, clients, minutes * 60, steps, patient))
        finally:
            program.terminate()
            program.wait(40)
    growth = _slope(memory)
    rows: list[list[str | int | float]] = [
        [f"{side_by_side} at once / in a row", at_once / in_a_row, "0.5, never above 1"],
        ["results that differ from their single runs", side_by_side - same, "0"],
        *_told(heard),
        ["answers that broke off or were no 200 or 429", heard.broken, "0"],
        ["memory, MB a minute", growth, "below 1"],
    ]
    print(table(("what", "found", "aim"), rows))
    saved: dict[str, Any] = {"clients": clients, "minutes": minutes, "steps": steps, "cores": os.cpu_count()}
    saved |= {str(what): found for what, found, _ in rows}
    print(save_result(name, saved))


def _told(heard: Heard) -> list[list[str | int | float]]:
    middle, most, _ = heard.quantiles(200)
    away_middle, away_most, away_worst = heard.quantiles(429)
    return [
        ["pictures made", len(heard.seconds.get(200, [])), ""],
        ["seconds to a picture, median", middle, ""],
        ["seconds to a picture, 99 of 100", most, ""],
        ["turned away", len(heard.seconds.get(429, [])), ""],
        ["ms to be turned away, median", 1000 * away_middle, "50"],
        ["ms to be turned away, 99 of 100", 1000 * away_most, "50"],
        ["ms to be turned away, longest", 1000 * away_worst, ""],
    ]


def _start(model: str, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "fromnoise", "serve", "--port", str(port), "--model", model]
    program = subprocess.Popen([*command, "--folder", str(folder)], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + _UP
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
            return program, port
        except OSError:
            time.sleep(0.3)
    program.kill()
    raise SystemExit("the server did not start")


async def _compare(port: int, count: int, steps: int) -> tuple[float, float, int]:
    """Return the seconds at once and in a row, and how many pictures are the same in both."""
    await _ask(port, -1, steps)  # the model is loaded
    begun = time.perf_counter()
    row = [await _ask(port, seed, steps) for seed in range(count)]
    middle = time.perf_counter()
    together = await asyncio.gather(*(_ask(port, seed, steps) for seed in range(count)))
    end = time.perf_counter()
    pairs = zip(row, together, strict=True)
    same = sum(_picture(one[1]) == _picture(other[1]) for one, other in pairs)
    return end - middle, middle - begun, same


def _picture(body: bytes) -> str:
    return str(json.loads(body)["data"][0]["b64_json"])


async def _load(
    port: int, pid: int, clients: int, seconds: float, steps: int, patient: bool
) -> tuple[Heard, list[tuple[float, float]]]:
    heard, end = Heard(), time.monotonic() + seconds
    memory: list[tuple[float, float]] = []

    async def client(number: int) -> None:
        turn = 0
        while time.monotonic() < end:
            turn += 1
            begun = time.perf_counter()
            try:
                status, _ = await _ask(port, number * 10_000 + turn, steps)
            except (OSError, asyncio.IncompleteReadError, ValueError):
                heard.broken += 1
                continue
            heard.add(status, time.perf_counter() - begun)
            if status == 429:
                await asyncio.sleep(random.uniform(0.5, 1.5) if patient else 0.0)
            elif status != 200:
                heard.broken += 1

    async def watch() -> None:
        begun = time.monotonic()
        while time.monotonic() < end:
            memory.append((time.monotonic() - begun, _resident(pid)))
            await asyncio.sleep(min(5.0, seconds / 10))

    await asyncio.gather(watch(), *(client(number) for number in range(clients)))
    return heard, memory


async def _ask(port: int, seed: int, steps: int) -> tuple[int, bytes]:
    """Ask for a picture over a connection of its own and return the status and the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"prompt": "a red apple", "seed": seed, "num_inference_steps": steps}).encode()
    head = f"POST {ROUTE} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    try:
        status = int((await reader.readline()).split()[1])
        length = 0
        while (line := (await reader.readline()).strip().lower()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name == b"content-length" else length
        return status, await reader.readexactly(length)
    except IndexError:
        raise ValueError("no answer") from None
    finally:
        writer.close()


def _resident(pid: int) -> float:
    """Return the resident memory of a process, MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def _slope(memory: list[tuple[float, float]]) -> float:
    """Return the growth over the second half, MB a minute, as a straight line through it."""
    half = memory[len(memory) // 2 :]
    if len(half) < 2:
        return float("nan")
    times, sizes = np.array(half).T
    return float(np.polyfit(times / 60, sizes, 1)[0])


if __name__ == "__main__":
    run(main)
