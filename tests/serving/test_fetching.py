"""Nothing inside is ever fetched, however it is disguised, and nothing is connected to before."""

import asyncio
import base64
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from PIL import Image

from fromnoise.serving import fetching
from fromnoise.serving.addresses import Refused, is_public, read_url
from fromnoise.serving.fetching import Fetcher
from fromnoise.serving.limits import Limits
from fromnoise.serving.problems import Problem

PUBLIC = "93.184.215.14"
INSIDE = {
    "loopback.test": ["127.0.0.1"],
    "loopback6.test": ["::1"],
    "private.test": ["192.168.1.1"],
    "metadata.test": ["169.254.169.254"],
    "mapped.test": ["::ffff:10.0.0.1"],
    "one-of-two.test": [PUBLIC, "10.0.0.1"],
    "zone.test": ["fe80::1%eth0"],
    "nothing.test": [],
}
ADDRESSES = [
    # this machine, in every spelling of an IPv4 address
    "http://127.0.0.1/a.png",
    "http://127.0.0.1:80/a.png",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0177.0.0.1/",
    "http://0177.0.0.0x1/",
    "http://127.0.0.01/",
    "http://127.0.0.1./",
    "http://00000127.0.0.1/",
    "http://127.255.255.254/",
    "http://0.0.0.0/",
    "http://0/",
    "http://0x0/",
    "http://%31%32%37.0.0.1/",
    "http://127。0。0。1/",
    "http://127\uff0e0\uff0e0\uff0e1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://१२७.0.0.1/",
    # this machine by name
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://ⓛocalhost/",
    "http://loopback.test/",
    "http://loopback6.test/",
    # networks that are private, shared, reserved or nobody's
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://100.100.100.200/latest/meta-data",
    "http://169.254.169.254/latest/meta-data",
    "http://2852039166/latest/meta-data",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://private.test/",
    "http://metadata.test/",
    "http://one-of-two.test/",
    "http://nothing.test/",
    # IPv6, and IPv4 within it
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[2001:db8::1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[::1",
    "http://::1/",
    "http://mapped.test/",
    "http://zone.test/",
    # two hosts in one address
    "http://example.test@127.0.0.1/",
    "http://127.0.0.1@example.test/",
    "http://user:word@example.test/",
    "https://example.test\\@127.0.0.1/",
    "http://example.test\\.127.0.0.1/",
    "http://127.0.0.1#@example.test/",
    "http://example.test%2f@127.0.0.1/",
    "http://example.test%00.127.0.0.1/",
    "http://example.test:80@127.0.0.1/",
    "http:///127.0.0.1/",
    "http:/127.0.0.1/",
    "http:127.0.0.1/",
    "http:\\\\127.0.0.1\\",
    "http://exa\tmple.test/",
    "http://example.test/\r\nHost: 127.0.0.1",
    " http://example.test/",
    "http://example.test/ HTTP/1.1",
    # other ports and other ways
    "http://example.test:22/",
    "http://example.test:6379/",
    "http://example.test:0/",
    "http://example.test:99999/",
    "http://example.test:-80/",
    "https://example.test:8443/",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "ftp://example.test/a.png",
    "gopher://127.0.0.1:6379/_x",
    "dict://127.0.0.1:11211/",
    "jar:http://127.0.0.1!/",
    "unix:///var/run/docker.sock",
    "//127.0.0.1/a.png",
    "/etc/passwd",
    "javascript:alert(1)",
    "",
]


def picture(side: int = 20) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (side, side), "red").save(buffer, "PNG")
    return buffer.getvalue()


def answer(body: bytes = b"", status: str = "200 OK", size: int | None = None, **headers: str) -> bytes:
    told = {"content-type": "image/png", **{name.replace("_", "-"): value for name, value in headers.items()}}
    told.setdefault("content-length", str(len(body) if size is None else size))
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in told.items()), "", ""]
    return "\r\n".join(lines).encode() + body


