"""`fromnoise finetune` as it is typed."""

import json
import random
from pathlib import Path

import pytest
import torch

from fromnoise.cli.main import main
from fromnoise.codecs.text_tokens import TextTokens
from fromnoise.interop.hf_write import write_folder
from fromnoise.models.checkpoint import save
from fromnoise.models.gpt import GPT, GPTSettings
from fromnoise.nets.transformer import TransformerSettings

WORDS = [first + middle + last for first in "bdgkmr" for middle in ("a", "ei", "ou") for last in "lnstm"]
QUICK = ["--steps", "4", "--batch", "4", "--length", "32"]


@pytest.fixture
def place(tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model called tiny, forty texts in data/ and three in few.jsonl."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fromnoise.training.finetuning.words.WRITTEN", 16)
    monkeypatch.setattr("fromnoise.training.finetuning.words.MEASURED", 400)
    chance = random.Random(0)
    texts = [" ".join(chance.choices(WORDS, k=30)) for _ in range(40)]
    Path("data").mkdir()
    lines = [json.dumps({"text": text, "style": "fable"}) for text in texts]
    Path("data/mine.jsonl").write_text("\n".join(lines))
    Path("few.jsonl").write_text("\n".join(lines[:3] * 4))
    tokens = TextTokens.train(texts, 300, ("fable",))
    net = TransformerSettings(vocabulary=len(tokens), width=32, depth=1, heads=2, length=64)
    torch.manual_seed(0)
    model = GPT(GPTSettings(styles=("fable",), net=net), tokens)
    save(model, own_home / "models" / "tiny")
    write_folder(model, Path("elsewhere"))
    return tmp_path


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["finetune", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1, err
    return err


def test_a_model_is_fine_tuned_and_told_about(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["finetune", "tiny", "data", "-o", "mine", "--rank", "2", *QUICK]) == 0
    said = capsys.readouterr().out
    for word in ("Learned from 36 texts", "Overfitting:", "Forgotten:", "Learnt by heart:", "--model mine"):
        assert word in said
    assert main(["text", "bal", "--model", "mine", "--max-tokens", "4", "--seed", "1"]) == 0
    assert main(["models", "show", "mine"]) == 0
    assert "gpt" in capsys.readouterr().out


def test_the_report_is_json_for_a_program(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "finetune",
        "elsewhere",
        "data/mine.jsonl",
        "-o",
        "mine",
        "--method",
        "full",
        "--force",
        "--json",
    ]
    assert main([*words, *QUICK]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads(Path("mine/report.json").read_text())
    assert (report["method"], report["data"]["train"], report["steps"]) == ("full", 36, 4)


def test_too_little_is_refused_in_one_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(["tiny", "few.jsonl", "-o", "mine"], capsys)
    assert "2 texts of 16" in said and "12 texts found, 9 copies left out, 1 held out" in said
    assert not Path("mine").exists()
    assert main(["finetune", "tiny", "few.jsonl", "-o", "mine", "--force", *QUICK]) == 0
    assert "Warning: this was too little" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["tinny", "data", "-o", "mine"], "unknown model 'tinny'; did you mean tiny?"),
        (["tiny", "nowhere", "-o", "mine"], "no texts at"),
        (["tiny", "data", "-o", "data"], "not empty; it stays"),
        (["tiny", "data", "-o", "mine", "--method", "lara"], "--method"),
        (["tiny", "data", "-o", "mine", "--steps", "0"], "steps: Input should be greater than 0, got 0"),
        (["tiny", "data", "-o", "mine", "--target", "q_prj"], "did you mean q_proj"),
        (["tiny", "data", "-o", "mine", "--lr", "nan"], "lr"),
        (["tiny", "data", "-o", "mine", "--keep", "nowhere", *QUICK], "no texts at"),
        (["tiny", "data"], "--out"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    words: list[str], told: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told in refused(words, capsys)
    assert not Path("mine").exists() and not list(Path().glob(".mine*"))


def test_broken_data_is_told_with_its_place(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("latin.txt").write_bytes("caf\xe9".encode("latin-1"))
    assert "latin.txt is not UTF-8 (byte 3)" in refused(["tiny", "latin.txt", "-o", "mine"], capsys)
    Path("broken.jsonl").write_text('{"text": "a"}\n{"tex": 1}\n')
    assert "broken.jsonl, line 2" in refused(["tiny", "broken.jsonl", "-o", "mine"], capsys)
