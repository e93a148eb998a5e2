"""The state of a training on disk: enough to go on as if nothing had happened. Tensors only."""

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from fromnoise.errors import CheckpointError, OutputError
from fromnoise.training.ema import PowerEMA

STATE = "state.safetensors"


def save_state(
    path: Path,
    step: int,
    model: nn.Module,
    ema: PowerEMA,
    optimizers: list[torch.optim.Optimizer],
    best: float,
) -> None:
    """Write all tensors of a training after `step` steps into one file."""
    tensors = {f"model.{name}": parameter.detach() for name, parameter in trained(model).items()}
    tensors |= {f"ema.{name}": value for name, value in ema.weights.items()}
    for index, optimizer in enumerate(optimizers):
        for position, values in optimizer.state_dict()["state"].items():
            prefix = f"optimizer.{index}.{position}"
            tensors |= {f"{prefix}.{key}": torch.as_tensor(value) for key, value in values.items()}
    write_tensors(path, tensors, {"step": str(step), "best": repr(best)})


def write_tensors(path: Path, tensors: dict[str, Tensor], notes: dict[str, str]) -> None:
    """Write a safetensors file whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        save_file({key: value.cpu().contiguous() for key, value in tensors.items()}, partial, notes)
        os.replace(partial, path)
    except SafetensorError as error:  # a full disk, most often
        raise OutputError(f"{path} can't be written: {error}") from None
    finally:
        partial.unlink(missing_ok=True)


def load_state(
    path: Path, model: nn.Module, ema: PowerEMA, optimizers: list[torch.optim.Optimizer]
) -> tuple[int, float]:
    """Read a training back; return the steps done and the best validation loss so far."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            notes = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} can't be read ({error}); start again without --resume") from None
    own = trained(model)
    saved = {key: value.shape for key, value in tensors.items() if key.startswith("model.")}
    if saved != {f"model.{name}": parameter.shape for name, parameter in own.items()}:
        raise CheckpointError(f"{path} is of another model than the recipe's; start again without --resume")
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(tensors[f"model.{name}"])
            ema.weights[name] = tensors[f"ema.{name}"].to(parameter.device)
    for index, optimizer in enumerate(optimizers):
        state = _optimizer_state(tensors, f"optimizer.{index}.")
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return int(notes["step"]), float(notes["best"])


def trained(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that training may change, by name."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def _optimizer_state(tensors: dict[str, Tensor], prefix: str) -> dict[int, dict[str, Any]]:
    state: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        if key.startswith(prefix):
            position, _, name = key.removeprefix(prefix).partition(".")
            state.setdefault(int(position), {})[name] = value
    return state


def append_line(path: Path, values: dict[str, Any]) -> None:
    """Add one JSON line to a log."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(values) + "\n")
