"""The model that scores pictures by words, on its way from a recipe to a model folder."""

from pathlib import Path

from torch import Tensor

from fromnoise.codecs.bpe import PromptTokens
from fromnoise.codecs.codec import resized
from fromnoise.config import check_settings
from fromnoise.data.feed import EncodedFeed
from fromnoise.errors import ConfigError
from fromnoise.models.checkpoint import load
from fromnoise.models.features import FeatureEncoder
from fromnoise.models.scorer import Scorer, ScorerSettings
from fromnoise.training.loop import Feed
from fromnoise.training.pictures import cache_of, opened, styles_of
from fromnoise.training.recipe import Recipe, Report


class ScorerTrainee:
    """The text encoder that guesses features."""

    def __init__(self, plan: Recipe, where: str) -> None:
        self._seed = plan.training.seed
        self.data, self._pictures = opened(plan, where)
        tree = {**plan.model, "styles": styles_of(self._pictures)}
        settings = check_settings(ScorerSettings, tree, where=f"{where} [model]")
        encoder = load(settings.features, device="cpu")
        if not isinstance(encoder, FeatureEncoder):
            raise ConfigError(f"{where}: {settings.features} is no encoder of features")
        items = self._pictures.where(split="train").items
        words = [text for item in items for text in (item.caption, " ".join(item.tags))]
        tokens = PromptTokens.train(words, settings.vocabulary, settings.text.length)
        self.model = Scorer(settings, encoder.requires_grad_(False), tokens)

    def feed(self, report: Report) -> Feed:
        """Describe all versions of the pictures, or find them described."""
        encoder = self.model.codec

        def describe(pictures: Tensor) -> Tensor:
            return encoder.features(resized(pictures, encoder.size)).cpu()

        cache = cache_of(self.data, self._pictures, encoder)
        return EncodedFeed(self._pictures, self.data, self._seed, describe, cache, report)

    def finish(self) -> None:
        """Nothing is left to do."""

    def judge(self) -> dict[str, float]:
        """Leave it to the validation loss."""
        return {}

    def look(self, feed: Feed, path: Path) -> None:
        """Save nothing: it makes numbers, no pictures."""
