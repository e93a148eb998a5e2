"""The kinds of models that learn from pictures, on their way from a recipe to a model folder."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from fromnoise.codecs.bpe import PromptTokens
from fromnoise.codecs.kl import KL, KLSettings
from fromnoise.config import check_settings
from fromnoise.data.damage import DAMAGES
from fromnoise.data.dataset import PictureSet
from fromnoise.data.feed import CaptionedBatch, DataSettings, EncodedFeed, PictureFeed, open_dataset
from fromnoise.data.pairs import PairFeed, whitening_pictures
from fromnoise.errors import ConfigError
from fromnoise.evaluation.coverage import density_coverage
from fromnoise.evaluation.extractors import extract, open_extractor
from fromnoise.evaluation.frechet import kernel_distance
from fromnoise.evaluation.sources import source_of
from fromnoise.home import home
from fromnoise.models.checkpoint import TOKENIZER, make_codec
from fromnoise.models.features import FeatureEncoder, FeatureSettings
from fromnoise.models.image_diffusion import ImageDiffusion
from fromnoise.models.image_settings import ImageDiffusionSettings
from fromnoise.models.store import find_model
from fromnoise.requests import ImageRequest, result_of
from fromnoise.training.loop import Feed
from fromnoise.training.recipe import Recipe, Report

SAMPLES = 8
JUDGED = 64  # held-out pictures that a short evaluation draws
FEWEST_JUDGED = 16


class DiffusionTrainee:
    """Image diffusion: encodes the pictures once, then trains the transformer on them."""

    def __init__(self, plan: Recipe, where: str) -> None:
        self._plan = plan
        self.data, self._pictures = opened(plan, where)
        tree = {**plan.model, "styles": styles_of(self._pictures)}
        settings = check_settings(ImageDiffusionSettings, tree, where=f"{where} [model]")
        codec = make_codec(settings.codec.kind, settings.codec.name, settings.codec.size)
        _check_size(codec.size, self._pictures.size, where)
        self.model = ImageDiffusion(settings, codec, self._tokens(settings))
        self.model.check(ImageRequest(prompt="a picture"))

    def _tokens(self, settings: ImageDiffusionSettings) -> PromptTokens:
        """Learn the captions' tokens, or take those of the model to start from, with its word vectors."""
        if self._plan.start is not None:
            return PromptTokens.load(find_model(self._plan.start) / TOKENIZER, settings.text.length)
        items = self._pictures.where(split="train").items
        words = [text for item in items for text in (item.caption, " ".join(item.tags))]
        return PromptTokens.train(words, settings.vocabulary, settings.text.length)

    def feed(self, report: Report) -> Feed:
        """Encode all versions of the pictures, or find them encoded."""
        codec: Any = self.model.codec
        training = self._plan.training
        if training.compile and isinstance(codec, KL):
            codec.encoder.compile()

        def encode(pictures: Tensor) -> Tensor:
            with training.autocast(self.model.device.type):
                encoded: Tensor = codec.encode(pictures)
            return encoded.cpu()

        cache = cache_of(self.data, self._pictures, codec)
        return EncodedFeed(self._pictures, self.data, training.seed, encode, cache, report)

    def finish(self) -> None:
        """Nothing is left to do."""

    def judge(self) -> dict[str, float]:
        """Draw what held-out pictures show, and measure how near the results are to them."""
        held = np.setdiff1d(self._pictures.rows, self._pictures.where(split="train").rows)[:JUDGED]
        if len(held) < FEWEST_JUDGED:
            return {}
        items = [self._pictures.all_items[row] for row in held]
        asks = [
            ImageRequest(prompt=item.label, style=item.style, seed=seed) for seed, item in enumerate(items)
        ]
        extractor = open_extractor()
        real = extract(source_of(self._pictures.pictures[held]), extractor).features
        made = extract(
            source_of([result_of(self.model.stream(ask)).images[0] for ask in asks]), extractor
        ).features
        near = density_coverage(made, real)
        return {"kernel_distance": kernel_distance(made, real).value, "coverage": near.coverage.value}

    def look(self, feed: Feed, path: Path) -> None:
        """Draw some captions, two seeds each."""
        batch: CaptionedBatch = (feed.validation(SAMPLES) or [feed.batch(0, SAMPLES)])[0]
        requests = [
            [ImageRequest(prompt=caption, style=style, seed=seed) for seed in range(2)]
            for caption, style in zip(batch.captions, batch.styles, strict=True)
        ]
        save_columns(
            [[result_of(self.model.stream(ask)).images[0] for ask in column] for column in requests], path
        )


