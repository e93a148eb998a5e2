import json
import sys
from pathlib import Path

import pytest

from fromnoise.cli.main import main

from .conftest import save_picture


def test_shapes_are_built_and_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path))
    assert main(["data", "build", "shapes", "--count", "30", "--size", "16"]) == 0
    assert main(["data", "show", "shapes", "--json", "--sheet", str(tmp_path / "sheet.png")]) == 0
    shown = json.loads("{" + capsys.readouterr().out.partition("{")[2])
    assert shown["count"] == 30 and shown["folder"] == str(tmp_path / "data" / "shapes")
    assert (tmp_path / "sheet.png").is_file()
    assert main(["data", "show", str(tmp_path / "data" / "shapes")]) == 0


def test_a_folder_is_built_under_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path / "home"))
    for index in range(9):
        save_picture(tmp_path / "cats" / "grey cat" / f"{index}.png", 20 * index)
    save_picture(tmp_path / "cats" / "loose.png", 222)
    assert main(["data", "build", "folder", str(tmp_path / "cats"), "--size", "8", "--fit", "pad"]) == 0
    streams = capsys.readouterr()
    assert "note: 1 of 10 pictures have no caption" in streams.err and "grey cat" in streams.out
    assert (tmp_path / "home" / "data" / "cats" / "dataset.json").is_file()


@pytest.mark.parametrize(
    "words",
    [
        ["show", "nosuch"],
        ["build", "folder", "nowhere"],
        ["build", "shapes", "--size", "0", "-o", "out"],
        ["build", "shapes", "--count", "-1", "-o", "out"],
        ["build", "emoji", "--styles", "notto", "-o", "out"],
        ["build", "emojis"],
    ],
)
def test_mistakes_are_one_line(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path))
    assert main(["data", *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_command_loads_nothing_heavy() -> None:
    import subprocess

    code = "import sys, fromnoise.cli.data; print({'torch', 'numpy', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
