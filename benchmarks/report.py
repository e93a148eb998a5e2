"""Tables for people, JSON for machines, one line for mistakes."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import cyclopts

from fromnoise.errors import FromNoiseError

RESULTS = Path(__file__).parent / "results"
Cell = str | int | float


def table(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Lay out a markdown table; numbers with a fraction get three significant places."""
    lines = [head, ["---"] * len(head), *[[_worded(cell) for cell in row] for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def save_result(name: str, result: dict[str, Any], folder: Path = RESULTS) -> Path:
    """Write a result with its date to `folder`/name.json, all or nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    half_written = path.with_suffix(f".{os.getpid()}.tmp")
    text = json.dumps({"date": date.today().isoformat(), **result}, indent=1, ensure_ascii=False)
    half_written.write_text(text + "\n", encoding="utf-8")
    os.replace(half_written, path)
    return path


def run(question: Callable[..., None]) -> None:
    """Run one script's question from the command line; a user's mistake is one line and exit code 2."""
    try:
        cyclopts.run(question)
    except FromNoiseError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def _worded(cell: Cell) -> str:
    return f"{cell:.3g}" if isinstance(cell, float) else str(cell)
