"""The layout of LLaDA: settings and names (Nie et al. 2025)."""

from typing import Literal

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from fromnoise.interop.foreign import Foreign
from fromnoise.interop.layout import Naming
from fromnoise.nets.transformer import TransformerSettings


class LLaDAConfig(Foreign):
    """config.json of LLaDA; what has one value only is a network that ours isn't."""

    vocab_size: PositiveInt
    embedding_size: PositiveInt | None = None
    """Rows of the embedding, where there are more than tokens."""
    d_model: PositiveInt
    n_layers: PositiveInt
    n_heads: PositiveInt
    n_kv_heads: PositiveInt | None = None
    mlp_hidden_size: PositiveInt
    """Width inside the feed-forward layer."""
    max_sequence_length: PositiveInt
    mask_token_id: NonNegativeInt
    rope: Literal[True] = True
    rope_theta: PositiveFloat = 10_000.0
    layer_norm_type: Literal["rms"] = "rms"
    rms_norm_eps: PositiveFloat = 1e-5
    block_type: Literal["llama"] = "llama"
    activation_type: Literal["silu", "swiglu"] = "silu"
    weight_tying: bool = False
    include_bias: Literal[False] = False
    include_qkv_bias: Literal[False] = False
    attention_layer_norm: Literal[False] = False
    alibi: Literal[False] = False
    scale_logits: Literal[False] = False
    input_emb_norm: Literal[False] = False

    def settings(self) -> TransformerSettings:
        """Return the same in our words."""
        return TransformerSettings(
            vocabulary=self.embedding_size or self.vocab_size,
            width=self.d_model,
            depth=self.n_layers,
            heads=self.n_heads,
            kv_heads=self.n_kv_heads,
            hidden=self.mlp_hidden_size,
            length=self.max_sequence_length,
            rope_theta=self.rope_theta,
            norm_eps=self.rms_norm_eps,
            tied=self.weight_tying,
        )


LLADA = Naming(
    {
        "words": "model.transformer.wte",
        "norm1": "model.transformer.blocks.{}.attn_norm",
        "q": "model.transformer.blocks.{}.q_proj",
        "k": "model.transformer.blocks.{}.k_proj",
        "v": "model.transformer.blocks.{}.v_proj",
        "out": "model.transformer.blocks.{}.attn_out",
        "norm2": "model.transformer.blocks.{}.ff_norm",
        "gate": "model.transformer.blocks.{}.ff_proj",
        "up": "model.transformer.blocks.{}.up_proj",
        "down": "model.transformer.blocks.{}.ff_out",
        "norm_last": "model.transformer.ln_f",
        "logits_out": "model.transformer.ff_out",
    }
)