class Net:
    """An internet of a few names, whose servers say what is written for their paths."""

    def __init__(self, **pages: bytes) -> None:
        self.pages = {f"/{name}": page for name, page in pages.items()}
        self.names: list[str] = []
        self.connected: list[tuple[str, int, str | None]] = []
        self.asked: list[bytes] = []

    async def resolve(self, name: str, port: int) -> list[str]:
        self.names.append(name)
        return INSIDE.get(name, [PUBLIC])

    async def connect(self, address: str, port: int, proved: str | None) -> Any:
        self.connected.append((address, port, proved))
        reader = asyncio.StreamReader()
        return reader, Writer(self, reader)

    def fetch(self, url: str, **limits: float) -> bytes:
        async def run() -> bytes:
            return await Fetcher(Limits(**limits), self.resolve, self.connect).fetch(url, "image")  # type: ignore[arg-type]

        return asyncio.run(run())


class Writer:
    """What is written to a connection of the net, and answered."""

    def __init__(self, net: Net, reader: asyncio.StreamReader) -> None:
        self.net, self.reader = net, reader

    def write(self, data: bytes) -> None:
        self.net.asked.append(data)
        self.reader.feed_data(self.net.pages.get(data.split()[1].decode(), answer(status="404 Not Found")))

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.mark.parametrize("url", ADDRESSES)
def test_what_is_inside_is_refused_before_anything_is_connected_to(url: str) -> None:
    net = Net()
    with pytest.raises(Problem) as caught:
        net.fetch(url)
    assert caught.value.status == 400 and caught.value.code == "url_refused"
    assert net.connected == []


@pytest.mark.parametrize("url", ADDRESSES)
def test_no_redirect_leads_inside(url: str) -> None:
    net = Net(start=answer(status="302 Found", location=url.encode().decode("latin-1").replace("\r\n", "")))
    with pytest.raises(Problem):
        net.fetch("http://example.test/start")
    assert {address for address, *_ in net.connected} == {PUBLIC}


def test_there_are_more_than_sixty_disguises() -> None:
    assert len(set(ADDRESSES)) > 60


def test_a_picture_of_the_open_internet_is_fetched_from_the_address_that_was_looked_at() -> None:
    net = Net(a=answer(picture()))
    assert net.fetch("https://example.test/a") == picture()
    assert net.names == ["example.test"]  # asked once: it can't change its mind
    assert net.connected == [(PUBLIC, 443, "example.test")]
    assert net.asked[0].startswith(b"GET /a HTTP/1.1\r\nhost: example.test\r\n")
    assert b"cookie" not in net.asked[0].lower() and b"authorization" not in net.asked[0].lower()


def test_three_redirects_are_followed_and_a_fourth_is_not() -> None:
    hops = {f"hop{at}": answer(status="307 Temporary", location=f"/hop{at + 1}") for at in range(4)}
    net = Net(**hops | {"hop3": answer(picture())})
    assert net.fetch("http://example.test/hop0") == picture()
    with pytest.raises(Problem, match="redirects more than 3 times"):
        Net(**hops).fetch("http://example.test/hop0")


def chunked(pieces: Iterator[bytes]) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (answer(picture(), content_type="text/html"), "content type"),
        (answer(picture(), content_type="image/svg+xml"), "content type"),
        (answer(picture(), content_encoding="gzip"), "compressed"),
        (answer(status="404 Not Found"), "status 404"),
        (answer(status="206 Partial"), "status 206"),
        (answer(b"x", size=10**9), "bytes"),
        (chunked(bytes(1000) for _ in range(300)), "bytes"),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "no answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"a" * 100_000, "no answer in HTTP"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000, "bytes"),
    ],
)
def test_an_answer_that_is_no_picture_is_refused(page: bytes, said: str) -> None:
    with pytest.raises(Problem, match=said):
        Net(a=page).fetch("http://example.test/a", upload_bytes=100_000)


def test_a_server_that_dribbles_is_not_waited_for() -> None:
    with pytest.raises(Problem, match="not there within 0.05 s"):
        Net(a=answer(b"", size=100)).fetch("http://example.test/a", fetch_seconds=0.05)


def fetch_from(context: ssl.SSLContext | None) -> bytes:
    """Fetch a picture over a real connection, from a server on this machine that passes for another."""

    async def run() -> bytes:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer(picture()))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]

        async def connect(address: str, wanted: int, proved: str | None) -> Any:
            return await fetching._connect("127.0.0.1", port, proved)

        async with server:
            scheme = "http" if context is None else "https"
            found = await Fetcher(Limits(), Net().resolve, connect).fetch(
                f"{scheme}://example.test/a", "image"
            )
        return found

    return asyncio.run(run())


def test_pictures_come_over_real_connections() -> None:
    assert fetch_from(None) == picture()


