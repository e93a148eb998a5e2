"""Fill a transformer from foreign tensors, strictly: all of them, nothing else, every one of them sound."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from fromnoise.codecs.text_tokens import TextTokens
from fromnoise.errors import CheckpointError
from fromnoise.interop.layout import Layout
from fromnoise.models.gpt import GPT, GPTSettings

SHOWN = 8  # names of each kind in a message


class Tensors(Protocol):
    """Named tensors in one file or several; shapes are known before anything is read."""

    @property
    def where(self) -> str:
        """Say where they lie."""
        ...

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Return their names and shapes."""
        ...

    def read(self, name: str) -> Tensor:
        """Return a tensor of real numbers."""
        ...


def assemble(
    tensors: Tensors, settings: GPTSettings, layout: Layout, tokens: TextTokens, ignored: str = r"(?!)"
) -> GPT:
    """Build the model that a layout says; raise CheckpointError naming all that is missing, new or misshapen.

    `ignored` is a pattern of names that may be there and say nothing.
    """
    check_names(tensors, layout, re.compile(ignored))
    with _Unfilled():
        model = GPT(settings, tokens)
    state, broken = model.net.state_dict(), []
    for ours, parts in layout.items():
        start = 0
        for part in parts:
            rows = part.to_ours(tensors.read(part.name))
            state[ours][start : start + len(rows)] = rows
            start += len(rows)
            if not _finite(rows):
                broken.append(part.name)
    if broken:
        raise CheckpointError(f"{tensors.where} holds infinite weights or NaN: {some(broken)}")
    return model.eval()


class _Unfilled(TorchFunctionMode):
    """Leave new tensors as they come instead of filling them with random numbers first."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        options = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init":
            return options["tensor"] if "tensor" in options else args[0]
        return func(*args, **options)


def check_names(tensors: Tensors, layout: Layout, ignored: re.Pattern[str]) -> None:
    """Raise CheckpointError unless the tensors are those of the layout, in name and shape."""
    wanted = {part.name: part.shape for parts in layout.values() for part in parts}
    got = {name: shape for name, shape in tensors.shapes.items() if not ignored.fullmatch(name)}
    misshapen = [
        f"{name} is {got[name]}, not {shape}"
        for name, shape in wanted.items()
        if name in got and tuple(got[name]) != shape
    ]
    problems = {
        "missing": [name for name in wanted if name not in got],
        "unexpected": [name for name in got if name not in wanted],
        "misshapen": misshapen,
    }
    told = [f"{kind}: {some(names)}" for kind, names in problems.items() if names]
    if told:
        raise CheckpointError(f"{tensors.where} doesn't fit its configuration: {'; '.join(told)}")


def _finite(tensor: Tensor) -> bool:
    if tensor.numel() == 0:
        return True
    low, high = torch.aminmax(tensor)  # NaN goes through both
    return math.isfinite(low) and math.isfinite(high)


def some(names: Sequence[str]) -> str:
    """List the first names and count the others."""
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if names[SHOWN:] else "")
