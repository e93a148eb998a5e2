"""No name that a client can give leads to a file of ours, and none is written to."""

import json
import re
import socket
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image

SECRET = "not to be read"
NAMES = ("canary.txt", "report.html", "report.json", "index.html")
TRICKS = [
    "..",
    "../canary.txt",
    "../../canary.txt",
    "../../../../../../../../etc/passwd",
    "x/../../canary.txt",
    "./../canary.txt",
    "....//canary.txt",
    "..//..//canary.txt",
    "/etc/passwd",
    "//etc/passwd",
    "%2fetc%2fpasswd",
    "%2e%2e",
    "%2e%2e%2fcanary.txt",
    "..%2f..%2fcanary.txt",
    "%2e%2e/%2e%2e/canary.txt",
    "%252e%252e%252fcanary.txt",
    "%25252e%25252e%25252fcanary.txt",
    "..%5ccanary.txt",
    "..\\..\\canary.txt",
    "%5c%5clocalhost%5cshare%5ccanary.txt",
    "C:%5cWindows%5cwin.ini",
    "C:/Windows/win.ini",
    "file:///etc/passwd",
    "%00",
    "../canary.txt%00.png",
    "canary.txt%00",
    "%c0%ae%c0%ae%c0%afcanary.txt",
    "%e0%80%ae%e0%80%ae%e0%80%afcanary.txt",
    "%uff0e%uff0e/canary.txt",
    "%ef%bc%8e%ef%bc%8e%ef%bc%8fcanary.txt",
    "%e2%80%a5/canary.txt",
    "..;/canary.txt",
    "..%09/canary.txt",
    "..%0d%0a/canary.txt",
    "~/canary.txt",
    "%7eroot/canary.txt",
    "$HOME/canary.txt",
    "record.sqlite",
    "../record.sqlite",
    "hash.key",
    "CON",
    "h-0000000000000000000000/../../record.sqlite",
    "h-0000000000000000000000%2f..%2f..%2frecord.sqlite",
    "h-" + "f" * 4000,
    "a" * 300,
]
ADDRESSES = [
    ("GET", "/v1/models/{}"),
    ("GET", "/api/history/{}"),
    ("GET", "/api/history/{}/file"),
    ("DELETE", "/api/history/{}"),
    ("GET", "/api/reports/{}/html"),
    ("GET", "/api/reports/{}/json"),
    ("GET", "/{}"),
    ("GET", "/assets/{}"),
    ("PUT", "/assets/{}"),
]
BODIES = [
    ("/v1/images/generations", "model", {"prompt": "red circle"}),
    ("/v1/images/generations", "style", {"prompt": "red circle"}),
    ("/v1/images/generations", "solver", {"prompt": "red circle"}),
    ("/v1/images/generations", "grid", {"prompt": "red circle"}),
    ("/v1/embeddings", "model", {"input": "red circle"}),
    ("/v1/completions", "model", {"prompt": "the cat"}),
    ("/v1/completions", "style", {"prompt": "the cat"}),
    ("/api/images/stream", "weaker", {"prompt": "red circle"}),
    ("/api/images/stream", "init", {"prompt": "red circle"}),
    ("/api/text/stream", "solver", {"prompt": "the cat"}),
]


@pytest.fixture(scope="module", autouse=True)
def nothing_is_written(server: SimpleNamespace) -> Iterator[None]:
    """Lay out files that nobody may read, and look for files that nobody may write."""
    for folder in (server.folder, server.folder.parent, server.folder / "results"):
        for name in NAMES:
            (folder / name).write_text(SECRET)
    before = files_of(server.folder.parent)
    yield
    assert files_of(server.folder.parent) == before
    for folder in (server.folder, server.folder.parent, server.folder / "results"):
        for name in NAMES:
            (folder / name).unlink()


def files_of(folder: Path) -> dict[Path, bytes | None]:
    """Return all files, with the content of the small ones, apart from the record and finished results."""
    ours = re.compile(r"signing-key|record\.sqlite.*|h-[0-9a-f]{22}\.(png|json)")
    files = (path for path in folder.rglob("*") if path.is_file() and not ours.fullmatch(path.name))
    return {path: path.read_bytes() if path.stat().st_size < 10_000 else None for path in files}


def ask(server: SimpleNamespace, method: str, target: str) -> tuple[int, bytes]:
    """Send an address exactly as it is written, which no client would."""
    port = int(server.address.rpartition(":")[2])
    asked = f"{method} {target} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(asked.encode("latin-1"))
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]


def test_there_are_more_than_two_hundred_ways() -> None:
    assert len(set(TRICKS)) * (len(ADDRESSES) + len(BODIES) + 1) > 200


@pytest.mark.parametrize(("method", "place"), ADDRESSES)
@pytest.mark.parametrize("trick", TRICKS)
def test_no_address_leads_out(server: SimpleNamespace, method: str, place: str, trick: str) -> None:
    status, body = ask(server, method, place.format(trick))
    assert 400 <= status < 500, (status, body[:200])
    assert SECRET.encode() not in body and b"root:" not in body and b"SQLite" not in body


@pytest.mark.parametrize(("address", "name", "body"), BODIES)
def test_no_name_in_a_body_leads_out(http: Any, address: str, name: str, body: dict[str, str]) -> None:
    for trick in TRICKS:
        answer = http.post(address, json={**body, name: unquote(trick)})
        assert 400 <= answer.status_code < 500, (trick, answer.text[:200])
        assert SECRET not in answer.text and "root:" not in answer.text


def test_no_alias_or_model_is_a_path(http: Any, shelf_of_tiny_models: Any) -> None:
    for offer in shelf_of_tiny_models.offers.values():
        answer = http.post("/v1/images/generations", json={"prompt": "red circle", "model": offer.source})
        assert answer.status_code == 404


@pytest.mark.parametrize("trick", [trick for trick in TRICKS if trick not in ("CON", "%00")])
def test_a_name_of_an_upload_is_no_path(server: SimpleNamespace, http: Any, trick: str) -> None:
    buffer = BytesIO()
    Image.new("RGB", (16, 16), "red").save(buffer, "PNG")
    for name in (trick, json.dumps(unquote(trick))[1:-1]):
        disposition = f'form-data; name="image"; filename="{name}"'
        parts = [(disposition, buffer.getvalue()), ('form-data; name="prompt"', b"red circle")]
        body = b"".join(
            b"--cut\r\ncontent-disposition: %s\r\n\r\n%s\r\n" % (head.encode(), content)
            for head, content in parts
        )
        headers = {"content-type": "multipart/form-data; boundary=cut"}
        answer = http.post("/v1/images/edits", content=body + b"--cut--\r\n", headers=headers)
        known = (400,) if any(sign in unquote(name) for sign in ("..", "/", "\0")) else (200, 400)
        assert answer.status_code in known, answer.text[:200]
