"""One more token, quickly: the same transformer on the CPU, without the ceremony of its modules.

A token passes some thirty small operations a layer, and calling them costs as much as the products with
the weights. Here every weight is at hand, a layer's keys and values are written at once, and what adds up
stays in 32 bits. A test holds it to Transformer.forward.
Legend: B sequences, L new tokens, D width, H query heads, K key-value heads, E width of a head.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fromnoise.nets.cache import Cache
from fromnoise.nets.layers import RMSNorm, SwiGLU
from fromnoise.nets.quantised import mixing
from fromnoise.nets.transformer import GELU, GroupedAttention, Transformer, TransformerBlock

Map = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Layer:
    """What one block does to vectors (B L, D), or to heads (B L, H + 2K, E)."""

    norm1: Map
    qkv: Map
    heads: Map | None
    """Norm of queries and keys."""
    out: Map
    norm2: Map
    mlp: Map


class Step:
    """Read a token more of each sequence of a cache, or a few."""

    def __init__(self, net: Transformer, cache: Cache) -> None:
        self.net, self.cache = net, cache
        s, kind = net.settings, _kind(net)
        self.heads, self.groups, self.head = s.heads, s.shared, s.head
        self.layers = [_layer(block, kind) for block in net.blocks]
        self.norm_last = _norm(net.norm_last, kind)
        queries = torch.full((s.heads, s.head), s.head**-0.5)
        self.scale = torch.cat([queries, torch.ones(2 * s.shared, s.head)])
        """What softmax asks queries to be divided by, (H + 2K, E)."""

    def __call__(self, ids: Tensor) -> Tensor:
        """Return the last layer's vectors (B, L, D) for the next ids (B, L)."""
        batch, length = ids.shape
        places = self.cache.lengths[:, None] + torch.arange(length)  # (B, L)
        x = F.embedding(ids, self.net.words.weight).flatten(0, 1).float()  # (B L, D)
        if self.net.places is not None:
            x = x + self.net.places(places.flatten())
        turn, mask = self._turn(places), self._mask(length)
        slots, keys, values = self._memory(length)
        for place, layer in enumerate(self.layers):
            heads = layer.qkv(layer.norm1(x)).float().view(batch * length, -1, self.head)
            if layer.heads is not None:
                heads = layer.heads(heads)
            heads = _turned(heads, self.scale, turn)
            q, new = heads.split_with_sizes([self.heads, 2 * self.groups], 1)
            self._write(slots[place], new.view(batch, length, 2, self.groups, self.head), places)
            q = q.view(batch, length, self.groups, -1, self.head).transpose(1, 2)
            q = q.reshape(batch * self.groups, -1, self.head)  # all that share a key are rows
            scores = torch.bmm(q, keys[place]) if mask is None else torch.baddbmm(mask, q, keys[place])
            mixed = torch.bmm(scores.softmax(-1), values[place]).view(batch, self.groups, length, -1)
            x.add_(layer.out(mixed.transpose(1, 2).reshape(batch * length, -1)))
            x.add_(layer.mlp(layer.norm2(x)))
        self.cache.advance(length)
        return self.norm_last(x).view(batch, length, -1)

    def _turn(self, places: Tensor) -> tuple[Tensor, Tensor] | None:
        """Return cosines and sines of heads (B L, H + 2K, E): queries scaled, values left alone."""
        rotary = self.net.rotary
        if rotary is None:
            return None
        rows = places[:1, 0] if self.cache.even and places.shape[1] == 1 else places.flatten()
        still, turned = (0, 0, 0, self.groups), self.heads + self.groups
        cosines = F.pad(rotary.cosines[rows][:, None].expand(-1, turned, -1), still, value=1.0)
        sines = F.pad(rotary.sines[rows][:, None].expand(-1, turned, -1), still)
        return cosines * self.scale, sines * self.scale

    def _mask(self, length: int) -> Tensor | None:
        """Return what is added to scores (B K, L H / K, keys) where some keys may not be seen."""
        seen = self.cache.mask(length)  # (B or 1, 1, L, keys)
        if seen is None:
            return None
        added = torch.zeros(seen.shape).masked_fill_(~seen, -torch.inf)
        rows = added.repeat_interleave(self.heads // self.groups, 2)
        return rows.expand(len(self.cache.lengths), self.groups, -1, -1).flatten(0, 1)

    def _memory(self, length: int) -> tuple[Sequence[Tensor], Sequence[Tensor], Sequence[Tensor]]:
        """Return every layer's place for the tokens, its keys (B K, E, keys) and values (B K, keys, E)."""
        pairs, used = self.cache.pairs, self.cache.used
        flat = pairs.flatten(2, 3)[:, :, :, : used + length]
        slots = pairs[:, :, :, :, used : used + length] if self.cache.even else pairs
        return slots.unbind(0), flat[:, 0].transpose(-1, -2).unbind(0), flat[:, 1].unbind(0)

    def _write(self, slot: Tensor, new: Tensor, places: Tensor) -> None:
        """Write keys and values (B, L, 2, K, E)."""
        if self.cache.even:
            slot.copy_(new.permute(2, 0, 3, 1, 4))
        else:
            rows = torch.arange(len(new))[:, None]
            slot[:, rows, :, places] = new.to(slot.dtype)


def _turned(heads: Tensor, scale: Tensor, turn: tuple[Tensor, Tensor] | None) -> Tensor:
    """Scale queries and turn them and the keys, among heads (B L, H + 2K, E)."""
    if turn is None:
        return heads * scale
    return torch.addcmul(heads * turn[0], heads.roll(heads.shape[-1] // 2, -1), turn[1])


def _kind(net: Transformer) -> torch.dtype:
    """Return what linear layers take."""
    return net.words.weight.dtype


def _layer(block: nn.Module, kind: torch.dtype) -> Layer:
    assert isinstance(block, TransformerBlock)
    attention = block.attention
    out = mixing(attention.out)
    return Layer(
        norm1=_norm(block.norm1, kind),
        qkv=mixing(attention.qkv),
        heads=_heads_norm(attention) if attention.normed else None,
        out=out if kind == torch.float32 else lambda x: out(x.to(kind)),
        norm2=_norm(block.norm2, kind),
        mlp=_feed_forward(block.mlp),
    )


def _norm(norm: nn.Module, kind: torch.dtype) -> Map:
    """Return a norm of x (B L, D), 32 bits, as `kind`."""
    if isinstance(norm, nn.LayerNorm):
        width, weight, bias, eps = norm.normalized_shape, norm.weight.float(), norm.bias.float(), norm.eps
        return lambda x: F.layer_norm(x, width, weight, bias, eps).to(kind)
    assert isinstance(norm, RMSNorm) and norm.gain is not None
    gain, least = _rms(norm)
    if kind == torch.float32:
        return lambda x: (x * gain).div_(torch.hypot(torch.linalg.vector_norm(x, 2, -1, True), least))
    return lambda x: (x * gain).div_(torch.hypot(torch.linalg.vector_norm(x, 2, -1, True), least)).to(kind)


def _rms(norm: RMSNorm) -> tuple[Tensor, Tensor]:
    """Return g and c so that the norm of x is g x / hypot(|x|, c); three operations are saved so."""
    assert norm.gain is not None
    width = norm.gain.numel()
    return norm.gain.detach().float() * width**0.5, torch.tensor((width * norm.eps) ** 0.5)


def _heads_norm(attention: GroupedAttention) -> Map:
    """Return a norm of queries and keys among heads (B L, H + 2K, E); values stay."""
    (q_gain, least), (k_gain, _) = _rms(attention.q_norm), _rms(attention.k_norm)
    normed = attention.heads + attention.groups
    gains = torch.cat([q_gain.expand(attention.heads, -1), k_gain.expand(attention.groups, -1)])

    def apply(heads: Tensor) -> Tensor:
        both, v = heads[:, :normed], heads[:, normed:]
        return torch.cat(
            [both * gains / torch.hypot(torch.linalg.vector_norm(both, 2, -1, True), least), v], 1
        )

    return apply


def _feed_forward(mlp: nn.Module) -> Map:
    if isinstance(mlp, SwiGLU):
        gate_up, shrink = mixing(mlp.gate_up), mixing(mlp.down)

        def gated(x: Tensor) -> Tensor:
            gate, up = gate_up(x).chunk(2, -1)
            return shrink(F.silu(gate).mul_(up))

        return gated
    assert isinstance(mlp, GELU)
    grow, down = mixing(mlp.up), mixing(mlp.down)
    return lambda x: down(F.gelu(grow(x), approximate="tanh"))
