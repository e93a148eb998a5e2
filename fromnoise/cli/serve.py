"""`fromnoise serve`: pictures and words over HTTP, and the studio."""

import socket
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fromnoise.errors import MissingPackageError, OutputError, RequestError
from fromnoise.home import home

_SHORTEST_KEY = 16
_BACKLOG = 1024


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    model: Annotated[tuple[str, ...], Parameter(name=["--model"])] = (),
    alias: Annotated[tuple[str, ...], Parameter(name=["--alias"])] = (),
    api_key_file: Path | None = None,
    allow_host: tuple[str, ...] = (),
    folder: Path | None = None,
    reports: Path | None = None,
    webhook: str | None = None,
    allow_url: bool = False,
    device: str | None = None,
) -> None:
    """Answer requests for pictures and words as OpenAI's servers do, and show the studio at /.

    Parameters
    ----------
    host
        Address to listen at; any but this machine's own takes a key.
    port
        Port to listen at; 0 takes a free one.
    model
        A model's name, folder or GGUF file; may be given many times. All that have a name when left out.
    alias
        NAME=MODEL: another name that clients may use. May be given many times.
    api_key_file
        File of keys, one a line; every request must then bring one.
    allow_host
        Another name that clients may call this server by. May be given many times.
    folder
        Where the record and the results are kept; in fromnoise's home when left out.
    reports
        Folder of reports of `fromnoise eval`, to be shown in the studio.
    webhook
        Address on this machine, such as http://127.0.0.1:9000/, that hears of alerts.
    allow_url
        Fetch pictures that requests name by http or https URLs; never from a private address.
    device
        `cpu`, `cuda`, ...; the fastest there is when left out.
    """
    _check_packages()
    if not 0 <= port < 2**16:
        raise RequestError(f"--port must be from 0 to {2**16 - 1}, got {port}")
    keys = _read_keys(api_key_file)
    from fromnoise.serving.gate import LOOPBACK

    if host not in LOOPBACK and not keys:
        raise RequestError(f"--host {host} can be reached from outside; give --api-key-file too")
    from fromnoise.serving.app import Plan, make_app
    from fromnoise.serving.run import run
    from fromnoise.serving.shelf import Shelf

    shelf = Shelf(model, dict(map(_pair, alias)), device)
    plan = Plan(
        shelf=shelf,
        folder=folder or home() / "serving",
        reports=reports or home() / "reports",
        keys=keys,
        hosts=(*LOOPBACK, host.lower(), *(name.lower() for name in allow_host)),
        webhook=webhook,
        allow_url=allow_url,
    )
    listening = _listen(host, port)
    address = f"[{host}]" if ":" in host else host
    print(f"fromnoise serves {', '.join(shelf.offers)}", flush=True)
    print(f"http://{address}:{listening.getsockname()[1]}/  (Ctrl-C stops it)", flush=True)
    run(make_app(plan), listening, plan.limits)


def _check_packages() -> None:
    missing = [
        name
        for name in ("fastapi", "uvicorn", "python_multipart", "prometheus_client")
        if not find_spec(name)
    ]
    if missing:
        raise MissingPackageError(
            f'serving takes more packages ({", ".join(missing)}): pip install "fromnoise[serve]"'
        )


def _pair(told: str) -> tuple[str, str]:
    name, equals, model = told.partition("=")
    if not (equals and name and model):
        raise RequestError(f"--alias takes NAME=MODEL, not {told!r}")
    return name, model


def _read_keys(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise RequestError(f"{path} is not UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise RequestError(f"no keys at {path}: {error.strerror}") from None
    keys = tuple(line.strip() for line in lines if line.strip())
    if not keys:
        raise RequestError(f"{path} holds no key; write one a line")
    if short := [key for key in keys if len(key) < _SHORTEST_KEY]:
        raise RequestError(f"{len(short)} of the keys in {path} have fewer than {_SHORTEST_KEY} characters")
    return keys


def _listen(host: str, port: int) -> socket.socket:
    """Open the port before anything is loaded; raise OutputError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)  # whoever comes while models are loaded waits
    except OSError as error:
        listening.close()
        raise OutputError(f"can't listen at {host} port {port}: {error.strerror}") from None
    return listening
