import io
import json

import pytest

from fromnoise.cli.main import main
from fromnoise.guard.provenance import encode_stamped, stamp


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path / "home"))


@pytest.fixture
def picture(tmp_path):
    from PIL import Image

    image, path = Image.new("RGB", (16, 16), "red"), tmp_path / "a.png"
    path.write_bytes(encode_stamped(image, "PNG", stamp({"prompt": "red", "seed": 1}, image.tobytes())))
    return path


def test_a_text_is_allowed_or_refused_with_its_rule(capsys):
    assert main(["guard", "a cat"]) == 0
    assert main(["guard", "n4ked"]) == 3
    assert capsys.readouterr().out.splitlines() == [
        "allowed",
        "refused: sexual content (rule sexual.words: hides 'naked')",
    ]


def test_json_tells_the_verdict(capsys):
    main(["guard", "porn", "--json"])
    assert json.loads(capsys.readouterr().out)["category"] == "sexual"


def test_lines_are_judged_one_by_one(capsys, monkeypatch, tmp_path):
    (tmp_path / "list.txt").write_text("a cat\nporn\na dog\n")
    assert main(["guard", "--texts", str(tmp_path / "list.txt")]) == 3
    assert [line[:7] for line in capsys.readouterr().out.splitlines()] == ["allowed", "refused", "allowed"]
    monkeypatch.setattr("sys.stdin", io.StringIO("a cat\n"))
    assert main(["guard", "--texts", "-"]) == 0


def test_a_file_is_verified(capsys, picture):
    assert main(["guard", "--verify", str(picture)]) == 0
    assert "unaltered" in capsys.readouterr().out
    assert main(["guard", "--verify", str(picture), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "unaltered"


def test_a_picture_is_looked_at(capsys, picture, monkeypatch):
    monkeypatch.setattr("fromnoise.guard.review.find_spec", lambda name: None)
    assert main(["guard", "--picture", str(picture)]) == 0
    assert "not reviewed" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a cat", "--verify", "x.png"],
        ["--policy", "x.toml"],
        ["a cat", "--policy", "missing.toml"],
        ["--texts", "missing.txt"],
        ["--verify", "missing.png"],
        ["--picture", "missing.png"],
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(capsys, arguments):
    assert main(["guard", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == "" and len(told.err.splitlines()) == 1
