"""Does any request, however odd, make the server fail or hang? Cases by schemathesis, of /openapi.json."""

import base64
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from benchmarks.report import RESULTS, run, save_result, table
from fromnoise.errors import MissingPackageError

PLANNED = (503, 504)
"""Statuses from 500 on that are no fault: the server is being stopped, a request took too long."""
HANG = 60.0
"""Seconds after which a request without an answer counts as hung."""
_UP = 300.0  # seconds to wait for a server to start
_SMALL = {"n": 2, "num_inference_steps": 4, "max_tokens": 8, "max_completion_tokens": 8, "frame_count": 3}
"""Largest numbers that valid cases ask for, so that they take no time; invalid ones know no limit."""


@dataclass
class Found:
    """What came of the cases."""

    statuses: Counter[int] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    """How each failure or hang can be had again."""
    hangs: int = 0
    longest: float = 0.0
    slices: int = 0

    def add(self, label: str, status: int, seconds: float, again: Callable[[], str]) -> None:
        """Count an answer; status 0 stands for none."""
        self.cases[label] += 1
        self.statuses[status] += 1
        self.longest = max(self.longest, seconds)
        self.hangs += status == 0
        if status == 0 or (status >= 500 and status not in PLANNED):
            self.faults.append(f"{status}: {again()}"[:2000])


def main(*, cases: int = 20_000, slice: int = 1000, seed: int = 1, name: str = "fuzz") -> None:
    """Send random cases, valid and not, to all addresses of a fresh server with two tiny models.

    Parameters
    ----------
    cases
        How many in all; addresses that take nothing get one a slice.
    slice
        How many are sent before the result is saved, each time with the next seed.
    name
        Of the result; what one of that name has begun is gone on with.
    """
    try:
        import schemathesis
    except ImportError:
        raise MissingPackageError("fuzzing takes schemathesis: pip install schemathesis") from None
    with tempfile.TemporaryDirectory() as folder:
        _make_models(Path(folder))
        program, address = _start(Path(folder))
        try:
            told = json.load(urllib.request.urlopen(f"{address}/openapi.json", timeout=HANG))
            schema = schemathesis.openapi.from_dict(_narrowed(told, address))
            found = _begun(RESULTS / f"{name}.json")
            while (left := cases - found.cases.total()) > 0:
                _send(schema, address, min(slice, left), seed + found.slices, found)
                print(_saved(name, found, _status(address), seed))
        finally:
            program.terminate()
            program.wait(60)
    _tell(found, cases)


def _tell(found: Found, cases: int) -> None:
    rows: list[list[str | int | float]] = [
        ["cases", found.cases.total(), cases],
        ["answers from 500 on that nobody planned", len(found.faults) - found.hangs, 0],
        ["requests that hung", found.hangs, 0],
        ["longest, s", found.longest, HANG],
    ]
    print(table(("what", "found", "aim"), rows))
    print(table(("status", "answers"), [[status, count] for status, count in sorted(found.statuses.items())]))
    for fault in found.faults:
        print(fault, file=sys.stderr)


def _saved(name: str, found: Found, health: int, seed: int) -> Path:
    statuses = {str(status): count for status, count in sorted(found.statuses.items())}
    told = {**vars(found), "statuses": statuses, "cases": dict(found.cases)}
    return save_result(name, {"first seed": seed, "all": found.cases.total(), **told, "health": health})


def _begun(path: Path) -> Found:
    """Return what was found before, if the script was stopped then."""
    if not path.is_file():
        return Found()
    told = json.loads(path.read_text(encoding="utf-8"))
    statuses = Counter({int(status): count for status, count in told["statuses"].items()})
    kept = {name: told[name] for name in ("faults", "hangs", "longest", "slices")}
    return Found(statuses, Counter(told["cases"]), **kept)


def _send(schema: Any, address: str, cases: int, seed: int, found: Found) -> None:
    """Send a slice: as many to every address that takes something, half of them not valid."""
    found.slices += 1
    operations = [each.ok() for each in schema.get_all_operations()]
    left = cases
    for place, operation in enumerate(sorted(operations, key=_takes_something)):
        share = left // (len(operations) - place)
        before = found.cases.total()
        for mode in _modes(operation):
            done = found.cases.total() - before
            _send_some(
                operation, mode, share - done if mode.is_negative else share // 2, seed, address, found
            )
        left -= found.cases.total() - before
        print(operation.label, found.cases[operation.label], f"{found.longest:.1f} s", flush=True)


