import errno
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fromnoise import __version__
from fromnoise.cli import main as command_line
from fromnoise.cli.main import main
from fromnoise.errors import RequestError


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path / "home"))


def make_model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('kind = "image-diffusion"\ndescription = "draws"\n')
    return folder


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the only line that was printed, on stderr."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ") and err.count("\n") == 1, err
    return err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out = capsys.readouterr().out
    for command in ("image", "train", "data", "models", "grid"):
        assert command in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["imag", "a cat"], "image"),
        (["models", "lst"], "list"),
        (["train", "x.toml", "--sett", "a=1"], "--set"),
        (["train"], "RECIPE"),
        (["grid", "emoji-diffusion", "--steps", "few"], "--steps"),
        (["grid", "emoji-diffusion", "--steps", "0"], "at least 1, got 0"),
        (["grid", "emoji-diffusion", "--steps", "4", "--samples", "-1"], "at least 1, got -1"),
        (["models", "show", "no-such-model"], "no-such-model"),
        (["models", "show", "no/such/folder"], "no/such/folder"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert message in one_line(capsys)


@pytest.mark.parametrize(
    ("mishap", "code", "printed"),
    [
        (RequestError("one\n  two\x1b[31m"), 2, "error: one two\\x1b[31m\n"),
        (
            OSError(errno.ENOSPC, "No space left", "a.png"),
            2,
            "error: a.png: No space left\n",
        ),
        (PermissionError(errno.EROFS, "Read-only file system"), 2, "error: Read-only file system\n"),
        (OSError("cannot identify image file"), 2, "error: cannot identify image file\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_mishaps_end_quietly(
    mishap: BaseException, code: int, printed: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def run(words: list[str]) -> None:
        raise mishap

    monkeypatch.setattr(command_line, "app", run)
    assert main(["image"]) == code
    assert capsys.readouterr() == ("", printed)


def test_bugs_and_traceback_keep_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(words: list[str]) -> None:
        raise (RequestError if words == ["asked"] else ZeroDivisionError)

    monkeypatch.setattr(command_line, "app", run)
    with pytest.raises(ZeroDivisionError):
        main(["bug"])
    with pytest.raises(RequestError):
        main(["--traceback", "asked"])


def test_a_closed_pipe_is_no_mistake() -> None:
    code = """
import sys
from fromnoise.cli import main as command_line
command_line.app = lambda words: print("x" * 10**6)
sys.exit(command_line.main([]))"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.read(1)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 128 + 13


def test_train_hands_over_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    run = SimpleNamespace(train=lambda *words: asked.extend(words))
    monkeypatch.setitem(sys.modules, "fromnoise.training.run", run)
    assert main(["train", "r.toml", "--set", "a.b=1", "--set", "c=x y", "--resume", "-o", "out"]) == 0
    assert asked == [Path("r.toml"), ["a.b=1", "c=x y"], True, Path("out")]


def test_grid_fits_and_saves(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    saved: dict[int, list[float]] = {}
    model = SimpleNamespace(
        optimise_grid=lambda steps, samples, seed: [1.0, 0.5, 0.0],
        save_grid=lambda steps, times: saved.update({steps: times}) or "mine",
    )
    checkpoint = SimpleNamespace(load=lambda name, device=None: model)
    monkeypatch.setitem(sys.modules, "fromnoise.models.checkpoint", checkpoint)
    assert main(["grid", "emoji-diffusion", "--steps", "2"]) == 0
    assert saved == {2: [1.0, 0.5, 0.0]}
    assert capsys.readouterr().out == "2 steps: 1 0.5 0\nsaved to mine\n"


def test_models_are_listed_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_model(tmp_path / "home" / "models" / "mine")
    assert main(["models", "list"]) == 0
    assert "mine" in capsys.readouterr().out
    assert main(["models", "list", "--json"]) == 0
    listed = {model["name"]: model for model in json.loads(capsys.readouterr().out)}
    assert listed["mine"]["path"] == str(folder) and listed["mine"]["origin"] == "yours"
    assert main(["models", "show", "mine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["config"]["description"] == "draws"
    assert main(["models", "show", str(folder)]) == 0
    assert "image-diffusion" in capsys.readouterr().out
