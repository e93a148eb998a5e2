import io
import json

import pytest
from PIL import Image

from fromnoise.cli.main import main
from fromnoise.guard.provenance import encode_stamped, stamp
from fromnoise.pictures import encode_picture


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path / "home"))


@pytest.fixture
def picture(tmp_path):
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


def written(path, seed=1, dot=(0, 0, 0)):
    """Write a result whose seal is on seed 1 and a red picture, or the text *red*."""
    sealed = stamp({"prompt": "red", "seed": 1}, b"red")
    if path.suffix == ".json":
        text = "red" if dot == (0, 0, 0) else "Red"
        path.write_text(json.dumps({"texts": [text], "settings": [sealed | {"seed": seed}]}))
        return path
    image, format = Image.new("RGB", (16, 16), "red"), path.suffix[1:].upper()
    sealed = stamp({"prompt": "red", "seed": 1}, image.tobytes()) | {"seed": seed}
    image.putpixel((3, 4), dot if dot != (0, 0, 0) else (255, 0, 0))
    path.write_bytes(encode_picture(image, format, sealed))
    return path


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.json"])
def test_a_file_is_unaltered_until_its_content_or_a_setting_changes(capsys, tmp_path, name):
    path = tmp_path / name
    assert main(["guard", "--verify", str(written(path))]) == 0
    assert main(["guard", "--verify", str(written(path, seed=2))]) == 3
    assert main(["guard", "--verify", str(written(path, dot=(0, 255, 0)))]) == 3
    told = [line.split(": ")[1] for line in capsys.readouterr().out.splitlines()]
    assert [line.split(",")[0] for line in told] == ["unaltered", "altered", "altered"]


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.json"])
def test_a_file_that_is_not_ours_is_said_in_one_line(capsys, tmp_path, name):
    path = tmp_path / name
    if path.suffix == ".json":
        path.write_text('{"texts": "none of ours"}')
    else:
        Image.new("RGB", (4, 4)).save(path)
    assert main(["guard", "--verify", str(path)]) == 2
    told = capsys.readouterr()
    assert told.out == "" and len(told.err.splitlines()) == 1 and name in told.err


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_a_manifest_is_added_and_a_changed_byte_shows(capsys, tmp_path, name):
    pytest.importorskip("c2pa")
    path = written(tmp_path / name)
    assert main(["guard", "--c2pa", str(path)]) == 0
    assert main(["guard", "--verify", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["state"], told["c2pa"]) == ("unaltered", "Valid")

    content = path.read_bytes()  # a byte that no pixel and no setting knows of
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if name == "a.webp" else content + b"\0")
    assert main(["guard", "--verify", str(path)]) == 3
    assert "Invalid" in capsys.readouterr().out


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
