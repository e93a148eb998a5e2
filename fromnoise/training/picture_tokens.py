"""Models that write pictures code by code, on their way from a recipe to a model folder."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fromnoise.codecs.bpe import PromptTokens
from fromnoise.codecs.vq import GridCodec
from fromnoise.config import check_settings
from fromnoise.data.feed import CaptionedBatch, EncodedFeed
from fromnoise.errors import ConfigError
from fromnoise.models.checkpoint import TOKENIZER, load, make_codec
from fromnoise.models.image_tokens import ImageTokens
from fromnoise.models.image_tokens_settings import ImageTokensSettings, net_tree
from fromnoise.models.store import find_model
from fromnoise.models.token_layout import TokenLayout
from fromnoise.requests import ImageRequest
from fromnoise.training.loop import Feed
from fromnoise.training.picture_codes import check_enough
from fromnoise.training.pictures import SAMPLES, cache_of, opened, save_columns, styles_of
from fromnoise.training.recipe import Recipe, Report

FEWEST = 32
"""Pictures that it takes to train a model of tokens."""
WORD_SIZE = 0.05
"""Standard deviation of word vectors that come from another model."""


class TokensTrainee:
    """Image tokens: encodes the pictures once, then trains the transformer on their codes."""

    def __init__(self, plan: Recipe, where: str) -> None:
        self._plan = plan
        self.data, self._pictures = opened(plan, where)
        check_enough(self._pictures, FEWEST)
        tree = {**plan.model, "styles": styles_of(self._pictures)}
        settings = check_settings(ImageTokensSettings, _without_net(tree), where=f"{where} [model]")
        codec: GridCodec = make_codec(settings.codec.kind, settings.codec.name, settings.codec.size)
        if codec.size > self._pictures.size:
            has = f"the dataset has {self._pictures.size} px"
            raise ConfigError(f"{where}: the codec is for pictures of {codec.size} px, {has}")
        tokens = self._tokens(settings)
        layout = TokenLayout(len(tokens), settings.text, settings.styles, codec.codes, codec.shape[1])
        tree["net"] = net_tree(dict(plan.model.get("net", {})), layout)
        settings = check_settings(ImageTokensSettings, tree, where=f"{where} [model]")
        self.model = ImageTokens(settings, codec, tokens)
        if settings.words_from is not None and plan.start is None:
            take_words(self.model, settings.words_from)

    def _tokens(self, settings: ImageTokensSettings) -> PromptTokens:
        """Learn the captions' tokens, or take those of the model to start from."""
        start = self._plan.start or settings.words_from
        if start is not None:
            return PromptTokens.load(find_model(start) / TOKENIZER, settings.text)
        items = self._pictures.where(split="train").items
        words = [text for item in items for text in (item.caption, " ".join(item.tags))]
        return PromptTokens.train(words, settings.vocabulary, settings.text)

    def feed(self, report: Report) -> Feed:
        """Encode all versions of the pictures, or find them encoded."""
        codec = self.model.codec
        if self._plan.training.compile:
            codec.encoder.compile()

        def encode(pictures: Tensor) -> Tensor:
            with self._plan.training.autocast(self.model.device.type):
                return codec.encode(pictures).cpu()

        cache = cache_of(self.data, self._pictures, codec)
        return EncodedFeed(self._pictures, self.data, self._plan.training.seed, encode, cache, report)

    def finish(self) -> None:
        """Nothing is left to do."""

    def judge(self) -> dict[str, float]:
        """Leave it to the validation loss."""
        return {}

    def look(self, feed: Feed, path: Path) -> None:
        """Draw some captions, two seeds each."""
        batch: CaptionedBatch = (feed.validation(SAMPLES) or [feed.batch(0, SAMPLES)])[0]
        asks = [
            [ImageRequest(prompt=caption, style=style, seed=seed) for seed in range(2)]
            for caption, style in zip(batch.captions, batch.styles, strict=True)
        ]
        save_columns([[self.model.run(ask).images[0] for ask in column] for column in asks], path)


def _without_net(tree: dict[str, Any]) -> dict[str, Any]:
    """Leave out what can't be checked before the tokens are known."""
    return {key: value for key, value in tree.items() if key != "net"}


@torch.no_grad()
def take_words(model: ImageTokens, name: str) -> None:
    """Begin with the word vectors of a model that shares the tokenizer, brought to the size of fresh ones."""
    source = load(name, device="cpu").conditioner.text.words.weight
    target = model.net.words.weight[: len(model.tokens)]
    if source.shape != target.shape:
        came = f"{tuple(source.shape)}, not {tuple(target.shape)}"
        raise ConfigError(f"words_from: the word vectors of {name} are {came}; set net.width to their width")
    target.copy_(source / source.std() * WORD_SIZE)