def _takes_something(operation: Any) -> tuple[bool, bool]:
    return bool(operation.body), bool(operation.query or operation.path_parameters)


def _modes(operation: Any) -> list[Any]:
    from schemathesis import GenerationMode

    modes = [GenerationMode.POSITIVE]
    if operation.body or operation.query:
        modes.append(GenerationMode.NEGATIVE)
    return modes


def _send_some(operation: Any, mode: Any, count: int, seed: int, address: str, found: Found) -> None:
    import hypothesis
    import requests

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=max(1, count),
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        begun = time.monotonic()
        try:
            status = case.call(base_url=address, timeout=HANG).status_code
        except (requests.Timeout, requests.ConnectionError):
            status = 0
        except (requests.RequestException, ValueError):  # nothing that HTTP could say
            return
        found.add(operation.label, status, time.monotonic() - begun, case.as_curl_command)

    send()


def _narrowed(schema: dict[str, Any], address: str) -> dict[str, Any]:
    """Let valid cases name what there is and ask for little, so that they get far into the server."""
    models = json.load(urllib.request.urlopen(f"{address}/api/models", timeout=HANG))["models"]
    named = {
        "model": [model["id"] for model in models],
        "style": [style for model in models for style in model["styles"]],
        "solver": [solver for model in models for solver in model["solvers"]],
        "size": ["auto", "32x16", "16x64"],
        **{key: [_picture_url()] for key in ("image_url", "init")},
    }

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(each) for each in node]
        if not isinstance(node, dict):
            return node
        walked = {key: walk(value) for key, value in node.items()}
        fields = walked.get("properties") or {}
        for key in fields:
            if key in named:
                fields[key] = {"enum": named[key]}
            elif key in _SMALL:
                fields[key] = {"type": "integer", "minimum": 1, "maximum": _SMALL[key]}
        return walked

    narrowed: dict[str, Any] = walk(schema)
    return narrowed


def _picture_url() -> str:
    from PIL import Image

    buffer = BytesIO()
    Image.new("RGB", (24, 16), "red").save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _make_models(home: Path) -> None:
    """Make two models that were never trained: pictures of 16 px, and words."""
    import torch

    from fromnoise.codecs.bpe import PromptTokens
    from fromnoise.codecs.pixels import Pixels, PixelsSettings
    from fromnoise.codecs.text_tokens import RESERVED, TextTokens
    from fromnoise.models.checkpoint import save
    from fromnoise.models.gpt import GPT, GPTSettings
    from fromnoise.models.image_diffusion import ImageDiffusion
    from fromnoise.models.image_settings import CodecSettings, ImageDiffusionSettings
    from fromnoise.nets.dit import DiTSettings
    from fromnoise.nets.text_encoder import TextEncoderSettings
    from fromnoise.nets.transformer import TransformerSettings

    torch.manual_seed(0)
    settings = ImageDiffusionSettings(
        styles=("outline", "plain"),
        vocabulary=300,
        codec=CodecSettings(kind="pixels", size=16),
        net=DiTSettings(width=32, depth=1, heads=2, patch=4, context_width=32),
        text=TextEncoderSettings(width=32, depth=1, heads=2, length=8),
    )
    prompts = PromptTokens.train(["red circle", "small green star on white"], 300, 8)
    pictures = ImageDiffusion(settings, Pixels(PixelsSettings(size=16)), prompts)
    save(pictures, home / "models" / "tiny-pictures")
    tokens = TextTokens.train(["the cat sat on the mat"] * 3, RESERVED + 256 + 20, ("fable", "sonnet"))
    net = TransformerSettings(vocabulary=len(tokens), width=32, depth=1, heads=2, length=48)
    save(GPT(GPTSettings(styles=("fable", "sonnet"), net=net), tokens), home / "models" / "tiny-words")


def _start(home: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [
        sys.executable,
        "-m",
        "fromnoise",
        "serve",
        "--port",
        str(port),
        "--folder",
        str(home / "kept"),
    ]
    models = ["--model", "tiny-pictures", "--model", "tiny-words"]
    environment = {**os.environ, "FROMNOISE_HOME": str(home)}
    program = subprocess.Popen([*command, *models], stdout=subprocess.DEVNULL, env=environment)
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + _UP
    while time.monotonic() < deadline:
        if _status(address) == 200:
            return program, address
        time.sleep(0.5)
    program.kill()
    raise SystemExit("the server did not start")


def _status(address: str) -> int:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=5) as told:
            return int(told.status)
    except OSError:
        return 0


if __name__ == "__main__":
    run(main)
