"""A text model is judged by texts that it never saw, in their styles."""

from pathlib import Path
from typing import Any

import pytest
import torch

from fromnoise.cli.main import main
from fromnoise.codecs.text_tokens import TextTokens
from fromnoise.data.dataset import dataset_folder
from fromnoise.data.texts import build_texts
from fromnoise.errors import DataError
from fromnoise.evaluation.models import evaluate_model
from fromnoise.models.checkpoint import save
from fromnoise.models.gpt import GPT, GPTSettings
from fromnoise.nets.transformer import TransformerSettings

STYLES = ("count", "song")


@pytest.fixture
def name(own_home: Path, tmp_path: Path) -> str:
    """A model that learnt nothing, of the dataset `rhyme`."""
    texts = tmp_path / "texts"
    texts.mkdir()
    for style in STYLES:
        lines = [f"{style} {place} and {place * 7 % 13} went over the hill, he said." for place in range(600)]
        (texts / f"{style}.txt").write_text("\n\n".join(lines))
    build_texts(texts, dataset_folder("rhyme"), validation=0.1, test=0.2)
    torch.manual_seed(0)
    tokens = TextTokens.train(["went over the hill, he said"] * 9, 300, STYLES)
    net = TransformerSettings(vocabulary=len(tokens), width=16, depth=1, heads=2, length=64)
    save(GPT(GPTSettings(styles=STYLES, net=net), tokens).eval(), own_home / "models" / "rhyme-gpt")
    return "rhyme-gpt"


def test_a_text_model_is_judged_by_the_test_split_of_its_dataset(name: str) -> None:
    told: list[float] = []
    report: dict[str, Any] = evaluate_model(name, 8, report=lambda done, of: told.append(done / of))
    assert report["kind"] == "words" and report["n"] == 8 and report["leaked"] == 0
    assert report["real"]["name"] == "rhyme test split" and report["train"]["name"] == "rhyme training split"
    bits = report["metrics"]["bits_per_byte"]
    assert bits["value"] > bits["baseline"] > 0 and "exact" in bits["note"]
    assert report["verdict"]["level"] == "cannot tell"
    assert told == sorted(told) and told[-1] == 1


def test_the_same_seed_gives_the_same_report(name: str) -> None:
    first, second = (evaluate_model(name, 4, seed=3) for _ in range(2))
    assert first["metrics"] == second["metrics"]


def test_the_command_judges_a_text_model(name: str, tmp_path: Path) -> None:
    assert main(["eval", "--model", name, "-o", str(tmp_path / "out"), "-n", "4"]) == 3
    assert "bits per byte" in (tmp_path / "out" / "report.html").read_text().lower()


def test_a_missing_dataset_is_named(name: str, own_home: Path) -> None:
    with pytest.raises(DataError, match="no texts at"):
        evaluate_model(name, data="other")
    (own_home / "models" / "rhyme-gpt").rename(own_home / "models" / "mine")
    with pytest.raises(DataError, match="--data NAME"):
        evaluate_model("mine")
