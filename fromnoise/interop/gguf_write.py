"""One of our models as a GGUF file, for llama.cpp and all that is built on it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from torch import Tensor

from fromnoise.errors import OutputError
from fromnoise.interop.architectures import architecture_of
from fromnoise.interop.gguf_model import STYLES
from fromnoise.interop.gguf_names import FACTORS, NAMINGS, rope_factors
from fromnoise.interop.gguf_tokens import write_tokenizer
from fromnoise.interop.hf_write import spelt_out
from fromnoise.interop.layout import layout_of, taken_apart
from fromnoise.interop.tokenizer_files import NoTokens
from fromnoise.models.gpt import GPT
from fromnoise.nets.transformer import TransformerSettings

if TYPE_CHECKING:
    from gguf import GGUFWriter

Packed = Literal["float32", "float16", "bfloat16", "q8_0"]
_TYPES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "q8_0": "Q8_0"}
_WHOLE = ("position_embd.weight", FACTORS)
"""Tensors that stay in 32 bits, besides all with one dimension."""


def write_gguf(model: GPT, path: Path, packed: Packed = "float32") -> None:
    """Write a GGUF file whole or not at all."""
    import gguf

    settings = spelt_out(model)
    kind = architecture_of(settings).kind
    if settings.qk_norm and settings.bias:
        raise OutputError("GGUF has no layout with both normalised queries and biases")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        writer = gguf.GGUFWriter(draft, kind)
        _add_facts(writer, model, settings, kind)
        writer.add_file_type(int(gguf.LlamaFileType[_file_type(packed)]))
        state, layout = model.net.state_dict(), layout_of(settings, NAMINGS[kind])
        for name, tensor in taken_apart(state, layout):
            _add_tensor(writer, name, tensor, packed)
        if settings.rope_scaling is not None and settings.rope_scaling.kind == "llama3":
            factors = rope_factors(settings.head, settings.rope_theta, settings.rope_scaling)
            _add_tensor(writer, FACTORS, Tensor(factors), packed)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        os.replace(draft, path)
    except OSError as error:
        raise OutputError(f"can't write {path}: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)


def _file_type(packed: Packed) -> str:
    return "ALL_F32" if packed == "float32" else f"MOSTLY_{_TYPES[packed]}"


def _add_tensor(writer: "GGUFWriter", name: str, tensor: Tensor, packed: Packed) -> None:
    import gguf

    whole = tensor.ndim == 1 or name in _WHOLE
    fits = packed != "q8_0" or tensor.shape[-1] % 32 == 0
    kind = gguf.GGMLQuantizationType["F32" if whole else _TYPES[packed] if fits else "F16"]
    writer.add_tensor(name, gguf.quantize(tensor.numpy(), kind), raw_dtype=kind)


def _add_facts(writer: "GGUFWriter", model: GPT, s: TransformerSettings, kind: str) -> None:
    writer.add_name(model.name)
    if model.styles:
        writer.add_array(STYLES, list(model.styles))
    writer.add_context_length(s.length)
    writer.add_embedding_length(s.width)
    writer.add_block_count(s.depth)
    writer.add_feed_forward_length(int(s.hidden or 0))
    writer.add_head_count(s.heads)
    writer.add_vocab_size(s.vocabulary)
    if kind == "gpt2":
        writer.add_layer_norm_eps(s.norm_eps)
    else:
        _add_rotary(writer, s)
    _add_tokens(writer, model, s.vocabulary)


def _add_rotary(writer: "GGUFWriter", s: TransformerSettings) -> None:
    import gguf

    writer.add_head_count_kv(s.shared)
    writer.add_key_length(s.head)
    writer.add_value_length(s.head)
    writer.add_layer_norm_rms_eps(s.norm_eps)
    writer.add_rope_dimension_count(s.head)
    writer.add_rope_freq_base(s.rope_theta)
    if s.rope_scaling is None:
        return
    if s.rope_scaling.kind == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(s.rope_scaling.factor)
    else:  # the rest of Llama 3's scaling is a tensor
        writer.add_rope_scaling_orig_ctx_len(s.rope_scaling.length)


def _add_tokens(writer: "GGUFWriter", model: GPT, vocabulary: int) -> None:
    tokens = model.tokenizer
    if isinstance(tokens, NoTokens):
        writer.add_tokenizer_model("none")
        return
    told: dict[str, Any] = write_tokenizer(tokens.tokenizer, vocabulary)
    writer.add_tokenizer_model(told["model"])
    writer.add_tokenizer_pre(told["pre"])
    writer.add_token_list(told["tokens"])
    writer.add_token_types(told["token_type"])
    writer.add_token_merges(told["merges"])
    writer.add_add_bos_token(tokens.start is not None)
    if tokens.start is not None:
        writer.add_bos_token_id(tokens.start)
    if tokens.ends:
        writer.add_eos_token_id(tokens.ends[0])
    for end in tokens.ends[1:2]:
        writer.add_eot_token_id(end)
    if (pad := tokens.tokenizer.token_to_id("<pad>")) is not None:
        writer.add_pad_token_id(pad)
    if model.chat_template is not None:
        writer.add_chat_template(model.chat_template)
