from pathlib import Path

import pytest
import torch

from fromnoise.codecs.bpe import PromptTokens
from fromnoise.errors import CheckpointError


@pytest.fixture(scope="module")
def tokens() -> PromptTokens:
    return PromptTokens.train(["red apple", "red rocket", "a small red apple"] * 5, 290, 6)


def test_prompts_become_rows_of_one_length(tokens: PromptTokens) -> None:
    ids, mask = tokens(["red apple", "", "a small red apple and a rocket"])
    assert ids.shape == mask.shape == (3, 6)
    assert ids[:, 0].tolist() == [1, 1, 1]  # the start token
    assert mask[1].tolist() == [True] + 5 * [False] and not ids[1, 1:].any()
    assert mask[2].all()
    assert (
        int(mask[0].sum()) == tokens.count("red apple") < 6 < tokens.count("a small red apple and a rocket")
    )


def test_frequent_words_are_one_token(tokens: PromptTokens) -> None:
    assert tokens.count("red apple") == 3
    assert len(tokens) <= 290


def test_case_and_edges_do_not_matter(tokens: PromptTokens) -> None:
    assert torch.equal(tokens(["  Red APPLE "])[0], tokens(["red apple"])[0])


@pytest.mark.parametrize("text", ["Äpfel", "🍎", "\x00", "x" * 5000])
def test_any_text_can_be_said(tokens: PromptTokens, text: str) -> None:
    ids, mask = tokens([text])
    assert ids.shape == (1, 6) and int(ids.max()) < len(tokens)
    assert int(mask.sum()) >= 2


def test_a_saved_tokenizer_says_the_same(tokens: PromptTokens, tmp_path: Path) -> None:
    tokens.save(tmp_path / "tokenizer.json")
    again = PromptTokens.load(tmp_path / "tokenizer.json", 6)
    assert torch.equal(again(["a red rocket"])[0], tokens(["a red rocket"])[0])


def test_a_missing_tokenizer_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="tokenizer.json is missing"):
        PromptTokens.load(tmp_path / "tokenizer.json", 6)