class KLTrainee:
    """The autoencoder that makes latents."""

    def __init__(self, plan: Recipe, where: str) -> None:
        self._seed = plan.training.seed
        self.data, self._pictures = opened(plan, where)
        settings = check_settings(KLSettings, plan.model, where=f"{where} [model]")
        _check_size(settings.size, self._pictures.size, where)
        self.model = KL(settings)

    def feed(self, report: Report) -> Feed:
        """Show pictures as they are."""
        return PictureFeed(self._pictures, self.data, self._seed)

    def finish(self) -> None:
        """Measure the latents, so that they come out with unit variance."""
        rows = self._pictures.where(split="train").rows[::8]
        pictures = self._pictures.pictures
        self.model.whiten(torch.stack([torch.from_numpy(pictures[row].copy()) for row in rows]))

    def judge(self) -> dict[str, float]:
        """Leave it to the validation loss."""
        return {}

    def look(self, feed: Feed, path: Path) -> None:
        """Show some pictures above what comes back of them."""
        pictures = (feed.validation(SAMPLES) or [feed.batch(0, SAMPLES)])[0].pictures
        pairs = zip(pictures, self.model.decode(self.model.encode(pictures)), strict=True)
        save_columns([[Image.fromarray(picture.numpy()) for picture in pair] for pair in pairs], path)


class FeatureTrainee:
    """The encoder that pictures are judged with."""

    def __init__(self, plan: Recipe, where: str) -> None:
        self._seed = plan.training.seed
        self.data, self._pictures = opened(plan, where)
        tree = {**plan.model, "styles": styles_of(self._pictures), "damages": list(DAMAGES)}
        settings = check_settings(FeatureSettings, tree, where=f"{where} [model]")
        self.model = FeatureEncoder(settings)

    def feed(self, report: Report) -> Feed:
        """Show pairs of pictures of one thing."""
        settings = self.model.settings
        return PairFeed(self._pictures, settings.size, settings.styles, self._seed)

    def finish(self) -> None:
        """Whiten the features."""
        self.model.whiten(*whitening_pictures(self._pictures, self.model.size))

    def judge(self) -> dict[str, float]:
        """Leave it to the validation loss."""
        return {}

    def look(self, feed: Feed, path: Path) -> None:
        """Save nothing: it makes numbers, no pictures."""


def opened(plan: Recipe, where: str) -> tuple[DataSettings, PictureSet]:
    """Check a recipe's [data] and open its pictures."""
    data = check_settings(DataSettings, plan.data, where=f"{where} [data]")
    return data, open_dataset(data)


def styles_of(pictures: PictureSet) -> list[str]:
    """Return the styles of some pictures, each once."""
    return sorted({item.style for item in pictures.items if item.style})


def _check_size(codec: int, dataset: int, where: str) -> None:
    if codec != dataset:
        raise ConfigError(f"{where}: the codec is for pictures of {codec} px, the dataset has {dataset} px")


def cache_of(data: DataSettings, pictures: PictureSet, codec: Any) -> Path:
    """Name the file of encoded pictures after all that it depends on."""
    drawn = data.augment.model_dump(mode="json", exclude={"plain"})  # how often, not what
    depends = [pictures.summary["sha256"], data.styles, drawn]
    digest = hashlib.sha256(json.dumps(depends).encode())
    if isinstance(codec, nn.Module):
        for value in codec.state_dict().values():
            digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return home() / "encoded" / f"{data.dataset.replace('/', '_')}-{digest.hexdigest()[:16]}"


def save_columns(columns: Sequence[Sequence[Image.Image]], path: Path) -> None:
    """Save a sheet of pictures of one size, column by column."""
    side = columns[0][0].width
    sheet = Image.new("RGB", (side * len(columns), side * len(columns[0])), "white")
    for column, pictures in enumerate(columns):
        for line, picture in enumerate(pictures):
            sheet.paste(picture, (column * side, line * side))
    sheet.save(path)
