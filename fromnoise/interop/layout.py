"""Whose tensor is which: how the tensors of another layout make up those of our transformer, and back.

Legend: D width, E width of a head.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from fromnoise.nets.transformer import TransformerSettings


@dataclass(frozen=True)
class Part:
    """A tensor of theirs that makes some rows of one of ours."""

    name: str
    shape: tuple[int, ...]
    transposed: bool = False
    """Whether the matrix lies as (in, out)."""
    pairs: int = 0
    """Heads whose rows lie pair by pair, as GGUF has them for Llama; 0: all first halves, then the second."""

    def to_ours(self, tensor: Tensor) -> Tensor:
        """Turn theirs into rows of ours."""
        if self.pairs:
            return tensor.view(self.pairs, -1, 2, *tensor.shape[1:]).transpose(1, 2).reshape(tensor.shape)
        return tensor.T if self.transposed else tensor

    def to_theirs(self, rows: Tensor) -> Tensor:
        """Turn rows of ours into theirs."""
        if self.pairs:
            return rows.view(self.pairs, 2, -1, *rows.shape[1:]).transpose(1, 2).reshape(rows.shape)
        return rows.T if self.transposed else rows


Layout = Mapping[str, tuple[Part, ...]]
"""Our tensor -> those of theirs that make it, one above the other."""


@dataclass(frozen=True)
class Naming:
    """What another layout calls the parts of a transformer, and how it stores them."""

    names: Mapping[str, str]
    """Part -> name, {} where the layer's number goes; without "q" its queries, keys and values are one."""
    transposed: bool = False
    paired: bool = False

    def part(self, role: str, layer: int, kind: str, shape: tuple[int, ...], heads: int = 0) -> Part:
        """Describe one tensor: the `kind` (weight or bias) of a part of a layer."""
        name = f"{self.names[role].format(layer)}.{kind}"
        inner = role not in ("words", "places", "logits_out") and len(shape) == 2
        if self.transposed and inner:
            return Part(name, shape[::-1], transposed=True)
        return Part(name, shape, pairs=heads if self.paired else 0)


NamingOf = Callable[[Container[str]], Naming]
"""Choose a naming by the names that are there."""


def layout_of(settings: TransformerSettings, naming: Naming) -> Layout:
    """Return the table of all tensors of a transformer; its settings must say how wide `hidden` is."""
    s = settings
    table: dict[str, tuple[Part, ...]] = {}
    table["words.weight"] = (naming.part("words", 0, "weight", (s.vocabulary, s.width)),)
    if s.positions == "learned":
        table["places.weight"] = (naming.part("places", 0, "weight", (s.length, s.width)),)
    for layer in range(s.depth):
        table |= {f"blocks.{layer}.{name}": parts for name, parts in _block(s, naming, layer)}
    table |= dict(_norm(s, naming, "norm_last", "norm_last", 0))
    if not s.tied:
        table["logits_out.weight"] = (naming.part("logits_out", 0, "weight", (s.vocabulary, s.width)),)
    return table


Entries = Iterator[tuple[str, tuple[Part, ...]]]


def _block(s: TransformerSettings, naming: Naming, layer: int) -> Entries:
    queries, keys = s.heads * s.head, s.shared * s.head
    yield from _norm(s, naming, "norm1", "norm1", layer)
    rows = {"q": queries, "k": keys, "v": keys} if "q" in naming.names else {"qkv": queries + 2 * keys}
    yield from _linear(s, naming, "attention.qkv", rows, s.width, s.bias, layer)
    yield from _linear(s, naming, "attention.out", {"out": s.width}, queries, s.bias, layer)
    if s.qk_norm:
        for name in ("q_norm", "k_norm"):
            yield f"attention.{name}.gain", (naming.part(name, layer, "weight", (s.head,)),)
    yield from _norm(s, naming, "norm2", "norm2", layer)
    hidden, gated = s.hidden or 0, s.feed_forward == "swiglu"
    rows = {"gate": hidden, "up": hidden} if gated else {"up": hidden}
    biased = s.bias and not gated
    yield from _linear(s, naming, "mlp.gate_up" if gated else "mlp.up", rows, s.width, biased, layer)
    yield from _linear(s, naming, "mlp.down", {"down": s.width}, hidden, biased, layer)


def _linear(
    s: TransformerSettings,
    naming: Naming,
    ours: str,
    rows: Mapping[str, int],
    columns: int,
    bias: bool,
    layer: int,
) -> Entries:
    heads = {"q": s.heads, "k": s.shared}
    shapes: dict[str, Callable[[int], tuple[int, ...]]] = {"weight": lambda count: (count, columns)}
    if bias:
        shapes["bias"] = lambda count: (count,)
    for kind, shape in shapes.items():
        yield (
            f"{ours}.{kind}",
            tuple(naming.part(role, layer, kind, shape(rows[role]), heads.get(role, 0)) for role in rows),
        )


def _norm(s: TransformerSettings, naming: Naming, ours: str, role: str, layer: int) -> Entries:
    kinds = {"gain": "weight"} if s.norm == "rms" else {"weight": "weight", "bias": "bias"}
    for own, kind in kinds.items():
        yield f"{ours}.{own}", (naming.part(role, layer, kind, (s.width,)),)


def taken_apart(state: Mapping[str, Tensor], layout: Layout) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of another layout, by name, from a transformer's own."""
    for ours, parts in layout.items():
        sizes = [part.shape[1] if part.transposed else part.shape[0] for part in parts]
        rows = torch.split(state[ours].detach().float().cpu(), sizes)
        for part, own in zip(parts, rows, strict=True):
            yield part.name, part.to_theirs(own).contiguous()
