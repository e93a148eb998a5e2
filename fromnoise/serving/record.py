"""What happened, in SQLite: one row a request, without its words; one a result, whose file holds the rest.

A prompt is kept as its length and a keyed hash, so that equal prompts can be counted and none can be read.
Rows are written before anybody hears of a result: what was told is still there when the program is killed.
"""

import hashlib
import hmac
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fromnoise.files import write_all

VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS requests (
    id TEXT PRIMARY KEY, at REAL, kind TEXT, model TEXT, verdict TEXT, category TEXT, rule TEXT, stage TEXT,
    prompt_hash TEXT, prompt_length INTEGER, style TEXT, seed INTEGER, count INTEGER, steps INTEGER,
    solver TEXT, waited REAL, seconds REAL
);
CREATE INDEX IF NOT EXISTS requests_at ON requests (at);
CREATE TABLE IF NOT EXISTS results (
    id TEXT PRIMARY KEY, request TEXT, at REAL, kind TEXT, model TEXT, format TEXT, width INTEGER,
    height INTEGER, seconds REAL
);
CREATE TABLE IF NOT EXISTS features (id INTEGER PRIMARY KEY, at REAL, what TEXT, label TEXT, vector BLOB);
CREATE INDEX IF NOT EXISTS features_what ON features (what, id);
CREATE TABLE IF NOT EXISTS alerts (id INTEGER PRIMARY KEY, at REAL, level TEXT, name TEXT, message TEXT);
"""
_MOST_RESULTS = 20_000
_MOST_FEATURES = 4_000


@dataclass(frozen=True)
class Row:
    """What is kept of a request."""

    id: str
    kind: str
    model: str
    verdict: str
    category: str
    rule: str
    stage: str
    prompt: str
    """Only its hash and its length are written."""
    style: str | None
    seed: int
    count: int
    steps: int | None
    solver: str | None
    waited: float
    seconds: float


class Record:
    """Write and read what happened. One connection, used by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "results"
        self.files.mkdir(parents=True, exist_ok=True)
        self.since = time.time()
        self._key = _key(folder / "hash.key")
        self._lock = threading.Lock()
        self._base = sqlite3.connect(folder / "record.sqlite", check_same_thread=False, timeout=10)
        self._base.row_factory = sqlite3.Row
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=NORMAL")
        self._base.executescript(_TABLES)
        self._base.execute(f"PRAGMA user_version={VERSION}")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._base.close()

    def hash_of(self, prompt: str) -> str:
        """Return a prompt's hash, which only this machine can make."""
        return hmac.new(self._key, prompt.encode(), hashlib.sha256).hexdigest()[:32]

    def add(self, row: Row) -> None:
        """Write a request's row."""
        told = {**vars(row), "at": time.time(), "prompt_hash": self.hash_of(row.prompt)}
        told |= {"prompt_length": len(row.prompt), "seed": _fitting(row.seed)}
        del told["prompt"]
        self._insert("requests", told, replace=True)

    def keep(
        self,
        request: str,
        kind: str,
        model: str,
        content: bytes,
        format: str,
        size: tuple[int, int],
        seconds: float,
    ) -> str:
        """Keep a finished result, file first, and return its id."""
        id = f"h-{time.time_ns() // 1_000_000:012x}{secrets.token_hex(5)}"
        write_all({self.path(id, format): content})
        told = {
            "id": id,
            "request": request,
            "at": time.time(),
            "kind": kind,
            "model": model,
            "format": format,
        }
        told |= {"width": size[0], "height": size[1], "seconds": seconds}
        self._insert("results", told)
        return id

    def path(self, id: str, format: str) -> Path:
        """Return where a result's file lies; `id` is one of ours."""
        return self.files / id[-2:] / f"{id}.{format}"

    def results(self, limit: int, before: str | None = None, kind: str | None = None) -> list[sqlite3.Row]:
        """Return results, newest first."""
        wanted = "(? IS NULL OR id < ?) AND (? IS NULL OR kind = ?) ORDER BY id DESC LIMIT ?"
        return self.read(f"SELECT * FROM results WHERE {wanted}", before, before, kind, kind, limit)

    def result(self, id: str) -> sqlite3.Row | None:
        """Return one result."""
        found = self.read("SELECT * FROM results WHERE id = ?", id)
        return found[0] if found else None

    def forget(self, ids: Sequence[str]) -> int:
        """Delete results, rows first, and return how many there were."""
        gone = [row for row in map(self.result, ids) if row is not None]
        self.write("DELETE FROM results WHERE id = ?", [(row["id"],) for row in gone])
        for row in gone:
            self.path(row["id"], row["format"]).unlink(missing_ok=True)
        return len(gone)

    def prune(self) -> None:
        """Delete the oldest results and features beyond what is kept."""
        old = self.read("SELECT id FROM results ORDER BY id DESC LIMIT -1 OFFSET ?", _MOST_RESULTS)
        self.forget([row["id"] for row in old])
        self.write(
            "DELETE FROM features WHERE id NOT IN (SELECT id FROM features ORDER BY id DESC LIMIT ?)"
            " AND id NOT IN (SELECT id FROM features ORDER BY id LIMIT ?)",
            [(_MOST_FEATURES, _MOST_FEATURES)],
        )

    def read(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Return the rows of a query."""
        with self._lock:
            return self._base.execute(query, values).fetchall()

    def write(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Carry a statement out for every row, all or none."""
        with self._lock, self._base:
            self._base.executemany(statement, rows)

    def _insert(self, table: str, told: dict[str, Any], replace: bool = False) -> None:
        names, places = ", ".join(told), ", ".join("?" * len(told))
        verb = "INSERT OR REPLACE" if replace else "INSERT"
        self.write(f"{verb} INTO {table} ({names}) VALUES ({places})", [tuple(told.values())])


def _key(path: Path) -> bytes:
    """Return the key of this machine's hashes, made when there is none; only its owner may read it."""
    if not path.is_file():
        write_all({path: secrets.token_bytes(32)})
        os.chmod(path, 0o600)
    return path.read_bytes()


def _fitting(seed: int) -> int:
    return (seed + 2**63) % 2**64 - 2**63
