"""`fromnoise text` with a model of masked diffusion, which is tiny and never learnt anything."""

import json
import os
import pty
import sys
from pathlib import Path

import pytest
import torch

from fromnoise.cli.main import main
from fromnoise.codecs.text_tokens import RESERVED, TextTokens
from fromnoise.models.checkpoint import save
from fromnoise.models.text_diffusion import TextDiffusion, TextDiffusionSettings
from fromnoise.nets.transformer import TransformerSettings

TEXT = "Shall I compare thee to a day?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    tokens = TextTokens.train([TEXT] * 3, RESERVED + 256 + 10, ("fable", "sonnet"))
    torch.manual_seed(0)
    net = TransformerSettings(vocabulary=len(tokens), width=32, depth=1, heads=2, length=64)
    model = TextDiffusion(TextDiffusionSettings(styles=("fable", "sonnet"), net=net), tokens)
    where = tmp_path_factory.mktemp("models") / "small"
    save(model, where)
    return str(where)


def test_a_text_forms_and_its_seed_makes_it_again(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    ask = [
        "text",
        "--model",
        folder,
        "--style",
        "sonnet",
        "--steps",
        "4",
        "--max-tokens",
        "12",
        "--seed",
        "5",
    ]
    assert main(ask) == 0
    first = capsys.readouterr().out
    assert main([*ask, "--watch"]) == 0  # no terminal, so nothing is shown
    assert capsys.readouterr().out == first
    assert main([*ask, "--block", "4", "--solver", "entropy", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["settings"][0]["block"] == 4 and told["settings"][0]["solver"] == "entropy"


def test_gaps_are_filled_and_files_written_anew(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["text", "--model", folder, "--infill", "Shall I __2__ thee", "--steps", "2"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Shall I ") and out.endswith(" thee\n")
    (tmp_path / "letter.txt").write_text(TEXT + "\n")
    rewrite = ["text", "--model", folder, "--rewrite", str(tmp_path / "letter.txt"), "--strength"]
    assert main([*rewrite, "0"]) == 0
    assert capsys.readouterr().out == TEXT + "\n"
    assert main([*rewrite, "1.5"]) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_the_drafts_are_shown(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        ask = ["text", "--model", folder, "--steps", "3", "--max-tokens", "6", "--seed", "1", "--watch"]
        assert main(ask) == 0
        terminal.flush()
        shown = ""
        while "step 3 of 3" not in shown:  # a terminal gives what it has, in pieces
            shown += os.read(ours, 65536).decode()
    os.close(ours)
    assert "step 1 of 3" in shown and "step 3 of 3" in shown


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--steps", "0"], "steps must be from 1 to"),
        (["--steps", "1000000"], "steps must be from 1 to"),
        (["--guidance", "nan"], "guidance must be a finite number"),
        (["--style", "sonet"], "did you mean sonnet"),
        (["--infill", "no gap"], "there is no gap"),
        (["--infill", "a __900__ b"], "the model reads"),
        (["--rewrite", "nowhere.txt"], "no text at nowhere.txt"),
        (["--draft", "lookup"], "leave it out"),
    ],
)
def test_a_mistake_is_one_line(
    folder: str, options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["text", "--model", folder, *options]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1 and told in err
