"""From a recipe to a model without training and the batches to train it on."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from fromnoise.codecs.bpe import PromptTokens
from fromnoise.codecs.kl import KL, KLSettings
from fromnoise.config import Settings, check_settings, read_settings
from fromnoise.data.damage import DAMAGES
from fromnoise.data.dataset import PictureSet
from fromnoise.data.feed import DataSettings, EncodedFeed, PictureFeed
from fromnoise.data.pairs import PairFeed
from fromnoise.errors import ConfigError, RequestError, unknown
from fromnoise.home import home
from fromnoise.models.checkpoint import TOKENIZER, make_codec
from fromnoise.models.features import FeatureEncoder, FeatureSettings
from fromnoise.models.image_diffusion import ImageDiffusion
from fromnoise.models.image_settings import ImageDiffusionSettings
from fromnoise.models.store import find_model
from fromnoise.requests import ImageRequest
from fromnoise.training.loop import Feed, TrainingSettings

Report = Callable[[int, int], None]
"""(pictures done, of how many)."""
Model = ImageDiffusion | KL | FeatureEncoder
Built = tuple[Model, Callable[[], Feed]]
"""A model with fresh weights and what prepares its batches, which may take long."""


class Recipe(Settings):
    """A whole run: what is made, from what, and how."""

    name: str
    """Name of the model, and of its folder."""
    model: dict[str, Any]
    """`kind` and that kind's settings."""
    start: str | None = None
    """Model to start from, by name or folder: what has the same name and shape there is taken over."""
    data: DataSettings = DataSettings()
    training: TrainingSettings = TrainingSettings()


def read_recipe(path: Path, overrides: list[str]) -> Recipe:
    """Read a recipe with its `a.b=c` overrides; raise ConfigError for what can be told without the data."""
    plan = read_settings(Recipe, path, overrides)
    if not re.fullmatch(r"\w[\w.-]*", plan.name):
        raise ConfigError(f"{path}: name must be letters, digits, dots and dashes, not {plan.name!r}")
    kind = plan.model.get("kind")
    if kind not in BUILDERS:
        raise ConfigError(f"{path}: [model] {unknown('kind', kind, BUILDERS)}")
    return plan


def build(plan: Recipe, pictures: PictureSet, where: str, report: Report) -> Built:
    """Build what the recipe says; `where` is named in errors."""
    try:
        return BUILDERS[plan.model["kind"]](plan, pictures, where, report)
    except RequestError as error:  # the defaults of [model.sampling] don't make a picture
        raise ConfigError(f"{where} [model.sampling]: {error}") from None


def _build_image_diffusion(plan: Recipe, pictures: PictureSet, where: str, report: Report) -> Built:
    tree = {**plan.model, "styles": _styles(pictures)}
    settings = check_settings(ImageDiffusionSettings, tree, where=f"{where} [model]")
    codec = make_codec(settings.codec.kind, settings.codec.name, settings.codec.size)
    _check_size(codec.size, pictures.size, where)
    tokens = _prompt_tokens(plan, settings, pictures)
    model = ImageDiffusion(settings, codec, tokens)
    model.check(ImageRequest(prompt="a picture"))

    def encode(pictures: Tensor) -> Tensor:
        with plan.training.autocast(model.device.type):
            encoded: Tensor = codec.encode(pictures)
        return encoded.cpu()

    def feed() -> Feed:
        cache = _cache(plan, pictures, codec)
        if plan.training.compile and isinstance(codec, KL):
            codec.encoder.compile()
        return EncodedFeed(pictures, plan.data, plan.training.seed, encode, cache, report)

    return model, feed


def _prompt_tokens(plan: Recipe, settings: ImageDiffusionSettings, pictures: PictureSet) -> PromptTokens:
    """Learn the captions' tokens, or take those of the model to start from, with its word vectors."""
    if plan.start is not None:
        return PromptTokens.load(find_model(plan.start) / TOKENIZER, settings.text.length)
    items = pictures.where(split="train").items
    words = [text for item in items for text in (item.caption, " ".join(item.tags))]
    return PromptTokens.train(words, settings.vocabulary, settings.text.length)


def _build_kl(plan: Recipe, pictures: PictureSet, where: str, report: Report) -> Built:
    settings = check_settings(KLSettings, plan.model, where=f"{where} [model]")
    _check_size(settings.size, pictures.size, where)
    return KL(settings), lambda: PictureFeed(pictures, plan.data, plan.training.seed)


def _build_features(plan: Recipe, pictures: PictureSet, where: str, report: Report) -> Built:
    tree = {**plan.model, "styles": _styles(pictures), "damages": list(DAMAGES)}
    settings = check_settings(FeatureSettings, tree, where=f"{where} [model]")
    feed = PairFeed(pictures, settings.size, settings.styles, plan.training.seed)
    return FeatureEncoder(settings), lambda: feed


BUILDERS = {"features": _build_features, "image-diffusion": _build_image_diffusion, "kl": _build_kl}
"""Kind of model -> what builds it from a recipe."""


def _styles(pictures: PictureSet) -> list[str]:
    return sorted({item.style for item in pictures.items if item.style})


def _check_size(codec: int, dataset: int, where: str) -> None:
    if codec != dataset:
        raise ConfigError(f"{where}: the codec is for pictures of {codec} px, the dataset has {dataset} px")


def _cache(plan: Recipe, pictures: PictureSet, codec: Any) -> Path:
    """Name the file of encoded pictures after all that it depends on."""
    drawn = plan.data.augment.model_dump(mode="json", exclude={"plain"})  # how often, not what
    depends = [pictures.summary["sha256"], plan.data.styles, drawn]
    digest = hashlib.sha256(json.dumps(depends).encode())
    if isinstance(codec, nn.Module):
        for value in codec.state_dict().values():
            digest.update(_bytes(value))
    return home() / "encoded" / f"{plan.data.dataset.replace('/', '_')}-{digest.hexdigest()[:16]}"


def _bytes(value: Tensor) -> bytes:
    return value.detach().cpu().contiguous().numpy().tobytes()
