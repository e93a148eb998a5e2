"""How GGUF writes down Llama, Qwen3 and GPT-2: their names and facts."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from fromnoise.errors import CheckpointError, unknown
from fromnoise.interop.foreign import Foreign, checked
from fromnoise.interop.layout import Naming
from fromnoise.nets.rotary import RopeScaling, rope_frequencies
from fromnoise.nets.transformer import TransformerSettings

FACTORS = "rope_freqs.weight"
"""Tensor by which the frequencies of Llama 3 are divided."""
_NAMES = {
    "words": "token_embd",
    "norm1": "blk.{}.attn_norm",
    "q": "blk.{}.attn_q",
    "k": "blk.{}.attn_k",
    "v": "blk.{}.attn_v",
    "out": "blk.{}.attn_output",
    "q_norm": "blk.{}.attn_q_norm",
    "k_norm": "blk.{}.attn_k_norm",
    "norm2": "blk.{}.ffn_norm",
    "gate": "blk.{}.ffn_gate",
    "up": "blk.{}.ffn_up",
    "down": "blk.{}.ffn_down",
    "norm_last": "output_norm",
    "logits_out": "output",
}
_OLD = {role: name for role, name in _NAMES.items() if role not in ("q", "k", "v")}
NAMINGS = {
    "llama": Naming(_NAMES, paired=True),
    "qwen3": Naming(_NAMES),
    "gpt2": Naming({**_OLD, "qkv": "blk.{}.attn_qkv", "places": "position_embd"}),
}
"""Architecture -> names. Llama's queries and keys are paired anew, since ggml turns neighbours."""


class Facts(Foreign):
    """What a file says of its network, each after the architecture's name."""

    length: PositiveInt = Field(alias="context_length")
    width: PositiveInt = Field(alias="embedding_length")
    depth: PositiveInt = Field(alias="block_count")
    hidden: PositiveInt = Field(alias="feed_forward_length")
    heads: PositiveInt = Field(alias="attention.head_count")
    kv_heads: PositiveInt | None = Field(alias="attention.head_count_kv", default=None)
    head_width: PositiveInt | None = Field(alias="attention.key_length", default=None)
    value_width: PositiveInt | None = Field(alias="attention.value_length", default=None)
    turned: PositiveInt | None = Field(alias="rope.dimension_count", default=None)
    theta: PositiveFloat = Field(alias="rope.freq_base", default=10_000.0)
    rms_eps: PositiveFloat | None = Field(alias="attention.layer_norm_rms_epsilon", default=None)
    layer_eps: PositiveFloat | None = Field(alias="attention.layer_norm_epsilon", default=None)
    scaling: Literal["none", "linear"] = Field(alias="rope.scaling.type", default="none")
    factor: PositiveFloat | None = Field(alias="rope.scaling.factor", default=None)
    first_length: PositiveInt = Field(alias="rope.scaling.original_context_length", default=8192)
    experts: NonNegativeInt = Field(alias="expert_count", default=0)


def read_settings(
    facts: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], factors: list[float] | None, where: str
) -> tuple[str, TransformerSettings]:
    """Return the architecture and its settings; `factors` are those of FACTORS, if it is there."""
    kind = facts.get("general.architecture")
    if kind not in NAMINGS:
        raise CheckpointError(f"{where}: {unknown('architecture', kind, NAMINGS)}")
    own = {name.removeprefix(f"{kind}."): fact for name, fact in facts.items() if name.startswith(f"{kind}.")}
    told = checked(Facts, own, where)
    words = shapes.get("token_embd.weight", (0,))
    if len(words) != 2 or words[0] == 0:
        raise CheckpointError(f"{where} doesn't fit its configuration: missing: token_embd.weight")
    if told.experts:
        raise CheckpointError(f"{where} has {told.experts} experts, which are not supported")
    eps = told.layer_eps if kind == "gpt2" else told.rms_eps
    if eps is None:
        raise CheckpointError(f"{where} doesn't say the epsilon of its norms")
    settings = TransformerSettings(
        vocabulary=words[0],
        width=told.width,
        depth=told.depth,
        heads=told.heads,
        kv_heads=told.kv_heads,
        head_width=told.head_width,
        hidden=told.hidden,
        length=told.length,
        norm_eps=eps,
        tied="output.weight" not in shapes,
    )
    if kind == "gpt2":
        old = {"positions": "learned", "norm": "layer", "feed_forward": "gelu", "bias": True}
        return kind, settings.model_copy(update=old)
    _check_heads(told, settings, where)
    new = {
        "rope_theta": told.theta,
        "rope_scaling": _scaling(told, factors, settings.head, where),
        "qk_norm": kind == "qwen3",
        "bias": "blk.0.attn_q.bias" in shapes,
    }
    return kind, settings.model_copy(update=new)


def _check_heads(told: Facts, settings: TransformerSettings, where: str) -> None:
    head = told.head_width or told.width // told.heads
    for what, got in (("values", told.value_width), ("rotary positions", told.turned)):
        if got not in (None, head):
            raise CheckpointError(f"{where}: {what} should be as wide as the heads, {head}, not {got}")


def _scaling(told: Facts, factors: list[float] | None, head: int, where: str) -> RopeScaling | None:
    """Return the scaling that a file speaks of, or, since it says so only by its effect, that of Llama 3."""
    if factors is None:
        if told.scaling == "none" or told.factor is None:
            return None
        return RopeScaling(kind="linear", factor=told.factor)
    found = RopeScaling(kind="llama3", factor=max(factors), length=told.first_length)
    expected = rope_factors(head, told.theta, found)
    same = len(expected) == len(factors) and all(
        abs(one - other) <= 1e-3 * other for one, other in zip(expected, factors, strict=True)
    )
    if not same:
        raise CheckpointError(f"{where}: {FACTORS} is not that of Llama 3, and no other is supported")
    return found


def rope_factors(head: int, theta: float, scaling: RopeScaling) -> list[float]:
    """Return by what a scaling divides the frequencies, (E / 2,)."""
    return [float(one) for one in rope_frequencies(head, theta) / rope_frequencies(head, theta, scaling)]
