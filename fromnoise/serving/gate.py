"""What every request passes first: who asks, from where, how much, and whether there is room.

Host and Origin are checked, so that no page of another site can reach a server on this machine, not even by a
name that was made to point here (DNS rebinding).
"""

import hmac
import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fromnoise.serving.limits import Limits
from fromnoise.serving.problems import Problem

LOOPBACK = ("127.0.0.1", "localhost", "::1")
CLOSED = ("/v1", "/api", "/metrics", "/docs", "/openapi.json")
"""Paths that take a key, if there are keys; the page's own files and /health don't."""
UPLOADS = ("/v1/images/edits", "/api/images/stream")
WORK = ("/v1/images", "/v1/chat", "/v1/completions", "/v1/embeddings", "/api/images", "/api/text")
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; frame-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
DOCS_POLICY = "default-src 'none'; frame-ancestors 'none'"


class Gate:
    """Refuse at the door; give every request a number and every answer its headers."""

    def __init__(
        self,
        app: ASGIApp,
        hosts: tuple[str, ...],
        keys: tuple[str, ...],
        limits: Limits,
        full: Callable[[], Problem | None],
    ) -> None:
        self.app, self.hosts, self.keys, self.limits, self.full = app, hosts, keys, limits, full

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = f"req-{secrets.token_hex(8)}"
        scope.setdefault("state", {})["number"] = number

        async def numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_always(number, scope["path"])]
            await send(message)

        if (problem := self._refusal(scope)) is not None:
            await problem.response()(scope, receive, numbered)
            return
        await self.app(scope, _Counted(receive, self._most(scope["path"])), numbered)

    def _most(self, path: str) -> int:
        return self.limits.upload_bytes if path in UPLOADS else self.limits.body_bytes

    def _refusal(self, scope: Scope) -> Problem | None:
        headers = scope["headers"]
        if sum(len(name) + len(value) for name, value in headers) > self.limits.header_bytes:
            return Problem(431, f"headers may have {self.limits.header_bytes} bytes in all", "too_large")
        told = {name: value.decode("latin-1") for name, value in headers}
        path, method = scope["path"], scope["method"]
        if _name_of(told.get(b"host", "")) not in self.hosts:
            return Problem(403, "this server doesn't answer to that name; see --allow-host", "host_refused")
        if (origin := told.get(b"origin")) is not None and not self._ours(origin, told.get(b"host", "")):
            return Problem(403, "pages of other sites may not use this server", "origin_refused")
        if told.get(b"sec-fetch-site") == "cross-site" and method != "GET":
            return Problem(403, "pages of other sites may not use this server", "origin_refused")
        if not self._known(path, told.get(b"authorization", "")):
            return Problem(401, "no valid key: send Authorization: Bearer KEY", "invalid_api_key")
        if (length := told.get(b"content-length", "0")) and not (length.isascii() and length.isdigit()):
            return Problem(400, "content-length is no number", "invalid_value")
        if len(length) > 12 or int(length) > self._most(path):
            return Problem(413, f"a body may have {self._most(path)} bytes here", "too_large")
        return self.full() if method == "POST" and path.startswith(WORK) else None

    def _ours(self, origin: str, host: str) -> bool:
        return origin != "null" and urlsplit(origin).netloc.lower() == host.lower()

    def _known(self, path: str, told: str) -> bool:
        if not self.keys or not path.startswith(CLOSED):
            return True
        kind, _, key = told.partition(" ")
        given = key.strip().encode()
        matches = [hmac.compare_digest(given, known.encode()) for known in self.keys]  # all of them, always
        return kind.lower() == "bearer" and any(matches)


class _Counted:
    """Receive a body, and stop when it is larger than it may be: not every body says its length."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._most, self._bytes = receive, most, 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._most:
            raise HTTPException(413, f"a body may have {self._most} bytes here")
        return message


def _name_of(host: str) -> str:
    """Return a Host header without its port, in small letters; empty when it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _always(number: str, path: str) -> list[tuple[bytes, bytes]]:
    """Return the headers of every answer."""
    headers = {
        "x-request-id": number,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
    }
    if not path.startswith(("/docs", "/api/reports")):
        headers["content-security-policy"] = PAGE_POLICY
    return [(name.encode(), value.encode()) for name, value in headers.items()]
