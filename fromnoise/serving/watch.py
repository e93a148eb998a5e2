"""Watches what comes and what is made: features are kept, drift is looked for, alerts are raised.

Prompts and texts are described by which letters follow which, pictures by colours at 4 x 4; neither can be
turned back. Looking happens in a thread of its own, after every so many requests.
"""

import json
import logging
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from fromnoise.errors import RequestError
from fromnoise.requests import ImageResult, TextResult
from fromnoise.serving.drift import BASELINE, WINDOW, Drift, Vectors, length_group, of_features, of_groups
from fromnoise.serving.record import Record, Row

_LOG = logging.getLogger("fromnoise.serving")
EVERY = 50
"""Requests between two looks."""
REFUSED, FAILED = 0.2, 0.1
"""Shares of the latest requests above which an alert is raised."""
_FEATURES = 64
_QUIET = 600.0  # seconds between two alerts of one name
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Watch:
    """Look at every request that has ended."""

    def __init__(self, record: Record, webhook: str | None = None) -> None:
        """Watch for a record; `webhook`, an address on this machine, hears of alerts."""
        if webhook is not None and not _here(webhook):
            raise RequestError(f"a webhook must be http:// on this machine, not {webhook}")
        self._record, self._webhook = record, webhook
        self._drifts: list[Drift] = []
        self._raised: dict[str, float] = {}
        self._seen = 0
        self._due = threading.Event()
        self._over = False
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._over = True
        self._due.set()
        self._thread.join(5)

    def note(self, row: Row, result: ImageResult | TextResult | None) -> None:
        """Take a request into account."""
        rows = [(time.time(), f"{row.kind} prompts", row.style or "", described_text(row.prompt).tobytes())]
        if isinstance(result, ImageResult):
            rows += [(time.time(), "pictures", "", described_picture(one).tobytes()) for one in result.images]
        elif isinstance(result, TextResult):
            rows += [(time.time(), "texts", "", described_text(one).tobytes()) for one in result.texts]
        self._record.write("INSERT INTO features (at, what, label, vector) VALUES (?, ?, ?, ?)", rows)
        self._seen += 1
        if self._seen % EVERY == 0:
            self._due.set()

    def drifts(self) -> list[Drift]:
        """Return how far what comes has moved from what came, when it was last looked at."""
        return self._drifts or self.look()

    def look(self) -> list[Drift]:
        """Compare now, and raise alerts."""
        kinds = self._record.read("SELECT what, COUNT(*) AS count FROM features GROUP BY what ORDER BY what")
        found = [self._of_groups("prompts' lengths", lambda row: length_group(row["prompt_length"]))]
        found.append(self._of_groups("styles", lambda row: row["style"] or "none"))
        for kind in kinds:
            first, latest = (
                self._vectors(kind["what"], "ASC", BASELINE),
                self._vectors(kind["what"], "DESC", WINDOW),
            )
            found.append(of_features(kind["what"], first, latest, kind["count"]))
        self._drifts = found
        for drift in found:
            if drift.state == "drifted":
                said = f"{drift.what}: {drift.measure} {drift.value} is above {drift.limit}"
                self.alert(f"drift:{drift.what}", f"what comes has changed. {said}")
        self._check_shares()
        self._record.prune()
        return found

    def alert(self, name: str, message: str) -> None:
        """Tell the log, the record and the webhook, unless they were told lately."""
        if time.monotonic() - self._raised.get(name, -_QUIET) < _QUIET:
            return
        self._raised[name] = time.monotonic()
        _LOG.warning("%s: %s", name, message)
        told = (time.time(), "warning", name, message)
        self._record.write("INSERT INTO alerts (at, level, name, message) VALUES (?, ?, ?, ?)", [told])
        if self._webhook is not None:
            _send(self._webhook, {"name": name, "level": "warning", "message": message})

    def _look(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if self._over:
                return
            self.look()

    def _of_groups(self, what: str, group: Callable[..., str]) -> Drift:
        columns = "SELECT prompt_length, style FROM requests"
        first = self._record.read(f"{columns} ORDER BY at LIMIT ?", BASELINE)
        latest = self._record.read(f"{columns} ORDER BY at DESC LIMIT ?", WINDOW)
        count = self._record.read("SELECT COUNT(*) AS count FROM requests")[0]["count"]
        if count < BASELINE + WINDOW:
            return of_groups(what, [""] * count)
        return of_groups(what, [group(row) for row in [*first, *latest]])

    def _vectors(self, what: str, order: str, most: int) -> Vectors:
        rows = self._record.read(
            f"SELECT vector FROM features WHERE what = ? ORDER BY id {order} LIMIT ?", what, most
        )
        return np.array([np.frombuffer(row["vector"], np.float32) for row in rows]).reshape(len(rows), -1)

    def _check_shares(self) -> None:
        rows = self._record.read("SELECT verdict FROM requests ORDER BY at DESC LIMIT ?", EVERY)
        for verdict, most in (("refused", REFUSED), ("failed", FAILED)):
            share = sum(row["verdict"] == verdict for row in rows) / max(1, len(rows))
            if len(rows) >= EVERY and share > most:
                self.alert(f"share:{verdict}", f"{share:.0%} of the last {len(rows)} requests were {verdict}")


def described_text(text: str) -> Vectors:
    """Return which letters follow which, hashed into 64 numbers of length 1."""
    found = np.zeros(_FEATURES, np.float32)
    letters = f" {text.casefold()} "
    for place in range(len(letters) - 1):
        found[zlib.crc32(letters[place : place + 2].encode("utf-8", "replace")) % _FEATURES] += 1
    return found / max(1.0, float(np.linalg.norm(found)))


def described_picture(picture: Image.Image) -> Vectors:
    """Return a picture's colours at 4 x 4 and its light at 4 x 4, in [-1, 1]: 64 numbers."""
    small = np.asarray(picture.convert("RGB").resize((4, 4), Image.Resampling.BOX), np.float32) / 127.5 - 1
    return np.concatenate([small.reshape(-1), small.mean(-1).reshape(-1)])


def _here(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


def _send(address: str, told: dict[str, str]) -> None:
    content = json.dumps(told).encode()
    request = urllib.request.Request(address, content, {"content-type": "application/json"})
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    try:
        opener.open(request, timeout=3).close()
    except (OSError, urllib.error.URLError) as error:
        _LOG.warning("the webhook did not answer: %s", error)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Go nowhere else: a webhook stays on this machine."""

    def redirect_request(self, *_: object) -> None:
        """Return no request to follow."""
