"""Tiny checkpoints as transformers writes them, with weights large enough to tell right from wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from fromnoise.codecs.text_tokens import TextTokens
from fromnoise.models.gpt import GPT, GPTSettings
from fromnoise.nets.transformer import TransformerSettings

LLAMA = {
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}
LAYOUTS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("LlamaForCausalLM", LLAMA),
    "llama all heads, tied": (
        "LlamaForCausalLM",
        LLAMA | {"num_key_value_heads": None, "tie_word_embeddings": True},
    ),
    "llama wide heads": ("LlamaForCausalLM", LLAMA | {"head_dim": 32, "rms_norm_eps": 1e-5}),
    "llama biased": ("LlamaForCausalLM", LLAMA | {"attention_bias": True, "num_key_value_heads": 1}),
    "llama 3": (
        "LlamaForCausalLM",
        LLAMA
        | {
            "rope_parameters": {
                "rope_type": "llama3",
                "rope_theta": 500.0,
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 32,
            }
        },
    ),
    "llama linear": (
        "LlamaForCausalLM",
        LLAMA | {"rope_parameters": {"rope_type": "linear", "rope_theta": 1e5, "factor": 4.0}},
    ),
    "qwen3": ("Qwen3ForCausalLM", LLAMA | {"head_dim": 24}),
    "qwen3 tied": ("Qwen3ForCausalLM", LLAMA | {"head_dim": 16, "tie_word_embeddings": True}),
    "gpt2": (
        "GPT2LMHeadModel",
        {"vocab_size": 300, "n_positions": 128, "n_embd": 64, "n_layer": 2, "n_head": 4},
    ),
}


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> str:
    """Every layout in turn."""
    return str(request.param)


MakeFolder = Callable[..., tuple[Path, Any]]


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Make a random checkpoint of a layout: its folder, and transformers' model."""

    def make(layout: str, shard: str = "1GB", **changes: object) -> tuple[Path, Any]:
        transformers = pytest.importorskip("transformers")
        class_name, config = LAYOUTS[layout]
        torch.manual_seed(len(layout))
        kind = getattr(transformers, class_name)
        theirs = kind(kind.config_class(**{**config, **changes})).eval()
        for name, parameter in theirs.named_parameters():
            noise = torch.randn_like(parameter) * 0.15
            is_gain = name.endswith("weight") and parameter.ndim == 1
            parameter.data = 1 + noise if is_gain else 3 * noise if "wte" in name else noise
        folder = tmp_path / "theirs"
        theirs.save_pretrained(folder, max_shard_size=shard)
        return folder, theirs

    return make


@pytest.fixture
def make_gpt() -> Callable[[bool], GPT]:
    """Make a small model of our own, with styles, grouped queries and a tokenizer."""

    def make(qk_norm: bool) -> GPT:
        torch.manual_seed(0)
        tokens = TextTokens.train(["The cat sat on the mat. café — 日本語"] * 3, 320, ("fable", "sonnet"))
        net = TransformerSettings(
            vocabulary=len(tokens), width=64, depth=2, heads=4, kv_heads=2, length=64, qk_norm=qk_norm
        )
        model = GPT(GPTSettings(styles=("fable", "sonnet"), net=net), tokens).eval()
        for parameter in model.parameters():
            parameter.data += torch.randn_like(parameter) * 0.15
        return model

    return make