def test_a_server_that_can_not_prove_its_name_is_not_believed(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example.test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    plain = serialization.NoEncryption()
    pem = builder.sign(key, None).public_bytes(serialization.Encoding.PEM)
    pem += key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (tmp_path / "own.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem")
    with pytest.raises(Problem, match="no connection"):
        fetch_from(context)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_paths_are_kept_and_fragments_are_not_sent() -> None:
    assert read_url("http://Example.test?a=b#c").path == "/?a=b"
    assert read_url("https://example.test:443/a%20b?c=%2f").path == "/a%20b?c=%2f"
    with pytest.raises(Refused):
        read_url("http://example.test/" + "a" * 3000)


def edit(url: object, **more: object) -> dict[str, object]:
    return {"prompt": "red circle", "images": [{"image_url": url}], **more}


def data_url(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def test_edits_take_pictures_as_data_urls(http: Any) -> None:
    told = http.post("/v1/images/edits", json=edit(data_url(picture()), seed=3, strength=0.9))
    assert told.status_code == 200 and told.json()["data"][0]["seed"] == 3


@pytest.mark.parametrize("address", [*ADDRESSES, "http://example.org/a.png"])
def test_a_server_fetches_nothing_unless_it_was_told_to(http: Any, address: str) -> None:
    told = http.post("/v1/images/edits", json=edit(address))
    assert told.status_code == 400
    assert told.json()["error"]["code"] in ("unsupported", "invalid_value")
    if address.startswith("http:"):
        assert "--allow-url" in told.json()["error"]["message"]


@pytest.mark.parametrize(
    "images",
    [
        [],
        [{}],
        [{"file_id": "file-1"}],
        [{"image_url": 5}],
        "http://example.org/",
        [{"image_url": "data:,x"}],
    ],
)
def test_edits_say_what_is_wrong_with_references(http: Any, images: object) -> None:
    told = http.post("/v1/images/edits", json={"prompt": "red circle", "images": images})
    assert told.status_code == 400 and told.json()["error"]["param"].startswith("images")


@pytest.mark.parametrize("body", ["", "[", "[]", "null", "5", '{"prompt": "a"}', "[" * 100_000])
def test_edits_of_json_that_is_none_are_refused(http: Any, body: str) -> None:
    headers = {"content-type": "application/json"}
    assert http.post("/v1/images/edits", content=body, headers=headers).status_code == 400


def test_a_conversation_with_pictures_in_it_is_refused(http: Any) -> None:
    part = {"type": "image_url", "image_url": {"url": "http://169.254.169.254/"}}
    said = [{"role": "user", "content": [{"type": "text", "text": "the cat"}, part]}]
    told = http.post("/v1/chat/completions", json={"model": "tiny-words", "messages": said})
    assert told.status_code == 400 and "/v1/images/edits" in told.json()["error"]["message"]


@pytest.fixture
def told_to_fetch(run_server: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A server that was told to fetch, in a small internet."""
    httpx = pytest.importorskip("httpx2")
    net = Net(a=answer(picture()), mask=answer(picture()), bomb=answer(b"\x89PNG\r\n\x1a\n" + b"\xff" * 40))
    with run_server(allow_url=True) as started:
        object.__setattr__(started.house.fetcher, "resolve", net.resolve)
        object.__setattr__(started.house.fetcher, "connect", net.connect)
        with httpx.Client(base_url=started.address, timeout=60) as http:
            yield http, net


def test_a_server_that_was_told_to_fetches_pictures_and_refuses_the_rest(told_to_fetch: Any) -> None:
    http, net = told_to_fetch
    made = http.post("/v1/images/edits", json=edit("https://example.test/a", seed=3))
    sent = http.post("/v1/images/edits", json=edit(data_url(picture()), seed=3))
    assert made.status_code == 200, made.text
    assert made.json()["data"][0]["b64_json"] == sent.json()["data"][0]["b64_json"]
    masked = edit("http://example.test/a", mask={"image_url": "http://example.test/mask"})
    assert http.post("/v1/images/edits", json=masked).status_code == 400  # nowhere clear
    assert http.post("/v1/images/edits", json=edit("http://example.test/bomb")).status_code == 400
    before = len(net.connected)
    codes = {http.post("/v1/images/edits", json=edit(url)).status_code for url in ADDRESSES}
    assert codes == {400} and len(net.connected) == before
