"""The transformer over tokens: next-token models, image tokens and, seeing both ways, masked diffusion.

One block in the layouts of Llama (RMSNorm, rotary positions, SwiGLU, grouped queries), Qwen3 (the same with
normalised queries and keys) and GPT-2 (LayerNorm, learned positions, GELU, biases).
Legend: B batch, L tokens, D width, H query heads, K key-value heads, E width of a head, V vocabulary.
"""

from typing import Literal

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from fromnoise.config import Settings
from fromnoise.errors import ConfigError
from fromnoise.nets.cache import Cache
from fromnoise.nets.layers import RMSNorm, SwiGLU, attend
from fromnoise.nets.places import GridPlaces
from fromnoise.nets.rotary import RopeScaling, Rotary, turned


class TransformerSettings(Settings):
    """Size and layout of the transformer."""

    vocabulary: PositiveInt
    width: PositiveInt = 256
    depth: PositiveInt = 6
    heads: PositiveInt = 4
    kv_heads: PositiveInt | None = None
    """Heads of keys and values, each shared by several queries (Ainslie et al. 2023); None: heads."""
    head_width: PositiveInt | None = None
    """None: width / heads."""
    hidden: PositiveInt | None = None
    """Width inside the feed-forward layer; None: 8/3 of the width, 4 times for GELU."""
    length: PositiveInt = 256
    """Most tokens of a sequence."""
    positions: Literal["rotary", "learned"] = "rotary"
    grid: PositiveInt | None = None
    """Side of the picture whose tokens end a sequence: learned positions then add up a row and a column."""
    rope_theta: PositiveFloat = 10_000.0
    rope_scaling: RopeScaling | None = None
    norm: Literal["rms", "layer"] = "rms"
    norm_eps: PositiveFloat = 1e-6
    feed_forward: Literal["swiglu", "gelu"] = "swiglu"
    bias: bool = False
    qk_norm: bool = False
    tied: bool = True
    """Whether the embedding is the output layer too."""
    dropout: NonNegativeFloat = Field(default=0.0, lt=1)

    @property
    def head(self) -> int:
        """Return the width of a head."""
        if self.head_width is None and self.width % self.heads:
            raise ConfigError(f"width must be a multiple of heads: {self.width} is none of {self.heads}")
        return self.head_width or self.width // self.heads

    @property
    def shared(self) -> int:
        """Return how many heads keys and values have."""
        groups = self.kv_heads or self.heads
        if self.heads % groups:
            raise ConfigError(f"heads must be a multiple of kv_heads: {self.heads} is none of {groups}")
        return groups


class GroupedAttention(nn.Module):
    """Self-attention of H query heads over K shared key-value heads, with an optional cache."""

    def __init__(self, settings: TransformerSettings) -> None:
        super().__init__()
        self.heads, self.groups, self.head = settings.heads, settings.shared, settings.head
        rows = (self.heads + 2 * self.groups) * self.head
        self.qkv = nn.Linear(settings.width, rows, bias=settings.bias)
        self.out = nn.Linear(self.heads * self.head, settings.width, bias=settings.bias)
        self.normed = settings.qk_norm
        if settings.qk_norm:
            self.q_norm = RMSNorm(self.head, eps=settings.norm_eps)
            self.k_norm = RMSNorm(self.head, eps=settings.norm_eps)

    def forward(
        self,
        x: Tensor,
        turn: tuple[Tensor, Tensor] | None,
        mask: Tensor | None,
        causal: bool,
        cache: Cache | None,
        layer: int,
    ) -> Tensor:
        """Mix the tokens of x (B, L, D); `mask` (B or 1, 1, L, keys) is True where a key may be seen."""
        batch, length, _ = x.shape
        heads = self.qkv(x).view(batch, length, -1, self.head).transpose(1, 2)  # (B, H + 2K, L, E)
        both, v = heads.split([self.heads + self.groups, self.groups], 1)
        if self.normed:
            q, k = both.split([self.heads, self.groups], 1)
            both = torch.cat([self.q_norm(q), self.k_norm(k)], 1)
        if turn is not None:
            both = turned(both, *turn)
        q, k = both.split([self.heads, self.groups], 1)
        if cache is not None:
            first, kept = cache.empty, cache.extend(layer, k, v)
            k, v = (k, v) if first else kept
        mixed = self._attend(q.to(k.dtype), k, v, mask, causal).to(x.dtype)
        return self.out(mixed.transpose(1, 2).reshape(batch, length, -1))  # type: ignore[no-any-return]

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool) -> Tensor:
        batch, heads, length, head = q.shape
        queries = heads // self.groups  # that share a key
        if length == 1 and queries > 1:  # they become rows of one product
            return attend(q.reshape(batch, self.groups, queries, head), k, v, mask).reshape(q.shape)
        if queries > 1:
            k, v = k.repeat_interleave(queries, 1), v.repeat_interleave(queries, 1)
        return attend(q, k, v, mask, causal)


