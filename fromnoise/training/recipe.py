"""A recipe: one TOML file that says what is made, from what, and how."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field
from torch import nn

from fromnoise.config import Settings, read_settings
from fromnoise.errors import ConfigError, RequestError, unknown
from fromnoise.registry import Registry
from fromnoise.training.loop import Feed, TrainingSettings

Report = Callable[[int, int], None]
"""(items done, of how many)."""


class Recipe(Settings):
    """A whole run."""

    name: str
    """Name of the model, and of its folder."""
    model: dict[str, Any]
    """`kind` and that kind's settings."""
    start: str | None = None
    """Model to start from, by name or folder: what has the same name and shape there is taken over."""
    data: dict[str, Any] = Field(default_factory=dict)
    """What the kind of model is trained on."""
    training: TrainingSettings = TrainingSettings()


class Trainee(Protocol):
    """A kind of model on its way from a recipe to its folder: (recipe, where it was read from) -> Trainee."""

    model: nn.Module
    """With fresh weights."""
    data: Settings
    """The recipe's [data], checked and complete."""

    def feed(self, report: Report) -> Feed:
        """Prepare the batches, which may take long."""

    def finish(self) -> None:
        """Do what a model needs once, after its training."""

    def judge(self) -> dict[str, float]:
        """Measure what the model makes now, in a minute or less, by name; nothing where nothing is known."""

    def look(self, feed: Feed, path: Path) -> None:
        """Save what the model makes now at `path`, whose suffix it may change, from the same seeds always."""


TRAINEES = Registry(
    "kind",
    {
        "features": "fromnoise.training.pictures:FeatureTrainee",
        "fsq": "fromnoise.training.picture_codes:CodeTrainee",
        "gpt": "fromnoise.training.words:GPTTrainee",
        "image-diffusion": "fromnoise.training.pictures:DiffusionTrainee",
        "image-tokens": "fromnoise.training.picture_tokens:TokensTrainee",
        "kl": "fromnoise.training.pictures:KLTrainee",
        "scorer": "fromnoise.training.scorer:ScorerTrainee",
        "vq": "fromnoise.training.picture_codes:CodeTrainee",
        "text-diffusion": "fromnoise.training.words:TextDiffusionTrainee",
    },
)


def read_recipe(path: Path, overrides: list[str]) -> Recipe:
    """Read a recipe with its `a.b=c` overrides; raise ConfigError for what can be told without the data."""
    plan = read_settings(Recipe, path, overrides)
    if not re.fullmatch(r"\w[\w.-]*", plan.name):
        raise ConfigError(f"{path}: name must be letters, digits, dots and dashes, not {plan.name!r}")
    kind = plan.model.get("kind")
    if kind not in TRAINEES:
        raise ConfigError(f"{path}: [model] {unknown('kind', kind, TRAINEES)}")
    return plan


def build(plan: Recipe, where: str) -> Trainee:
    """Build what the recipe says; `where` is named in errors."""
    try:
        trainee: Trainee = TRAINEES[plan.model["kind"]](plan, where)
    except RequestError as error:  # the defaults of [model.sampling] can't be asked for
        raise ConfigError(f"{where} [model.sampling]: {error}") from None
    return trainee
