"""A GGUF file as one of our models."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fromnoise.codecs.text_tokens import TextTokens
from fromnoise.errors import CheckpointError
from fromnoise.files import file_sha256
from fromnoise.interop.assemble import assemble
from fromnoise.interop.foreign import check_size
from fromnoise.interop.gguf_file import GGUFFile
from fromnoise.interop.gguf_names import FACTORS, NAMINGS, read_settings
from fromnoise.interop.gguf_tokens import read_tokenizer
from fromnoise.interop.layout import layout_of
from fromnoise.interop.tokenizer_files import NoTokens
from fromnoise.models.gpt import GPT, GPTSettings

STYLES = "fromnoise.styles"
"""Fact under which an exported model keeps what others don't know."""


def read_gguf(path: Path) -> GPT:
    """Open a GGUF file, in 32 bits; raise CheckpointError when it is unsound."""
    file = GGUFFile(path)
    where, facts = file.where, file.facts
    factors = file.read(FACTORS).flatten().tolist() if FACTORS in file.shapes else None
    kind, net = read_settings(facts, file.shapes, factors, where)
    check_size(net, len(file.shapes), where)
    tokens = _tokens(facts, net.vocabulary, where)
    template, styles = facts.get("tokenizer.chat_template"), facts.get(STYLES, [])
    settings = GPTSettings(
        net=net,
        description=str(facts.get("general.name", "")),
        styles=tuple(styles) if isinstance(styles, list) else (),
        start=tokens.start,
        ends=tokens.ends,
        chat_template=template if isinstance(template, str) else None,
    )
    model = assemble(file, settings, layout_of(net, NAMINGS[kind]), tokens, ignored=FACTORS)
    model.name, model.weights_sha256 = path.stem, file_sha256(path)
    return model


def _tokens(facts: Mapping[str, Any], vocabulary: int, where: str) -> TextTokens:
    ends = [facts.get(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot")]
    known = tuple(dict.fromkeys(one for one in ends if isinstance(one, int) and 0 <= one < vocabulary))
    if "tokenizer.ggml.model" not in facts or facts["tokenizer.ggml.model"] == "none":
        return NoTokens(where, vocabulary, known)
    tokenizer = read_tokenizer(facts, where)
    if (size := tokenizer.get_vocab_size()) > vocabulary:
        raise CheckpointError(f"{where} has {size} tokens, but the model knows {vocabulary}")
    start = facts.get("tokenizer.ggml.bos_token_id")
    begins = facts.get("tokenizer.ggml.add_bos_token", facts.get("tokenizer.ggml.pre") == "llama-bpe")
    fits = begins and isinstance(start, int) and 0 <= start < vocabulary
    return TextTokens(tokenizer, start if fits else None, known)
