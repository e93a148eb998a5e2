import os
from dataclasses import fields
from inspect import signature
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fromnoise.api import generate
from fromnoise.requests import ImageRequest


def test_generate_takes_every_option_of_a_request_with_the_same_default() -> None:
    asked = {name: option.default for name, option in signature(generate).parameters.items()}
    assert {asked.pop("model"), asked.pop("device")} == {"emoji-diffusion", None}
    assert list(asked) == [field.name for field in fields(ImageRequest)]
    known = {field.name: field.default for field in fields(ImageRequest) if field.name != "prompt"}
    assert {name: default for name, default in asked.items() if name != "prompt"} == known


def test_the_model_is_loaded_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = pytest.importorskip("fromnoise.models.checkpoint")
    loads: list[str] = []

    def load(name: str, device: str | None = None) -> Any:
        loads.append(name)
        return SimpleNamespace(run=lambda request: (request.prompt, request.seed))

    monkeypatch.setattr(checkpoint, "load", load)
    config = tmp_path / "config.toml"
    config.write_text("")
    assert generate("a cat", model=tmp_path, seed=3) == ("a cat", 3)
    generate("a dog", model=tmp_path)
    assert loads == [str(tmp_path)]
    config.write_text("# trained further")
    os.utime(config, ns=(1, 1))
    generate("a dog", model=tmp_path)
    assert len(loads) == 2
