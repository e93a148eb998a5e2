"""Who takes too long is let go, and keeps nobody else waiting."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from fromnoise.serving.limits import Limits

httpx = pytest.importorskip("httpx2")
SECONDS = 0.6
HEAD = b"POST /v1/moderations HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"


@pytest.fixture(scope="module")
def hasty(
    running_server: Any, shelf_of_tiny_models: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SimpleNamespace]:
    """A server that gives nobody more than 0.6 s."""
    limits = Limits(header_seconds=SECONDS, upload_seconds=SECONDS)
    with running_server(shelf_of_tiny_models, tmp_path_factory.mktemp("hasty"), limits=limits) as started:
        yield started


def connect(server: SimpleNamespace) -> socket.socket:
    port = int(server.address.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def dribble(server: SimpleNamespace, first: bytes, piece: bytes) -> tuple[bytes, float]:
    """Send a piece every now and then; return what was answered, and after how many seconds it ended."""
    begun = time.monotonic()
    with connect(server) as client:
        client.sendall(first)
        client.settimeout(0.05)
        answer = b""
        while time.monotonic() - begun < 20:
            try:
                part = client.recv(4096)
                if not part:
                    break
                answer += part
            except TimeoutError:
                with contextlib.suppress(OSError):
                    client.sendall(piece)
            except ConnectionError:
                break
    return answer, time.monotonic() - begun


def test_who_sends_headers_byte_by_byte_is_told_and_dropped(hasty: SimpleNamespace) -> None:
    answer, seconds = dribble(hasty, b"GET /health HTTP/1.1\r\nx: ", b"a")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ") and json.loads(body)["error"]["type"] == "timeout_error"
    assert SECONDS <= seconds < SECONDS + 5


@pytest.mark.parametrize(("first", "piece"), [(b"", b""), (b"\r\n", b"\r\n"), (b"G", b"E")])
def test_who_never_gets_to_the_point_is_dropped(hasty: SimpleNamespace, first: bytes, piece: bytes) -> None:
    assert dribble(hasty, first, piece)[1] < SECONDS + 5


@pytest.mark.parametrize("length", [b"content-length: 1000", b"transfer-encoding: chunked"])
def test_who_sends_a_body_byte_by_byte_is_dropped(hasty: SimpleNamespace, length: bytes) -> None:
    piece = b" " if b"length" in length else b"1\r\n \r\n"
    answer, seconds = dribble(hasty, HEAD + length + b"\r\n\r\n", piece)
    assert answer.startswith(b"HTTP/1.1 408 ") and seconds < SECONDS + 5


def test_who_was_refused_and_goes_on_sending_is_dropped(hasty: SimpleNamespace) -> None:
    refused = HEAD.replace(b"127.0.0.1", b"evil.example") + b"content-length: 1000\r\n\r\n"
    answer, seconds = dribble(hasty, refused, b" ")
    assert answer.startswith(b"HTTP/1.1 403 ") and seconds < SECONDS + 5


def test_a_second_request_has_its_time_too(hasty: SimpleNamespace) -> None:
    whole = b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
    answer, seconds = dribble(hasty, whole + b"GET /hea", b"l")
    assert answer.count(b"HTTP/1.1 200 ") == 1 and seconds < SECONDS + 5


def test_who_reads_no_answer_is_dropped(hasty: SimpleNamespace) -> None:
    asked = b"GET /openapi.json HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
    with connect(hasty) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        begun = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - begun < 20:
                client.sendall(asked * 100)
                time.sleep(0.02)


def test_a_body_of_tiny_chunks_is_refused_before_it_is_read(server: SimpleNamespace) -> None:
    begun = time.process_time()
    with connect(server) as client:
        client.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            client.sendall(b"1\r\n \r\n" * 500_000)
        with contextlib.suppress(ConnectionError):  # the answer may be lost where so much was left unread
            assert client.recv(100).startswith(b"HTTP/1.1 400 ")
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "nonsense", [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"a" * 50_000]
)
def test_what_is_no_http_is_refused_in_the_usual_form(server: SimpleNamespace, nonsense: bytes) -> None:
    with connect(server) as client:
        client.sendall(nonsense)
        head, _, body = client.recv(4096).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ") and json.loads(body)["error"]["type"] == "invalid_request_error"


def deep(levels: int) -> dict[str, Any]:
    """Return a JSON schema of objects in objects."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        deep(150),
        deep(300),
        {"$ref": "#"},
        {"$ref": "http://127.0.0.1:1/a"},
        {"type": "string", "pattern": "("},
        {"type": "string", "pattern": "(a+)+$"},
        {"type": "string", "pattern": "a{1000000}"},
        {"type": "string", "minLength": 10**9},
        {"type": "array", "minItems": 10**7, "items": {"type": "null"}},
        {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"allOf": [{"type": "string"}, {"type": "number"}]},
        {"type": []},
    ],
)
def test_no_schema_makes_the_server_fail(http: Any, schema: dict[str, Any]) -> None:
    pytest.importorskip("llguidance")
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    said = [{"role": "user", "content": "the cat"}]
    body = {"model": "tiny-words", "messages": said, "max_tokens": 4, "response_format": form}
    assert http.post("/v1/chat/completions", json=body).status_code in (200, 400)


def test_others_are_served_meanwhile(hasty: SimpleNamespace) -> None:
    slow = [connect(hasty) for _ in range(100)]
    for client in slow:
        client.sendall(b"GET /v1/models HTTP/1.1\r\nhost: 127.0")
    with httpx.Client(base_url=hasty.address, timeout=20) as http:
        for _ in range(5):
            assert http.get("/health").status_code == 200
        until = time.monotonic() + SECONDS + 5
        for client in slow:
            client.settimeout(max(0.1, until - time.monotonic()))
            assert client.recv(100).startswith(b"HTTP/1.1 408 ")
            client.close()
        assert http.post("/v1/moderations", json={"input": "a"}).status_code == 200
