"""What must not get in: too much, from elsewhere, or what isn't what it says."""

import random
import struct
import time
import zlib
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from fromnoise.serving.limits import Limits
from fromnoise.serving.problems import Problem
from fromnoise.serving.uploads import check_header, dimensions, opened

ELSEWHERE = [
    "http://127.0.0.1:1/a.png",
    "http://169.254.169.254/latest/meta-data",
    "http://[::ffff:127.0.0.1]/",
    "http://0x7f000001/",
    "http://2130706433/",
    "https://example.com\\@127.0.0.1/",
    "file:///etc/passwd",
    "ftp://localhost/",
    "gopher://127.0.0.1:6379/_x",
    "data:text/html;base64,PGI+",
    "HTTP://LOCALHOST/",
    "//localhost/a.png",
]
CLIMBING = [
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "..\\..\\..\\etc\\passwd",
    "%252e%252e%252fetc%252fpasswd",
    "....//....//etc/passwd",
    "/etc/passwd",
    "h-0000000000000000000000/../../record.sqlite",
    "record.sqlite",
    "hash.key%00.png",
    "h-" + "f" * 4000,
]


FLAT = zlib.compress(bytes(1 << 20), 9)


def png(width: int, height: int, data: bytes = b"") -> bytes:
    """Return a PNG that says it has some size and holds whatever."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def bomb(dice: random.Random) -> bytes:
    """Return a small file of a huge picture."""
    side = dice.randrange(2100, 2**16 - 1)
    flat = FLAT * dice.randrange(1, 4)
    head = struct.pack("<I", (side - 1) & 0xFFFFFF)[:3]
    return dice.choice(
        [
            png(side, side, flat),
            png(2**31 - 1, 2**31 - 1, flat),
            b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", side, side) + bytes(100),
            b"RIFF\x00\x01\x00\x00WEBPVP8X\x0a\x00\x00\x00\x10\x00\x00\x00" + head + head + bytes(100),
        ]
    )


def test_a_thousand_bombs_are_refused_by_their_headers() -> None:
    dice, limits = random.Random(0), Limits()
    for _ in range(1000):
        content = bomb(dice)
        begun = time.thread_time()  # not the clock: machines that run tests are busy
        with pytest.raises(Problem):
            check_header(content, limits, "image")
        assert time.thread_time() - begun < 0.05


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_dimensions_are_read_as_they_are(format: str) -> None:
    for size, lossless in (((31, 17), False), ((640, 480), True)):
        buffer = BytesIO()
        Image.new("RGB", size, "red").save(
            buffer, format, **({"lossless": lossless} if format == "WEBP" else {})
        )
        assert dimensions(buffer.getvalue()) == size


def test_broken_and_foreign_files_are_refused_and_never_crash() -> None:
    buffer = BytesIO()
    Image.new("RGB", (32, 32), "red").save(buffer, "PNG")
    good, dice = buffer.getvalue(), random.Random(1)
    for turn in range(300):
        content = bytearray(good)
        for _ in range(dice.randrange(1, 20)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        try:
            opened(
                bytes(content[: dice.randrange(len(content) + 1)] if turn % 2 else content), Limits(), "image"
            )
        except Problem as problem:
            assert problem.status == 400
    for content in (b"", b"GIF89a" + bytes(50), b"%PDF-1.7", b"\xff\xd8", b"RIFF", good[:20]):
        with pytest.raises(Problem):
            check_header(content, Limits(), "image")


def test_a_film_is_no_picture() -> None:
    buffer = BytesIO()
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:])
    with pytest.raises(Problem, match="film"):
        opened(buffer.getvalue(), Limits(), "image")


@pytest.mark.parametrize("address", ELSEWHERE)
def test_no_address_is_fetched(http: Any, address: str) -> None:
    told = http.post("/api/images/stream", json={"prompt": "red circle", "init": address})
    assert told.status_code == 400 and "error" in told.json()


@pytest.mark.parametrize("path", CLIMBING)
@pytest.mark.parametrize(
    "place", ["/api/history/{}", "/api/history/{}/file", "/api/reports/{}/html", "/{}", "/assets/{}"]
)
def test_no_path_leads_out(http: Any, server: SimpleNamespace, place: str, path: str) -> None:
    told = http.get(place.format(path))
    assert told.status_code in (400, 404), told.text[:200]
    assert b"root:" not in told.content and b"SQLite" not in told.content


@pytest.mark.parametrize(
    "body",
    [
        '{"prompt": "a", "guidance_scale": NaN}',
        '{"prompt": "a", "guidance_scale": Infinity}',
        '{"prompt": "a", "guidance_scale": 1e999}',
        '{"prompt": "a", "seed": 9223372036854775808}',
        '{"prompt": "a", "seed": -9223372036854775809}',
        '{"prompt": "a", "seed": 1.5}',
        '{"prompt": "a", "n": -1}',
        '{"prompt": "a", "n": 0}',
        '{"prompt": "a", "steps": 1000000}',
        '{"prompt": "a", "size": "-1x-1"}',
        '{"prompt": "a", "size": "99999999999999999999x1"}',
        '{"prompt": "a", "size": "१६x१६"}',
        '{"prompt": ["a"]}',
        '{"prompt": null}',
        '{"prompt": ""}',
        '{"prompt": "\\ud800"}',
        "{}",
        "[]",
        "null",
        "nonsense",
        "",
        '{"seed": ' + "9" * 5000 + ', "prompt": "a"}',
        "[" * 100_000,
    ],
)
def test_numbers_and_bodies_that_are_none_are_refused_in_one_form(http: Any, body: str) -> None:
    told = http.post("/v1/images/generations", content=body, headers={"content-type": "application/json"})
    assert told.status_code == 400
    assert set(told.json()["error"]) == {"message", "type", "param", "code"}


def test_a_huge_prompt_is_refused_unread(http: Any) -> None:
    begun = time.perf_counter()
    told = http.post("/v1/images/generations", json={"prompt": "a" * 10_000_000})
    assert told.status_code == 413 and time.perf_counter() - begun < 5

    def unsized() -> Any:
        for _ in range(100):
            yield b"a" * 100_000

    assert http.post("/v1/images/generations", content=unsized()).status_code == 413


def test_large_headers_are_refused(http: Any) -> None:
    assert http.get("/v1/models", headers={"x-large": "a" * 40_000}).status_code in (400, 431)


def test_other_names_and_pages_are_refused(http: Any) -> None:
    assert http.get("/v1/models", headers={"host": "evil.example"}).status_code == 403
    assert http.get("/v1/models", headers={"host": "127.0.0.1.evil.example:80"}).status_code == 403
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"):
        assert http.get("/v1/models", headers={"origin": origin}).status_code == 403
    host = str(http.base_url).removeprefix("http://").rstrip("/")
    assert http.get("/v1/models", headers={"origin": f"http://{host}"}).status_code == 200
    cross = {"sec-fetch-site": "cross-site"}
    assert http.post("/v1/moderations", json={"input": "a"}, headers=cross).status_code == 403


def test_answers_have_a_number_and_say_how_they_may_be_used(http: Any) -> None:
    told = http.get("/v1/models")
    assert told.headers["x-request-id"].startswith("req-")
    assert "default-src 'self'" in told.headers["content-security-policy"]
    assert "access-control-allow-origin" not in told.headers


def test_keys_are_asked_for_where_there_are_some(run_server: Any) -> None:
    httpx = pytest.importorskip("httpx2")
    key = "a-key-of-this-test"
    keys = ("another-key-of-it", key)
    wrong = ({}, {"authorization": f"Bearer {key}x"}, {"authorization": key}, {"authorization": "Bearer"})
    with (
        run_server(keys=keys) as started,
        httpx.Client(base_url=started.address) as http,
    ):
        assert http.get("/health").status_code == 200
        assert http.get("/").status_code == 200
        assert http.get("/studio.js").status_code in (200, 404)
        for headers in wrong:
            for path in ("/v1/models", "/api/history", "/metrics", "/docs"):
                told = http.get(path, headers=headers)
                assert told.status_code == 401 and told.json()["error"]["code"] == "invalid_api_key"
        assert http.get("/v1/models", headers={"authorization": f"Bearer {key}"}).status_code == 200
