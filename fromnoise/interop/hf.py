"""A Hugging Face folder as one of our models."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fromnoise.errors import CheckpointError
from fromnoise.files import file_sha256
from fromnoise.interop.architectures import read_architecture
from fromnoise.interop.assemble import Tensors, assemble
from fromnoise.interop.foreign import check_size, read_json
from fromnoise.interop.layout import layout_of
from fromnoise.interop.shards import Shards
from fromnoise.interop.tokenizer_files import read_tokens
from fromnoise.models.gpt import GPT, GPTSettings

CONFIG = "config.json"
OWN = "fromnoise"
"""Key of config.json under which an exported model keeps what others don't know: its styles."""


def read_folder(folder: Path) -> GPT:
    """Open a folder with config.json and safetensors, in 32 bits, or raise CheckpointError."""
    config, where = read_json(folder / CONFIG), str(folder / CONFIG)
    found, net = read_architecture(config, where)
    tensors = Shards(folder)
    check_size(net, len(tensors.shapes), where)
    told = read_tokens(folder, config, net.vocabulary)
    settings = GPTSettings(
        net=net,
        styles=_styles(config),
        start=told.tokens.start,
        ends=told.tokens.ends,
        chat_template=told.chat_template,
    )
    naming = found.naming(tensors.shapes)
    words, head = (f"{naming.names[role]}.weight" for role in ("words", "logits_out"))
    ignored = found.ignored
    if net.tied and head in tensors.shapes:
        _check_tied(tensors, words, head)
        ignored += rf"|{head}"
    model = assemble(tensors, settings, layout_of(net, naming), told.tokens, ignored)
    model.name, model.weights_sha256 = folder.resolve().name, sha256_of_all(tensors.files)
    return model


def sha256_of_all(files: Sequence[Path]) -> str:
    """Return the SHA-256 of a file; of several, that of theirs."""
    sums = [file_sha256(path) for path in files]
    return sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest()


def _check_tied(tensors: Tensors, words: str, head: str) -> None:
    same = tensors.shapes.get(words) == tensors.shapes[head]
    if words in tensors.shapes and not (same and bool((tensors.read(words) == tensors.read(head)).all())):
        raise CheckpointError(f"{tensors.where} says that {head} is {words}, but holds another one")


def _styles(config: dict[str, Any]) -> tuple[str, ...]:
    own = config.get(OWN)
    styles = own.get("styles", []) if isinstance(own, dict) else []
    return tuple(style for style in styles if isinstance(style, str)) if isinstance(styles, list) else ()
