"""One fine-tuning, from the base model to the report: measure, train, measure again."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from fromnoise.interop.peft import write_adapter
from fromnoise.nets.lora import Rows, attach, merge
from fromnoise.training.curves import draw_curves
from fromnoise.training.finetuning.counted import Counted, needed
from fromnoise.training.finetuning.findings import Sides, in_words, judged
from fromnoise.training.finetuning.pace import in_time
from fromnoise.training.finetuning.settings import FineTuneSettings, training_settings
from fromnoise.training.loop import LOG, Feed, Training
from fromnoise.training.state import trained
from fromnoise.training.watch import watch

ADAPTER, CURVES = "adapter", "curves.svg"
FORMAT = 1


class Tuning(Protocol):
    """A kind of model and its data: all that fine-tuning knows of them."""

    counted: Counted
    digest: str
    """Of the data."""
    measure_name: str
    layers: tuple[str, ...]
    """How the names of the parts begin that may learn."""

    @property
    def rows(self) -> Rows:
        """Return which layers are several in the layouts of others."""

    @property
    def amount(self) -> int:
        """Return how many rows or pictures there are to learn from."""

    def feed(self) -> Feed:
        """Prepare the batches."""

    def remember(self) -> str:
        """Choose, with the base model in place, by what forgetting is measured; say what that is."""

    def measure(self) -> Sides:
        """Measure the model as it is now on `train`, `held_out` and, where there is something, `kept`."""

    def copies(self) -> dict[str, Any]:
        """Look for what was learnt by heart; empty where nothing can be said."""


@dataclass(frozen=True)
class Run:
    """A model made ready to learn, and all that its training goes by."""

    model: nn.Module
    base: str
    tuning: Tuning
    asked: FineTuneSettings
    parameters: int
    too_little: str | None
    """What is wrong with the data, where the user goes on all the same."""

    def plan(self) -> str:
        """Return what a training that was cut off must have in common with this one to go on."""
        plan = [self.asked.model_dump(mode="json"), _weights_digest(self.model), self.tuning.digest]
        return json.dumps(plan)

    def to(self, work: Path, progress: bool) -> dict[str, Any]:
        """Train in the folder `work`, leave the best weights in the model, and return the report."""
        started = time.monotonic()
        self.model.eval()
        kept_by = self.tuning.remember()
        before = self.tuning.measure()
        torch.manual_seed(self.asked.seed)
        open_up(self.model, self.tuning, self.asked)
        training = self._trained(work, progress)
        if self.asked.method == "lora":
            write_adapter(self.model, work / ADAPTER, self.base, self.asked.lora.dropout)
            merge(self.model)
        self.model.requires_grad_(True)
        after, copies = self.tuning.measure(), self.tuning.copies()
        report = {
            "format": FORMAT,
            "base": self.base,
            "method": self.asked.method,
            "settings": training.settings.model_dump(mode="json")
            | {"lora": self.asked.lora.model_dump(mode="json") if self.asked.method == "lora" else None},
            "data": _data(self.tuning),
            "needed": needed(self.asked.method, self.tuning.counted.unit, self.parameters),
            "too_little": self.too_little,
            "trained_parameters": self.parameters,
            "of_parameters": sum(parameter.numel() for parameter in self.model.parameters()),
            "steps": training.step,
            "best_step": training.kept.step,
            "curve": _curve(work / LOG),
            "seconds": round(time.monotonic() - started, 1),
            "measure": self.tuning.measure_name,
            "before": before,
            "after": after,
            **judged(before, after),
            "forgetting_measured_on": kept_by,
            "copies": copies,
        }
        return report | {"words": in_words(report)}

    def _trained(self, work: Path, progress: bool) -> Training:
        feed = self.tuning.feed()
        settings = training_settings(self.asked, self.tuning.amount)
        training = Training(self.model, feed, in_time(settings, self.model, feed, work), work)
        training.resume()

        def look(step: int) -> None:
            draw_curves(work / LOG, work / CURVES)

        if progress:
            watch(training, look, resume="the same command goes on")
        else:
            training.run(lambda news: None, look)
        look(training.step)
        training.settle()
        return training


def open_up(model: nn.Module, tuning: Tuning, asked: FineTuneSettings) -> int:
    """Make trainable what the method trains; return how many numbers that are."""
    model.requires_grad_(False)
    if asked.method == "lora":
        attach(model, asked.lora, tuning.rows, tuning.layers)
    else:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith(tuning.layers))
    return sum(parameter.numel() for parameter in trained(model).values())


def _weights_digest(model: nn.Module) -> str:
    known = str(getattr(model, "weights_sha256", ""))
    if known:
        return known
    digest = hashlib.sha256()
    for value in model.state_dict().values():
        digest.update(value.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _data(tuning: Tuning) -> dict[str, Any]:
    counted = asdict(tuning.counted)
    return {**counted, "notes": list(counted["notes"]), "sha256": tuning.digest}


def _curve(log: Path) -> list[dict[str, float]]:
    """Return the validations, in order; one that was made again counts as it was last."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    steps = {line["step"]: line for line in lines if "validation_loss" in line}
    wanted = ("step", "loss", "validation_loss")
    return [{key: line[key] for key in wanted if key in line} for _, line in sorted(steps.items())]
