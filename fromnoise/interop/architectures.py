"""The layouts of transformers that are ours too: Llama, Qwen3, GPT-2. Their settings and their names."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import PositiveFloat, PositiveInt

from fromnoise.errors import CheckpointError, OutputError, unknown
from fromnoise.interop.foreign import Foreign, checked
from fromnoise.interop.layout import Naming, NamingOf
from fromnoise.interop.rope import read_rope, write_rope
from fromnoise.nets.transformer import TransformerSettings


class LlamaConfig(Foreign):
    """config.json of Llama; defaults are those of transformers."""

    vocab_size: PositiveInt
    hidden_size: PositiveInt
    intermediate_size: PositiveInt
    num_hidden_layers: PositiveInt
    num_attention_heads: PositiveInt
    num_key_value_heads: PositiveInt | None = None
    head_dim: PositiveInt | None = None
    hidden_act: Literal["silu"] = "silu"
    max_position_embeddings: PositiveInt = 2048
    rms_norm_eps: PositiveFloat = 1e-6
    tie_word_embeddings: bool = False
    attention_bias: bool = False
    mlp_bias: Literal[False] = False
    rope_theta: float | None = None
    rope_scaling: dict[str, Any] | None = None
    rope_parameters: dict[str, Any] | None = None

    def settings(self, where: str) -> TransformerSettings:
        """Return the same in our words."""
        theta, scaling = read_rope(self.rope_theta, self.rope_scaling, self.rope_parameters, where)
        return TransformerSettings(
            vocabulary=self.vocab_size,
            width=self.hidden_size,
            depth=self.num_hidden_layers,
            heads=self.num_attention_heads,
            kv_heads=self.num_key_value_heads,
            head_width=self.head_dim,
            hidden=self.intermediate_size,
            length=self.max_position_embeddings,
            rope_theta=theta,
            rope_scaling=scaling,
            norm_eps=self.rms_norm_eps,
            bias=self.attention_bias,
            tied=self.tie_word_embeddings,
        )


class Qwen3Config(LlamaConfig):
    """config.json of Qwen3: Llama with normalised queries and keys."""

    num_key_value_heads: PositiveInt | None = 32
    head_dim: PositiveInt | None = 128
    max_position_embeddings: PositiveInt = 32768
    use_sliding_window: Literal[False] = False
    layer_types: list[Literal["full_attention"]] | None = None

    def settings(self, where: str) -> TransformerSettings:
        """Return the same in our words."""
        return super().settings(where).model_copy(update={"qk_norm": True})


class GPT2Config(Foreign):
    """config.json of GPT-2."""

    vocab_size: PositiveInt
    n_positions: PositiveInt = 1024
    n_embd: PositiveInt
    n_layer: PositiveInt
    n_head: PositiveInt
    n_inner: PositiveInt | None = None
    activation_function: Literal["gelu_new", "gelu_pytorch_tanh"] = "gelu_new"
    layer_norm_epsilon: PositiveFloat = 1e-5
    scale_attn_weights: Literal[True] = True
    scale_attn_by_inverse_layer_idx: Literal[False] = False
    add_cross_attention: Literal[False] = False
    tie_word_embeddings: bool = True

    def settings(self, where: str) -> TransformerSettings:
        """Return the same in our words."""
        return TransformerSettings(
            vocabulary=self.vocab_size,
            width=self.n_embd,
            depth=self.n_layer,
            heads=self.n_head,
            hidden=self.n_inner or 4 * self.n_embd,
            length=self.n_positions,
            positions="learned",
            norm="layer",
            norm_eps=self.layer_norm_epsilon,
            feed_forward="gelu",
            bias=True,
            tied=self.tie_word_embeddings,
        )


_LLAMA = Naming(
    {
        "words": "model.embed_tokens",
        "norm1": "model.layers.{}.input_layernorm",
        "q": "model.layers.{}.self_attn.q_proj",
        "k": "model.layers.{}.self_attn.k_proj",
        "v": "model.layers.{}.self_attn.v_proj",
        "out": "model.layers.{}.self_attn.o_proj",
        "q_norm": "model.layers.{}.self_attn.q_norm",
        "k_norm": "model.layers.{}.self_attn.k_norm",
        "norm2": "model.layers.{}.post_attention_layernorm",
        "gate": "model.layers.{}.mlp.gate_proj",
        "up": "model.layers.{}.mlp.up_proj",
        "down": "model.layers.{}.mlp.down_proj",
        "norm_last": "model.norm",
        "logits_out": "lm_head",
    }
)


def _llama_naming(names: Container[str]) -> Naming:
    return _LLAMA


def _gpt2_naming(names: Container[str]) -> Naming:
    """Return the names as `save_pretrained` writes them, unless the file has them without their prefix."""
    inner = {
        "words": "wte",
        "places": "wpe",
        "norm1": "h.{}.ln_1",
        "qkv": "h.{}.attn.c_attn",
        "out": "h.{}.attn.c_proj",
        "norm2": "h.{}.ln_2",
        "up": "h.{}.mlp.c_fc",
        "down": "h.{}.mlp.c_proj",
        "norm_last": "ln_f",
    }
    prefix = "" if "wte.weight" in names else "transformer."
    named = {role: prefix + name for role, name in inner.items()}
    return Naming({**named, "logits_out": "lm_head"}, transposed=True)


@dataclass(frozen=True)
class Architecture:
    """A layout: name, class in transformers, settings, names, and a pattern of buffers that say nothing."""

    kind: str
    class_name: str
    config: type[LlamaConfig] | type[GPT2Config]
    naming: NamingOf
    ignored: str


ARCHITECTURES = {
    one.kind: one
    for one in (
        Architecture("llama", "LlamaForCausalLM", LlamaConfig, _llama_naming, r".*\.rotary_emb\.inv_freq"),
        Architecture("qwen3", "Qwen3ForCausalLM", Qwen3Config, _llama_naming, r".*\.rotary_emb\.inv_freq"),
        Architecture("gpt2", "GPT2LMHeadModel", GPT2Config, _gpt2_naming, r".*h\.\d+\.attn\.(masked_)?bias"),
    )
}


def read_architecture(tree: dict[str, Any], where: str) -> tuple[Architecture, TransformerSettings]:
    """Return the layout that a config.json speaks of, and its settings in our words."""
    kind, classes = tree.get("model_type"), tree.get("architectures")
    if kind not in ARCHITECTURES:
        raise CheckpointError(f"{where}: {unknown('model_type', kind, ARCHITECTURES)}")
    found = ARCHITECTURES[kind]
    if classes and found.class_name not in classes:
        raise CheckpointError(f"{where}: a {classes} is no language model; {found.class_name} is")
    return found, checked(found.config, tree, where).settings(where)


def architecture_of(settings: TransformerSettings) -> Architecture:
    """Return the layout that a transformer fits; raise OutputError when it fits none."""
    s = settings
    kinds = (s.norm, s.positions, s.feed_forward)
    if kinds == ("rms", "rotary", "swiglu"):
        return ARCHITECTURES["qwen3" if s.qk_norm else "llama"]
    plain = s.bias and not s.qk_norm and s.shared == s.heads and s.head * s.heads == s.width
    if kinds == ("layer", "learned", "gelu") and plain:
        return ARCHITECTURES["gpt2"]
    raise OutputError(f"no layout of others has {s.norm} norm, {s.positions} positions and {s.feed_forward}")


def write_config(settings: TransformerSettings) -> dict[str, Any]:
    """Return config.json's part about the network; `hidden` must be said."""
    s, found = settings, architecture_of(settings)
    tree: dict[str, Any] = {"architectures": [found.class_name], "model_type": found.kind}
    if found.kind == "gpt2":
        return tree | {
            "vocab_size": s.vocabulary,
            "n_positions": s.length,
            "n_ctx": s.length,
            "n_embd": s.width,
            "n_layer": s.depth,
            "n_head": s.heads,
            "n_inner": s.hidden,
            "activation_function": "gelu_new",
            "layer_norm_epsilon": s.norm_eps,
            "tie_word_embeddings": s.tied,
        }
    return tree | {
        "vocab_size": s.vocabulary,
        "hidden_size": s.width,
        "intermediate_size": s.hidden,
        "num_hidden_layers": s.depth,
        "num_attention_heads": s.heads,
        "num_key_value_heads": s.shared,
        "head_dim": s.head,
        "hidden_act": "silu",
        "max_position_embeddings": s.length,
        "rms_norm_eps": s.norm_eps,
        "tie_word_embeddings": s.tied,
        "attention_bias": s.bias,
        "mlp_bias": False,
        **write_rope(s),
    }
