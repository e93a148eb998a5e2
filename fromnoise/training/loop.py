"""The training loop, the same for every model: it knows a loss and nothing else of what is trained."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn

from fromnoise.config import Settings
from fromnoise.errors import FromNoiseError
from fromnoise.seeds import Seeds
from fromnoise.training.best import BEST, Best
from fromnoise.training.ema import PowerEMA
from fromnoise.training.interrupts import patient
from fromnoise.training.optimizers import Muon, split_parameters
from fromnoise.training.schedules import warm_hold_cool
from fromnoise.training.state import STATE, append_line, load_state, save_state

VALIDATION_SEED = 1234
LOG = "log.jsonl"
PLAIN_NEWS = 4
"""Entries of a line that says nothing but that a step was made."""


class TrainingSettings(Settings):
    """How long, how fast and how safely to train."""

    steps: PositiveInt = 10_000
    batch: PositiveInt = 128
    seed: NonNegativeInt = 0
    lr: PositiveFloat = 0.002
    """Learning rate of AdamW: embeddings, vectors and the layers that touch the data."""
    matrix_lr: PositiveFloat = 0.02
    """Learning rate of Muon: the matrices inside."""
    weight_decay: NonNegativeFloat = 0.01
    warmup: NonNegativeInt = 100
    """Steps until the learning rate is whole."""
    cooldown: float = Field(default=0.4, ge=0, le=1)
    """Share of the steps over which it falls to 0 at the end."""
    clip: PositiveFloat = 1.0
    """Largest norm of the gradient."""
    ema_length: float = Field(default=0.06, gt=0, lt=0.28)
    """Window of the average that is kept, as a share of the training."""
    precision: Literal["bf16", "fp32"] = "bf16"
    compile: bool = False
    validate_every: PositiveInt = 250
    judge_every: NonNegativeInt = 0
    """Steps between two short evaluations of what the model makes; 0 makes none."""
    sample_every: PositiveInt = 1000
    save_every: PositiveInt = 250
    keep_best: bool = False
    """Keep the weights with the lowest validation loss instead of the last ones."""
    patience: NonNegativeInt = 0
    """Validations without a better one, after which to stop; 0 goes on to the end. Needs keep_best."""
    minutes: NonNegativeFloat = 0.0
    """Stop after so long; 0 sets no limit."""

    def autocast(self, device: str) -> contextlib.AbstractContextManager[Any]:
        """Return the context in which networks compute at the chosen precision; weights stay in 32 bits."""
        if self.precision == "bf16":
            return torch.autocast(device, torch.bfloat16)
        return contextlib.nullcontext()


class Trainable(Protocol):
    """All the loop knows of a model."""

    def loss(self, batch: Any, seeds: Seeds) -> Tensor:
        """Return the loss of each item, (B,)."""


class Feed(Protocol):
    """All the loop knows of the data."""

    def batch(self, step: int, size: int) -> Any:
        """Return the batch of a step: a function of the step alone."""

    def validation(self, size: int) -> Sequence[Any]:
        """Return held-out batches, always the same; none when nothing is held out."""


Report = Callable[[dict[str, float]], None]
Judge = Callable[[], dict[str, float]]
"""Measure what the model makes now, by name."""


class Training:
    """One run in one folder: state.safetensors to go on from, log.jsonl to look at."""

    def __init__(self, model: nn.Module, feed: Feed, settings: TrainingSettings, folder: Path) -> None:
        self.model, self.feed, self.settings, self.folder = model, feed, settings, folder
        self.device = next(model.parameters()).device
        matrices, rest = split_parameters(model)
        self.optimizers: list[torch.optim.Optimizer] = []
        if matrices:  # there are none among low-rank factors
            self.optimizers.append(Muon(matrices, settings.matrix_lr, weight_decay=settings.weight_decay))
        if rest:
            self.optimizers.append(torch.optim.AdamW(rest, settings.lr, betas=(0.9, 0.98), weight_decay=0.0))
        self._rates = [optimizer.defaults["lr"] for optimizer in self.optimizers]
        self.ema = PowerEMA(model, settings.ema_length)
        self.step, self.best = 0, math.inf
        self.kept = Best(folder / BEST)

    def resume(self) -> None:
        """Go back to the last saved state of this folder; without one, start at the beginning."""
        if (self.folder / STATE).exists():
            self.step, self.best = load_state(self.folder / STATE, self.model, self.ema, self.optimizers)
            self.kept.resume()

    def run(self, report: Report, look: Callable[[int], None], judge: Judge = dict) -> None:
        """Train to the end; `look(step)` and `judge()` are called with the averaged weights in place.

        Ctrl-C waits for the end of the step and saves the state before it raises KeyboardInterrupt.
        """
        with patient() as interrupted:
            for _ in self._steps(report, look, judge):
                if interrupted():
                    self.save()
                    raise KeyboardInterrupt

    def save(self) -> None:
        """Write the state to go on from."""
        save_state(self.folder / STATE, self.step, self.model, self.ema, self.optimizers, self.best)

    def _steps(self, report: Report, look: Callable[[int], None], judge: Judge) -> Iterator[None]:
        """Make one step after another, with all that is due after each."""
        settings = self.settings
        started, first = time.monotonic(), self.step
        if settings.keep_best and not self.step:  # what there was before may stay the best
            with self.averaged():
                append_line(self.folder / LOG, {"step": 0.0, **self._validate()})
        while self.step < settings.steps and not self._stale():
            loss = self._one_step()
            news = {"step": float(self.step), "loss": loss, "seconds": time.monotonic() - started}
            news["items_per_second"] = (self.step - first) * settings.batch / max(news["seconds"], 1e-9)
            late = bool(settings.minutes) and news["seconds"] >= 60 * settings.minutes
            done = late or self.step == settings.steps
            if done or self.step % settings.validate_every == 0:
                with self.averaged():
                    news |= self._validate()
                done = done or self._stale()
            if settings.judge_every and (done or self.step % settings.judge_every == 0):
                with self.averaged():
                    news |= judge()
            if done or len(news) > PLAIN_NEWS or self.step % 25 == 0:
                append_line(self.folder / LOG, news)
            report(news)
            if done or self.step % settings.save_every == 0:
                self.save()
            if done or self.step % settings.sample_every == 0:
                with self.averaged():
                    look(self.step)
            yield
            if late:
                return

    def _stale(self) -> bool:
        """Tell whether nothing became better for as long as there is patience."""
        waited = (self.step - self.kept.step) // self.settings.validate_every
        return 0 < self.settings.patience <= waited and math.isfinite(self.kept.loss)

    def settle(self) -> None:
        """Give the model what is to be kept of a training that is over: its best weights or averages."""
        self.ema.swap(self.model)
        if self.settings.keep_best:
            self.kept.restore(self.model)
        self.model.eval()

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averaged weights in place for a while."""
        self.ema.swap(self.model)
        self.model.eval()
        try:
            yield
        finally:
            self.model.train()
            self.ema.swap(self.model)

    def _one_step(self) -> float:
        settings = self.settings
        factor = warm_hold_cool(self.step, settings.steps, settings.warmup, settings.cooldown)
        for optimizer, lr in zip(self.optimizers, self._rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = lr * factor
        batch = self.feed.batch(self.step, settings.batch)
        seeds = Seeds.for_step(settings.seed, self.step, settings.batch)
        self.model.train()
        with self.settings.autocast(self.device.type):
            loss: Tensor = self.model.loss(batch, seeds).mean()  # type: ignore[operator]
        value = float(loss.detach())
        if not math.isfinite(value):
            remedy = "resume with a lower lr and matrix_lr"
            raise FromNoiseError(f"the loss became {value} at step {self.step}; {remedy}")
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([p for p in self.model.parameters() if p.requires_grad], settings.clip)
        for optimizer in self.optimizers:
            optimizer.step()
        self.ema.update(self.model, self.step)
        self.step += 1
        return value

    def _validate(self) -> dict[str, float]:
        """Return the mean loss on held-out data, at the same noise every time; nothing when there is none."""
        losses = []
        with torch.no_grad(), self.settings.autocast(self.device.type):
            for index, batch in enumerate(self.feed.validation(self.settings.batch)):
                seeds = Seeds.for_step(VALIDATION_SEED, index, len(batch))
                losses.append(self.model.loss(batch, seeds).float())  # type: ignore[operator]
        if not losses:
            return {}
        mean = float(torch.cat(losses).mean())
        self.best = min(self.best, mean)
        if self.settings.keep_best:
            self.kept.offer(self.model, mean, self.step)
        return {"validation_loss": mean}
