"""Pictures that are named by a URL: fetched only by a server that was told to, and never from inside.

A name is resolved once, every address it has must be public, and the connection goes to the very address that
was looked at: no name can change its mind in between (DNS rebinding). A redirect is looked at like the first
URL. Proxies of the environment are not used, for they would resolve the name again.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urljoin

import h11

from fromnoise import __version__
from fromnoise.serving.addresses import Refused, Target, is_ours, is_public, read_url
from fromnoise.serving.limits import Limits
from fromnoise.serving.problems import Problem

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""From a name and a port to its addresses."""
Connect = Callable[[str, int, str | None], Awaitable[Streams]]
"""From an address, a port and the name to be proved by TLS (None: no TLS) to a connection."""
TYPES = ("image/png", "image/jpeg", "image/webp")
REDIRECTS = 3
_MOVED = (301, 302, 303, 307, 308)
_AT_ONCE = 4
_PIECE = 1 << 16


async def _resolve(name: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


async def _connect(address: str, port: int, proved: str | None) -> Streams:
    context = _trusting() if proved is not None else None
    return await asyncio.open_connection(
        address, port, ssl=context, server_hostname=proved, flags=socket.AI_NUMERICHOST
    )


@lru_cache(maxsize=1)
def _trusting() -> ssl.SSLContext:
    return ssl.create_default_context()


@dataclass(frozen=True)
class Fetcher:
    """Fetch pictures, a few at once."""

    limits: Limits
    resolve: Resolve = _resolve
    connect: Connect = _connect
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def fetch(self, url: str, param: str) -> bytes:
        """Return the picture file at a URL, its header not looked at yet; raise Problem."""
        try:
            async with asyncio.timeout(self.limits.fetch_seconds), self.places:
                return await self._follow(url)
        except Refused as error:
            raise Problem(400, f"{param} is not fetched: {error}", "url_refused", param) from None
        except TimeoutError:
            why = f"not there within {self.limits.fetch_seconds:g} s"
        except (OSError, h11.RemoteProtocolError):  # said in few words: nobody is to map networks by it
            why = "no connection, or no answer in HTTP"
        raise Problem(400, f"{param} can't be fetched: {why}", "url_failed", param)

    async def _follow(self, url: str) -> bytes:
        for _ in range(REDIRECTS + 1):
            target = read_url(url)
            found = await self._ask(target, await self._address(target))
            if isinstance(found, bytes):
                return found
            url = _joined(url, found)
        raise Refused(f"it redirects more than {REDIRECTS} times")

    async def _address(self, target: Target) -> str:
        """Return the address to connect to; all that a name has must be public."""
        found = [target.host] if target.literal else await self.resolve(target.host, target.port)
        if not found or not all(map(is_public, found)) or any(map(is_ours, found)):
            raise Refused("it leads to an address that is not public")
        return found[0]

    async def _ask(self, target: Target, address: str) -> bytes | str:
        """Ask one server; return the file, or where it is said to be."""
        proved = target.host if target.scheme == "https" else None
        reader, writer = await self.connect(address, target.port, proved)
        try:
            writer.write(_request(target))
            await writer.drain()
            return await _Answer(reader, self.limits).read()
        finally:
            writer.close()


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise Refused("it redirects to what is no URL") from None


def _request(target: Target) -> bytes:
    headers = {"host": target.authority, "user-agent": f"fromnoise/{__version__}", "accept": ", ".join(TYPES)}
    headers |= {"accept-encoding": "identity", "connection": "close"}
    lines = [f"GET {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


class _Answer:
    """One answer in HTTP/1.1, of which no more is read than a picture may have."""

    def __init__(self, reader: asyncio.StreamReader, limits: Limits) -> None:
        self._reader, self._most, self._came = reader, limits.upload_bytes, 0
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.header_bytes)
        asked = h11.Request(
            method="GET", target="/", headers=[("host", "any")]
        )  # sent already, by `_request`
        self._parser.send(asked)
        self._parser.send(h11.EndOfMessage())

    async def read(self) -> bytes | str:
        """Return the body, or the Location of a redirect."""
        head = await self._next()
        while isinstance(head, h11.InformationalResponse):
            head = await self._next()
        if not isinstance(head, h11.Response):
            raise Refused("the answer is none")
        told = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}
        if head.status_code in _MOVED and "location" in told:
            return told["location"]
        _check(head.status_code, told)
        if int(told.get("content-length", 0)) > self._most:
            raise self._too_large()
        parts = []
        while isinstance(part := await self._next(), h11.Data):
            parts.append(bytes(part.data))
        if not isinstance(part, h11.EndOfMessage):
            raise Refused("the answer broke off")
        return b"".join(parts)

    async def _next(self) -> object:
        while (event := self._parser.next_event()) is h11.NEED_DATA:
            data = await self._reader.read(_PIECE)
            self._came += len(data)
            if self._came > self._most + _PIECE:  # framing and headers may take a little
                raise self._too_large()
            self._parser.receive_data(data)
        return event

    def _too_large(self) -> Refused:
        return Refused(f"a picture may have {self._most} bytes")


def _check(status: int, told: dict[str, str]) -> None:
    """Raise Refused unless an answer promises a picture as it is."""
    if status != 200:
        raise Refused(f"its server answers with status {status}")
    kind = told.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TYPES:
        raise Refused(f"its content type is {kind[:40] or 'not told'!r}, none of {', '.join(TYPES)}")
    if told.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Refused("it is compressed; send it as it is")
