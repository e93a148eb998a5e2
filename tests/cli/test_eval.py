"""`fromnoise eval`: forms, files, exit codes and mistakes."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fromnoise.cli.main import main

WORDS = ["eval", "made", "--against", "real", "--extractor", "pixels"]


def draw(folder: Path, count: int, seed: int, noise: bool = False) -> None:
    chance = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        picture = np.full((16, 16, 3), 255, np.uint8)
        x, y, side = chance.integers(1, 7, 3)
        picture[y : y + side, x : x + side] = chance.integers(0, 200, 3)
        if noise:
            picture = chance.integers(0, 256, picture.shape).astype(np.uint8)
        Image.fromarray(picture).save(folder / f"{index:03}.png")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    draw(tmp_path / "made", 30, 1)
    draw(tmp_path / "real", 60, 2)
    Path("limits.toml").write_text("[pictures]\nleast_samples = 20\n")
    return tmp_path


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1, (out, err)
    return err


def test_exit_codes_are_ready_not_ready_and_cannot_tell(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lenient = [*WORDS, "--thresholds", "limits.toml"]
    assert main([*lenient, "-o", "ready"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("ready\n") and out.rstrip().endswith("report.html")
    assert main([*WORDS, "-o", "few"]) == 3
    draw(place / "made", 30, 3, noise=True)
    assert main([*lenient, "-o", "noise"]) == 1
    report = json.loads((place / "noise" / "report.json").read_text())
    assert report["verdict"]["level"] == "not ready" and (place / "noise" / "report.html").is_file()


def test_json_goes_to_stdout_and_then_no_folder_is_needed(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*WORDS, "--json", "-n", "10", "--k", "3", "--seed", "4"]) == 3
    report = json.loads(capsys.readouterr().out)
    assert (report["n"], report["k"], report["seed"], report["extractor"]) == (10, 3, 4, "pixels")


def test_nothing_is_overwritten_unless_asked(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "out").mkdir()
    (place / "out" / "report.json").write_text("mine")
    assert main([*WORDS, "-o", "out"]) == 2
    assert "--force" in one_line(capsys) and (place / "out" / "report.json").read_text() == "mine"
    assert main([*WORDS, "-o", "out", "--force"]) == 3
    assert json.loads((place / "out" / "report.json").read_text())["kind"] == "pictures"
    assert sorted(path.name for path in (place / "out").iterdir()) == ["report.html", "report.json"]


def test_texts_are_judged_by_the_same_command(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.dumps({"text": f"The {one} fox sees the {two} dog."}) for one in "ab" for two in "cdefg"]
    Path("made.jsonl").write_text("\n".join(lines))
    Path("real.jsonl").write_text("\n".join(reversed(lines)))
    assert main(["eval", "made.jsonl", "--against", "real.jsonl", "-o", "out"]) in (1, 3)
    assert json.loads((place / "out" / "report.json").read_text())["kind"] == "words"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["eval"], "say what to judge"),
        (["eval", "made", "-o", "out"], "--against"),
        (["eval", "made", "--against", "real"], "-o DIR"),
        (["eval", "--model", "m", "--against", "real", "-o", "out"], "--model is judged by"),
        (["eval", "--model", "no-such-model", "-o", "out"], "no-such-model"),
        (["eval", "made", "--against", "real", "--data", "x", "-o", "out"], "--data goes with --model"),
        (["eval", "nowhere", "--against", "real", "-o", "out"], "nothing at nowhere"),
        (["eval", "made", "--against", "empty", "-o", "out"], "neither pictures"),
        (["eval", "made", "--against", "words.txt", "-o", "out"], "pictures with pictures"),
        (["eval", "made/000.png", "--against", "real", "-o", "out"], "is one file"),
        ([*WORDS, "-o", "words.txt"], "is not a folder"),
        ([*WORDS, "-o", "out", "-n", "0"], "at least 1, got 0"),
        ([*WORDS, "-o", "out", "--k", "0"], "at least 1, got 0"),
        ([*WORDS, "-o", "out", "--seed", "-1"], "at least 0, got -1"),
        ([*WORDS, "-o", "out", "--thresholds", "no.toml"], "no thresholds file"),
        (["eval", "made", "--against", "real", "--extractor", "incepton", "-o", "out"], "inception"),
        (["eval", "--bias", "-o", "out"], "--bias --model NAME"),
        (["eval", "made", "--bias", "--model", "m", "-o", "out"], "leave the folder"),
        (["eval", "--bias", "--model", "no-such-model", "-o", "out"], "no-such-model"),
        (["eval", "--bias", "--model", "m", "--data", "d", "-o", "out"], "--data is of no use"),
        (["eval", "--bias", "--model", "m", "--k", "3", "-o", "out"], "--k is of no use"),
        (["eval", "--model", "m", "--templates", "t.toml", "-o", "out"], "--templates goes with --bias"),
        (
            ["eval", "--bias", "--model", "m", "--templates", "t.toml", "-o", "out"],
            "no templates file at t.toml",
        ),
        (["eval", "--bias", "--model", "m", "-n", "0", "-o", "out"], "at least 1, got 0"),
        (["eval", "--bias", "--model", "m", "-n", "1", "-o", "out"], "takes 2 trials"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    words: list[str], message: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "empty").mkdir()
    (place / "words.txt").write_text("words")
    assert main(words) == 2
    assert message in one_line(capsys)
    assert not (place / "out").exists()


def test_a_folder_of_pictures_and_texts_is_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "made" / "story.txt").write_text("once")
    assert main([*WORDS, "-o", "out"]) == 2
    assert "one kind at a time" in one_line(capsys)


def test_a_broken_picture_is_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "made" / "007.png").write_bytes(b"not a picture")
    assert main([*WORDS, "-o", "out"]) == 2
    assert "007.png" in one_line(capsys)
