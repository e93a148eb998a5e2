"""How many steps there is time for, so that the learning rate comes down and looks are taken in time."""

import json
import time
from pathlib import Path

import torch
from torch import nn

from fromnoise.files import write_all
from fromnoise.seeds import Seeds
from fromnoise.training.finetuning.settings import LOOKS, spread
from fromnoise.training.loop import Feed, TrainingSettings

STEPS = "steps.json"
TRIED = 3  # steps; the first one is slower
SHARE = 0.9
"""Of the time; the rest is for what takes longer than it was when tried."""
FEWEST = 4


def in_time(settings: TrainingSettings, model: nn.Module, feed: Feed, work: Path) -> TrainingSettings:
    """Return the settings with as many steps as fit into their minutes, found once a training."""
    if not settings.minutes:
        return settings
    kept = work / STEPS
    if kept.exists():
        return spread(settings, int(json.loads(kept.read_text(encoding="utf-8"))))
    rest = SHARE * 60 * settings.minutes - LOOKS * _seconds_a_look(settings, model, feed)
    steps = min(settings.steps, max(FEWEST, int(rest / _seconds_a_step(settings, model, feed))))
    write_all({kept: json.dumps(steps).encode()})
    return spread(settings, steps)


def _seconds_a_step(settings: TrainingSettings, model: nn.Module, feed: Feed) -> float:
    """Time some steps whose gradients are thrown away."""
    model.train()
    started = time.monotonic()
    for step in range(TRIED):
        if step == 1:
            started = time.monotonic()
        seeds = Seeds.for_step(settings.seed, step, settings.batch)
        model.loss(feed.batch(step, settings.batch), seeds).mean().backward()  # type: ignore[operator]
    model.zero_grad(set_to_none=True)
    return (time.monotonic() - started) / (TRIED - 1)


@torch.no_grad()
def _seconds_a_look(settings: TrainingSettings, model: nn.Module, feed: Feed) -> float:
    batches = feed.validation(settings.batch)
    started = time.monotonic()
    for batch in batches[:1]:
        model.loss(batch, Seeds.for_step(settings.seed, 0, len(batch)))  # type: ignore[operator]
    return (time.monotonic() - started) * len(batches)
