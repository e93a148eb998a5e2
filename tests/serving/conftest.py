"""A server on a port of its own, with two tiny models, and OpenAI's own client for it."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")


@pytest.fixture(scope="session")
def shelf_of_tiny_models(tmp_path_factory: pytest.TempPathFactory, make_model: Any) -> Iterator[Any]:
    """Two models that were never trained: 16 px pictures in 3 steps, and words of noise."""
    import torch

    from fromnoise.codecs.text_tokens import RESERVED, TextTokens
    from fromnoise.models.checkpoint import save
    from fromnoise.models.gpt import GPT, GPTSettings
    from fromnoise.nets.transformer import TransformerSettings

    home = tmp_path_factory.mktemp("home")
    save(make_model(), home / "models" / "tiny-pictures")
    tokens = TextTokens.train(["the cat sat on the mat"] * 3, RESERVED + 256 + 20, ("fable", "sonnet"))
    torch.manual_seed(0)
    net = TransformerSettings(vocabulary=len(tokens), width=32, depth=1, heads=2, length=256)
    words = GPT(GPTSettings(styles=("fable", "sonnet"), net=net), tokens)
    for parameter in words.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    save(words, home / "models" / "tiny-words")
    before = os.environ.get("FROMNOISE_HOME")
    os.environ["FROMNOISE_HOME"] = str(home)
    from fromnoise.serving.shelf import Shelf

    yield Shelf(["tiny-pictures", "tiny-words"], {"gpt-image-1": "tiny-pictures"})
    os.environ.pop("FROMNOISE_HOME")
    if before is not None:
        os.environ["FROMNOISE_HOME"] = before


@pytest.fixture(scope="session")
def server(shelf_of_tiny_models: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A running server: its address, its house and its folder."""
    with running(shelf_of_tiny_models, tmp_path_factory.mktemp("serving")) as started:
        yield started


class running:  # reads as what it does
    """A server in a thread, for as long as the block lasts."""

    def __init__(self, shelf: Any, folder: Path, **options: Any) -> None:
        import uvicorn

        from fromnoise.serving.app import Plan, make_app
        from fromnoise.serving.connection import Config

        plan = Plan(shelf=shelf, folder=folder, reports=folder / "reports", **options)
        self.app = make_app(plan)
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.uvicorn = uvicorn.Server(Config(self.app, plan.limits))
        self.thread = threading.Thread(target=self.uvicorn.run, kwargs={"sockets": [self.socket]})
        self.folder = folder

    def __enter__(self) -> SimpleNamespace:
        self.socket.listen(128)
        self.thread.start()
        address = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        return SimpleNamespace(address=address, house=self.app.state.house, folder=self.folder, app=self.app)

    def __exit__(self, *error: object) -> None:
        self.uvicorn.should_exit = True
        self.thread.join(30)
        assert not self.thread.is_alive()


@pytest.fixture
def run_server(shelf_of_tiny_models: Any, tmp_path: Path) -> Any:
    """Start another server, with options of its own."""
    return lambda **options: running(shelf_of_tiny_models, tmp_path, **options)


@pytest.fixture(scope="session")
def running_server() -> Any:
    """What starts a server: of a shelf, in a folder, with options."""
    return running


@pytest.fixture
def client(server: SimpleNamespace) -> Any:
    """OpenAI's client, which tries nothing twice."""
    openai = pytest.importorskip("openai")
    return openai.OpenAI(base_url=f"{server.address}/v1", api_key="none", max_retries=0)


@pytest.fixture
def http(server: SimpleNamespace) -> Any:
    """A plain client."""
    httpx = pytest.importorskip("httpx2")
    with httpx.Client(base_url=server.address, timeout=60) as plain:
        yield plain
