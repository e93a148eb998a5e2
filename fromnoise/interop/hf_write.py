"""One of our models as a Hugging Face folder, for transformers and all that read what it reads."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from tokenizers import Tokenizer, processors

from fromnoise.codecs.text_tokens import PAD, TextTokens
from fromnoise.errors import OutputError
from fromnoise.interop.architectures import ARCHITECTURES, architecture_of, write_config
from fromnoise.interop.hf import CONFIG, OWN
from fromnoise.interop.layout import layout_of, taken_apart
from fromnoise.interop.shards import SINGLE
from fromnoise.interop.tokenizer_files import GENERATION, SETTINGS, TEMPLATE, TOKENIZER, NoTokens
from fromnoise.models.gpt import GPT
from fromnoise.nets.transformer import TransformerSettings

Stored = Literal["float32", "float16", "bfloat16"]


def write_folder(
    model: GPT, folder: Path, stored: Stored = "float32", told: Mapping[str, Any] | None = None
) -> None:
    """Write a folder whole or not at all: config, weights, tokenizer, chat template.

    `told` joins config.json and takes the place of what is there.
    """
    settings = spelt_out(model)
    naming = ARCHITECTURES[architecture_of(settings).kind].naming(())
    dtype = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[stored]
    tensors = {
        name: tensor.to(dtype)
        for name, tensor in taken_apart(model.net.state_dict(), layout_of(settings, naming))
    }
    with _new_folder(folder) as partial:
        try:
            save_file(tensors, partial / SINGLE, metadata={"format": "pt"})
        except SafetensorError as error:  # a full disk, most often
            raise OutputError(f"{folder / SINGLE} can't be written: {error}") from None
        ids = _ids(model.tokenizer)
        own = {OWN: {"styles": list(model.styles)}} if model.styles else {}
        types = {"torch_dtype": stored, "dtype": stored}
        _write(partial / CONFIG, {**write_config(settings), **ids, **types, **own, **(told or {})})
        _write(partial / GENERATION, ids)
        if not isinstance(model.tokenizer, NoTokens):
            _write_tokens(model, partial)


def spelt_out(model: GPT) -> TransformerSettings:
    """Return the network's settings with the width of its feed-forward layers said."""
    return model.settings.net.model_copy(update={"hidden": model.net.blocks[0].mlp.down.in_features})  # type: ignore[union-attr]


def _ids(tokens: TextTokens) -> dict[str, Any]:
    """Return the ids of the first and last tokens; several ends are a list."""
    ends = list(tokens.ends)
    pad = None if isinstance(tokens, NoTokens) else tokens.tokenizer.token_to_id(PAD)
    found = {
        "bos_token_id": tokens.start,
        "eos_token_id": ends[0] if len(ends) == 1 else ends or None,
        "pad_token_id": pad,
    }
    return {key: value for key, value in found.items() if value is not None or key != "pad_token_id"}


def _write_tokens(model: GPT, folder: Path) -> None:
    tokens, settings = model.tokenizer, _token_settings(model)
    copy = Tokenizer.from_str(tokens.tokenizer.to_str())
    begun = model.prefix(None)
    if begun and copy.encode("", add_special_tokens=True).ids != begun:
        words = [copy.id_to_token(one) for one in begun]
        copy.post_processor = processors.TemplateProcessing(
            single="begin $A",
            pair="begin $A $B",
            special_tokens=[{"id": "begin", "ids": begun, "tokens": words}],
        )
    TextTokens(copy).save(folder / TOKENIZER)
    _write(folder / SETTINGS, settings)
    if model.chat_template is not None:
        (folder / TEMPLATE).write_text(model.chat_template, encoding="utf-8")


def _token_settings(model: GPT) -> dict[str, Any]:
    tokens = model.tokenizer
    tree: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": model.settings.net.length,
        "clean_up_tokenization_spaces": False,
    }
    named = {"bos_token": tokens.start, "eos_token": tokens.ends[0] if tokens.ends else None}
    named["pad_token"] = tokens.tokenizer.token_to_id(PAD)
    tree |= {key: tokens.tokenizer.id_to_token(one) for key, one in named.items() if one is not None}
    return tree | ({"chat_template": model.chat_template} if model.chat_template is not None else {})


def _write(path: Path, tree: dict[str, Any]) -> None:
    path.write_text(json.dumps(tree, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Lend a folder to fill; give it its name when all went well."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder} is there already, and not empty; it stays")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        yield partial
        partial.chmod(0o755)  # a temporary folder is its owner's alone
        for path in partial.iterdir():
            path.chmod(0o644)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
