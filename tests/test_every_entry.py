"""Whatever door is taken, unsafe words are refused, and nothing is written or made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fromnoise
from fromnoise.cli.main import main
from fromnoise.errors import UnsafePromptError
from fromnoise.models.checkpoint import save
from fromnoise.requests import ImageRequest, TextRequest

UNSAFE = "a naked woman"


@pytest.fixture
def words(own_home: Path) -> Any:
    """A tiny model of words, saved under its name."""
    import torch

    from fromnoise.codecs.text_tokens import RESERVED, TextTokens
    from fromnoise.models.gpt import GPT, GPTSettings
    from fromnoise.nets.transformer import TransformerSettings

    tokens = TextTokens.train(["the cat sat"] * 3, RESERVED + 256, ("fable",))
    torch.manual_seed(0)
    net = TransformerSettings(vocabulary=len(tokens), width=16, depth=1, heads=2, length=64)
    made = GPT(GPTSettings(styles=("fable",), net=net), tokens).eval()
    save(made, own_home / "models" / "tiny-words")
    return made


@pytest.fixture
def pictures(own_home: Path, model: Any) -> Any:
    """A tiny model of pictures, saved under its name."""
    save(model, own_home / "models" / "tiny-pictures")
    return model


def test_python_refuses(pictures: Any, words: Any) -> None:
    doors: list[Callable[[], Any]] = [
        lambda: pictures.generate(UNSAFE),
        lambda: pictures.run(ImageRequest(prompt=UNSAFE)),
        lambda: fromnoise.generate(UNSAFE, model="tiny-pictures"),
        lambda: fromnoise.load("tiny-pictures").generate(UNSAFE),
        lambda: list(words.generate(UNSAFE)),
        lambda: words.run(TextRequest(prompt=UNSAFE)),
    ]
    for door in doors:
        with pytest.raises(UnsafePromptError, match="^Unsafe prompt detected") as caught:
            door()
        assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "command",
    [
        ["image", UNSAFE, "--model", "tiny-pictures"],
        ["image", "a cat", "--between", UNSAFE, "--model", "tiny-pictures"],
        ["text", UNSAFE, "--model", "tiny-words"],
    ],
)
def test_the_command_line_refuses(
    pictures: Any,
    words: Any,
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert main(command) == 2
    told = capsys.readouterr()
    assert told.err.startswith("error: Unsafe prompt detected") and told.err.count("\n") == 1
    assert told.out == "" and list(folder.iterdir()) == []
