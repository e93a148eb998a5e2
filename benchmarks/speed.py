"""How long does one wait, and how much memory does it take? Every figure is a fresh process."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import run, save_result, table
from fromnoise.errors import DataError

HEAD = ("what", "seconds", "peak GB", "aim")


@dataclass(frozen=True)
class Cost:
    """Hold what one process took."""

    seconds: float
    peak_gb: float


def main(
    model: str = "emoji-diffusion",
    *,
    prompt: str = "a red apple",
    repeats: int = 3,
    further: int = 4,
    name: str = "speed",
) -> None:
    """Time `fromnoise --help`, one picture and each further picture: median seconds, greatest memory.

    Parameters
    ----------
    model
        A shipped model's name or a model folder.
    further
        Pictures made beyond the first to find what each of them takes.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        helped = _costs(["--help"], repeats)
        image = ["image", prompt, "--model", model]
        one = _costs([*image, "-o", str(out / "one.png")], repeats, out / "one.png")
        several = ["-n", str(1 + further), "-o", str(out / "many")]
        many = _costs([*image, *several], repeats, out / "many")
    each = (_seconds(many) - _seconds(one)) / further
    rows: list[list[str | int | float]] = [
        ["fromnoise --help", _seconds(helped), _peak(helped), "0.4 s"],
        [f'fromnoise image "{prompt}"', _seconds(one), _peak(one), "8 s, 1.5 GB"],
        ["each further picture", each, _peak(many), "1.5 s"],
    ]
    print(table(HEAD, rows))
    saved = {
        "model": model,
        "cpus": os.cpu_count(),
        "rows": [dict(zip(HEAD, row, strict=True)) for row in rows],
    }
    print(f"\nsaved {save_result(name, saved)}")


def _costs(arguments: Sequence[str], repeats: int, made: Path | None = None) -> list[Cost]:
    costs = []
    for _ in range(repeats):
        costs.append(_cost([*_program(), *arguments]))
        if made:
            shutil.rmtree(made) if made.is_dir() else made.unlink()
    return costs


def _cost(command: Sequence[str]) -> Cost:
    """Run a command to its end; wait4 tells the peak memory of that one process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    complaint = process.stderr.read() if process.stderr else ""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise DataError(f"{' '.join(command)} ended with {process.returncode}: {complaint.strip()[-300:]}")
    return Cost(seconds, usage.ru_maxrss / 2**20)


def _program() -> list[str]:
    """Return the installed program beside this Python, else the package."""
    beside = Path(sys.executable).with_name("fromnoise")
    return [str(beside)] if beside.is_file() else [sys.executable, "-m", "fromnoise"]


def _seconds(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.seconds for cost in costs)


def _peak(costs: Sequence[Cost]) -> float:
    return max(cost.peak_gb for cost in costs)


if __name__ == "__main__":
    run(main)
