"""How a model is fine-tuned: the method, how long, and how fast."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from fromnoise.config import Settings
from fromnoise.nets.lora import LoraSettings
from fromnoise.training.loop import TrainingSettings

LOOKS = 10
"""Validations in the course of a fine-tuning."""
FEWEST_STEPS, MOST_STEPS = 40, 5000

Method = Literal["lora", "full"]


class FineTuneSettings(Settings):
    """What the user may choose; None is chosen by the method and the data."""

    method: Method = "lora"
    lora: LoraSettings = LoraSettings()
    steps: PositiveInt | None = None
    """At most so many; None: `epochs` times through the data."""
    epochs: PositiveFloat = 8.0
    minutes: NonNegativeFloat = 0.0
    """Stop after so long; 0 sets no limit."""
    batch: PositiveInt = 8
    """Rows of texts, or pictures, in a step."""
    length: int = Field(default=256, ge=8)
    """Most tokens in a row of text."""
    lr: PositiveFloat | None = None
    patience: PositiveInt = 3
    """Validations without a better one, after which to stop."""
    seed: NonNegativeInt = 0


class Pace(Settings):
    """Learning rates of a method."""

    lr: float
    """Of AdamW: embeddings and vectors, or all low-rank factors."""
    matrix_lr: float
    """Of Muon: the matrices inside; the low-rank factors are none."""


PACES = {"lora": Pace(lr=1e-3, matrix_lr=1e-3), "full": Pace(lr=3e-4, matrix_lr=3e-3)}


def training_settings(asked: FineTuneSettings, rows: int) -> TrainingSettings:
    """Lay out the training for `rows` rows or pictures to learn from."""
    usual = min(max(FEWEST_STEPS, round(asked.epochs * rows / asked.batch)), MOST_STEPS)
    steps, pace = asked.steps or usual, PACES[asked.method]
    faster = 1.0 if asked.lr is None else asked.lr / pace.lr
    settings = TrainingSettings(
        batch=asked.batch,
        seed=asked.seed,
        lr=pace.lr * faster,
        matrix_lr=pace.matrix_lr * faster,
        cooldown=1.0,
        precision="fp32",
        keep_best=True,
        patience=asked.patience,
        minutes=asked.minutes,
    )
    return spread(settings, steps)


def spread(settings: TrainingSettings, steps: int) -> TrainingSettings:
    """Spread warm-up and looks over so many steps."""
    every = max(1, steps // LOOKS)
    when = {
        "validate_every": every,
        "save_every": every,
        "sample_every": steps,
        "warmup": max(1, steps // 20),
    }
    return settings.model_copy(update={"steps": steps, **when})
