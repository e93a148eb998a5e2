"""The weights that did best on held-out data, kept in a file."""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import nn

from fromnoise.errors import CheckpointError
from fromnoise.training.state import trained, write_tensors

BEST = "best.safetensors"


@dataclass
class Best:
    """The lowest validation loss so far, and the weights it was measured with."""

    path: Path
    loss: float = math.inf
    step: int = 0

    def offer(self, model: nn.Module, loss: float, step: int) -> None:
        """Keep the weights that the model has now if none did as well."""
        if not loss < self.loss:
            return
        tensors = {name: parameter.detach() for name, parameter in trained(model).items()}
        write_tensors(self.path, tensors, {"loss": repr(loss), "step": str(step)})
        self.loss, self.step = loss, step

    def resume(self) -> None:
        """Find what was kept before."""
        if self.path.exists():
            try:
                with safe_open(self.path, framework="pt") as file:
                    notes = file.metadata() or {}
            except (SafetensorError, OSError) as error:
                raise CheckpointError(f"{self.path} can't be read ({error}); start again") from None
            self.loss, self.step = float(notes["loss"]), int(notes["step"])

    @torch.no_grad()
    def restore(self, model: nn.Module) -> None:
        """Give the model the kept weights; without any it stays as it is."""
        if self.path.exists():
            tensors = load_file(self.path)
            for name, parameter in trained(model).items():
                parameter.copy_(tensors[name])