class GELU(nn.Module):
    """Feed-forward layer of GPT-2: one hidden layer with the tanh form of GELU."""

    def __init__(self, width: int, hidden: int | None, bias: bool) -> None:
        super().__init__()
        self.up = nn.Linear(width, hidden or 4 * width, bias=bias)
        self.down = nn.Linear(hidden or 4 * width, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Transform each token of x (..., D)."""
        return self.down(F.gelu(self.up(x), approximate="tanh"))  # type: ignore[no-any-return]


class TransformerBlock(nn.Module):
    """Attention, then feed-forward, each normalised before and added."""

    def __init__(self, settings: TransformerSettings) -> None:
        super().__init__()
        self.norm1, self.norm2 = make_norm(settings), make_norm(settings)
        self.attention = GroupedAttention(settings)
        self.mlp = (
            SwiGLU(settings.width, settings.hidden)
            if settings.feed_forward == "swiglu"
            else GELU(settings.width, settings.hidden, settings.bias)
        )
        self.dropout = nn.Dropout(settings.dropout)

    def forward(
        self,
        x: Tensor,
        turn: tuple[Tensor, Tensor] | None,
        mask: Tensor | None,
        causal: bool,
        cache: Cache | None,
        layer: int,
    ) -> Tensor:
        """Transform x (B, L, D)."""
        x = x + self.dropout(self.attention(self.norm1(x), turn, mask, causal, cache, layer))
        return x + self.dropout(self.mlp(self.norm2(x)))  # type: ignore[no-any-return]


def make_norm(settings: TransformerSettings) -> nn.Module:
    """Build the norm that the layout asks for."""
    if settings.norm == "rms":
        return RMSNorm(settings.width, eps=settings.norm_eps)
    return nn.LayerNorm(settings.width, eps=settings.norm_eps)


def make_places(settings: TransformerSettings) -> nn.Module:
    """Build learned positions: one vector a place, or rows and columns where a picture ends the sequence."""
    if settings.grid is None:
        return nn.Embedding(settings.length, settings.width)
    if settings.grid**2 >= settings.length:
        told = f"{settings.grid} x {settings.grid} tokens and some before them, not {settings.length}"
        raise ConfigError(f"net.length must hold a picture of {told}")
    return GridPlaces(settings.length, settings.grid, settings.width)


def make_rotary(settings: TransformerSettings) -> Rotary:
    """Lay out the angles of all positions."""
    return Rotary(settings.head, settings.length, settings.rope_theta, settings.rope_scaling)


class Transformer(nn.Module):
    """Tokens in, one vector a token out; `logits` turns vectors into scores of the vocabulary."""

    def __init__(self, settings: TransformerSettings) -> None:
        super().__init__()
        self.settings = settings
        self.words = nn.Embedding(settings.vocabulary, settings.width)
        learned = settings.positions == "learned"
        self.places = make_places(settings) if learned else None
        self.rotary = None if learned else make_rotary(settings)
        self.blocks = nn.ModuleList(TransformerBlock(settings) for _ in range(settings.depth))
        self.norm_last = make_norm(settings)
        self.dropout = nn.Dropout(settings.dropout)
        self.logits_out = (
            None if settings.tied else nn.Linear(settings.width, settings.vocabulary, bias=False)
        )
        self._start()

    def _start(self) -> None:
        """Start with small weights, and smaller ones where branches join the stream (Radford et al. 2019)."""
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                joins = name.endswith(("out.weight", "down.weight"))
                std = 0.02 / (2 * self.settings.depth) ** 0.5 if joins else 0.02
                nn.init.normal_(parameter, std=std)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def new_cache(self, batch: int, length: int) -> Cache:
        """Return an empty cache for `batch` sequences of at most `length` tokens."""
        s, weight = self.settings, self.words.weight
        shape = (s.depth, batch, s.shared, min(length, s.length), s.head)
        kind = torch.float32 if weight.device.type == "cpu" else weight.dtype  # 32 bits are faster there
        return Cache(shape, kind, weight.device)

    def forward(
        self,
        ids: Tensor,
        cache: Cache | None = None,
        mask: Tensor | None = None,
        causal: bool = True,
        positions: Tensor | None = None,
    ) -> Tensor:
        """Return the last layer's vectors (B, L, D) for ids (B, L).

        `mask` (B or 1, 1, L, keys), True where a key may be seen, takes the place of the causal one. A cache
        holds what came before and grows by these tokens; positions (B, L) or (L,) go on from there if None.
        """
        length = ids.shape[1]
        first = 0 if cache is None else cache.used
        if positions is None:
            positions = (
                torch.arange(first, first + length, device=ids.device)
                if cache is None or cache.even
                else cache.lengths[:, None] + torch.arange(length, device=ids.device)
            )
        if cache is not None and mask is None and causal:
            mask, causal = cache.mask(length), cache.empty
        elif mask is not None:
            causal = False
        x = self.words(ids)
        turn = None
        if self.places is not None:
            x = x + self.places(positions)
        elif self.rotary is not None:
            turn = self.rotary(positions)
        x = self.dropout(x)
        for layer, block in enumerate(self.blocks):
            x = block(x, turn, mask, causal and mask is None, cache, layer)
        if cache is not None:
            cache.advance(length)
        return self.norm_last(x)  # type: ignore[no-any-return]

    def logits(self, vectors: Tensor) -> Tensor:
        """Return the scores of all tokens (..., V) for vectors (..., D)."""
        if self.logits_out is not None:
            return self.logits_out(vectors)  # type: ignore[no-any-return]
        return F.linear(vectors, self.words.weight)
