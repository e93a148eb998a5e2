"""Low-rank adaptation (Hu et al. 2021): freeze a network and learn small changes to its linear layers.

Legend: N rows out, K columns in, R rank.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from fromnoise.config import Settings
from fromnoise.errors import ConfigError, unknown

LAYERS = ("qkv", "out", "gate_up", "up", "down")
"""Linear layers of every transformer here that are changed unless others are named."""


class LoraSettings(Settings):
    """How large the changes may be, and where they are made."""

    rank: PositiveInt = 8
    alpha: PositiveFloat = 16.0
    """A change counts alpha / rank times."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of a layer's inputs that the change doesn't see in training."""
    targets: tuple[str, ...] = ()
    """Layers, such as "out", or parts of them, such as "q_proj"; empty: all of attention and feed-forward."""


@dataclass(frozen=True)
class Part:
    """Rows of a layer that are changed by factors of their own."""

    first: int
    rows: int
    rank: int
    scale: float


Rows = Mapping[str, Mapping[str, int]]
"""Layer -> its parts and how many rows each has, one above the other; a layer not listed is one part."""


class LoraLinear(nn.Module):
    """A frozen linear layer and low-rank changes to it: W x + scale B A x (eq. 3)."""

    def __init__(self, linear: nn.Linear, parts: Mapping[str, Part], dropout: float = 0.0) -> None:
        super().__init__()
        self.linear = linear.requires_grad_(False)
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.parts = dict(parts)
        self.dropout = nn.Dropout(dropout)
        new, columns = linear.weight.new_zeros, self.in_features
        # Not called "weight": factors are for AdamW, since Muon would make their small values large.
        self.a = nn.ParameterDict({name: new(part.rank, columns) for name, part in parts.items()})
        self.b = nn.ParameterDict({name: new(part.rows, part.rank) for name, part in parts.items()})
        for factor in self.a.values():
            nn.init.kaiming_uniform_(factor, a=5**0.5)
        self.train(linear.training)

    def forward(self, x: Tensor) -> Tensor:
        """Transform x (..., K)."""
        y: Tensor = self.linear(x)
        seen = self.dropout(x)
        for name, part in self.parts.items():
            change = F.linear(F.linear(seen, self.a[name]), self.b[name]) * part.scale
            y = y + F.pad(change, (part.first, self.out_features - part.first - part.rows))
        return y

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """Return the layer with its changes added to its weights, which are rounded once."""
        weight = self.linear.weight.double()
        for name, part in self.parts.items():
            change = part.scale * (self.b[name].double() @ self.a[name].double())
            weight[part.first : part.first + part.rows] += change
        self.linear.weight.copy_(weight)
        return self.linear


def attach(
    net: nn.Module, settings: LoraSettings, rows: Rows | None = None, within: tuple[str, ...] = ("",)
) -> dict[str, LoraLinear]:
    """Freeze a network and make linear layers changeable, in place; return them by name.

    Only layers whose names begin as one of `within` are. At first they change nothing. Raise ConfigError for
    a target that isn't there.
    """
    rows = rows or {}
    layers = {
        name: layer
        for name, layer in net.named_modules()
        if isinstance(layer, nn.Linear) and name.startswith(within)
    }
    wanted = settings.targets or LAYERS
    known = {word for name in layers for word in (_last(name), *rows.get(name, ()))}
    if strange := [target for target in settings.targets if target not in known]:
        raise ConfigError(unknown("target", strange[0], known))
    net.requires_grad_(False)
    for name, layer in layers.items():
        sizes = rows.get(name, {_last(name): layer.out_features})
        whole = _last(name) in wanted
        parts = {
            part: Part(first, sizes[part], settings.rank, settings.alpha / settings.rank)
            for part, first in _firsts(sizes)
            if whole or part in wanted
        }
        if parts:
            put(net, name, LoraLinear(layer, parts, settings.dropout))
    return adapted(net)


def adapted(net: nn.Module) -> dict[str, LoraLinear]:
    """Return the changed layers by name."""
    return {name: layer for name, layer in net.named_modules() if isinstance(layer, LoraLinear)}


def merge(net: nn.Module) -> None:
    """Add all changes to the weights, in place: the network has its first form again."""
    for name, layer in adapted(net).items():
        put(net, name, layer.merged())


def put(net: nn.Module, name: str, layer: nn.Module) -> None:
    """Put a layer in the place of the one with this name."""
    parent, _, last = name.rpartition(".")
    setattr(net.get_submodule(parent), last, layer)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _firsts(sizes: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    first = 0
    for part, size in sizes.items():
        yield part, first
        first += size
