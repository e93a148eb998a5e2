"""The kinds of models that learn from texts, on their way from a recipe to a model folder."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, PositiveInt

from fromnoise.codecs.text_tokens import PAD, RESERVED, TextTokens
from fromnoise.config import Settings, check_settings
from fromnoise.data.dataset import find_dataset
from fromnoise.data.text_feed import TextFeed, Tokenised, tokenised
from fromnoise.data.texts import Document, TextSet
from fromnoise.errors import DataError, unknown
from fromnoise.models.checkpoint import TOKENIZER
from fromnoise.models.gpt import GPT, GPTSettings
from fromnoise.models.store import find_model
from fromnoise.models.text_diffusion import TextDiffusion, TextDiffusionSettings
from fromnoise.requests import TextRequest, result_of
from fromnoise.training.loop import Feed
from fromnoise.training.recipe import Recipe, Report

SAMPLES = 4
MOST_PADDING = 64
"""Tokens of padding after a text, at most, from which masked diffusion learns that one may end early."""


class TextDataSettings(Settings):
    """Which texts to train on."""

    dataset: str = "text"
    """Name of a built dataset, or the folder of one."""
    vocabulary: PositiveInt = 4096
    """Tokens to learn; 288 reads byte by byte."""
    weights: dict[str, float] = Field(default_factory=dict)
    """How often a style's texts are shown, where not 1."""


class TextTrainee(ABC):
    """A model over tokens: its texts, and the tokens that are learnt from them."""

    model: GPT | TextDiffusion

    def __init__(self, plan: Recipe, where: str) -> None:
        self._plan = plan
        self.data = check_settings(TextDataSettings, plan.data, where=f"{where} [data]")
        self._texts = TextSet.open(find_dataset(self.data.dataset))
        for style in self.data.weights:
            if style not in self._texts.styles:
                raise DataError(unknown("style", style, self._texts.styles))
        tokens = self._tokens()
        tree = {**plan.model, "styles": self._texts.styles}
        tree["net"] = {**tree.get("net", {}), "vocabulary": len(tokens)}
        self.model = self._model(tree, f"{where} [model]", tokens)
        self.model.check(TextRequest())

    @abstractmethod
    def _model(self, tree: dict[str, Any], where: str, tokens: TextTokens) -> GPT | TextDiffusion:
        """Build the model with fresh weights."""

    def _tokens(self) -> TextTokens:
        """Learn the texts' tokens, or take those of the model to start from."""
        if self._plan.start is not None:
            return TextTokens.load(find_model(self._plan.start) / TOKENIZER)
        texts = (document.text for document in self._texts.where(split="train").documents)
        return TextTokens.train(texts, max(self.data.vocabulary, RESERVED + 256), self._texts.styles)

    def feed(self, report: Report) -> Feed:
        """Turn all texts into rows of tokens."""
        train, validation = (self._texts.where(split=split).documents for split in ("train", "validation"))
        length, seed = self.model.settings.net.length, self._plan.training.seed
        return TextFeed(self._for_training(train), self._in_tokens(validation), length, seed)

    def _for_training(self, documents: Sequence[Document]) -> list[Tokenised]:
        return self._in_tokens(documents)

    def _in_tokens(self, documents: Sequence[Document]) -> list[Tokenised]:
        tokens = self.model.tokenizer
        return tokenised(documents, tokens.encode, self.model.prefix, tokens.ends, self.data.weights)

    def finish(self) -> None:  # noqa: B027
        """Nothing is left to do."""

    def judge(self) -> dict[str, float]:
        """Leave it to the validation loss."""
        return {}

    def look(self, feed: Feed, path: Path) -> None:
        """Write a few texts, one a style."""
        styles: Sequence[str | None] = self.model.styles[:: max(1, len(self.model.styles) // SAMPLES)] or [
            None
        ]
        room = self.model.settings.net.length // 2
        texts = [
            f"[{style}]\n{result_of(self.model.stream(TextRequest(style=style, max_tokens=room))).text}\n"
            for style in styles
        ]
        path.with_suffix(".txt").write_text("\n".join(texts), encoding="utf-8")


class GPTTrainee(TextTrainee):
    """The next-token model."""

    def _model(self, tree: dict[str, Any], where: str, tokens: TextTokens) -> GPT:
        return GPT(check_settings(GPTSettings, tree, where=where), tokens)


class TextDiffusionTrainee(TextTrainee):
    """Masked text diffusion, which goes on guessing the next token too."""

    def _model(self, tree: dict[str, Any], where: str, tokens: TextTokens) -> TextDiffusion:
        return TextDiffusion(check_settings(TextDiffusionSettings, tree, where=where), tokens)

    def _for_training(self, documents: Sequence[Document]) -> list[Tokenised]:
        """Let padding of any length follow every text."""
        pad, chance = self.model.tokenizer.control(PAD), np.random.default_rng(self._plan.training.seed)
        return [
            replace(text, ids=[*text.ids, *[pad] * int(chance.integers(MOST_PADDING))])
            for text in self._in_tokens(documents)
        ]
