"""The same checkpoint behind one front: here, in transformers and in llama.cpp. Greedy, on the CPU.

A decoder goes on from equal prompts, (B, L) ids, by exactly `steps` tokens and returns them, (B, steps).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import fromnoise
from fromnoise.errors import DataError

Decode = Callable[[Tensor, int], list[list[int]]]


@dataclass(frozen=True)
class Decoder:
    """A checkpoint opened by somebody: how long that took, and how it goes on from prompts."""

    name: str
    load_seconds: float
    decode: Decode
    model: Any = None


def open_ours(path: Path, dtype: Any) -> Decoder:
    """Open a GGUF file here."""
    start = time.perf_counter()
    model = fromnoise.load(path, device="cpu", dtype=dtype)
    spent = time.perf_counter() - start

    def decode(ids: Tensor, steps: int) -> list[list[int]]:
        columns = model.decode(ids, max_tokens=steps, temperature=0, stop_at_eos=False)
        return torch.stack(list(columns), 1).tolist()

    return Decoder(f"fromnoise {dtype}", spent, decode, model)


def open_transformers(path: Path, dtype: str) -> Decoder:
    """Open a GGUF file in transformers, with its tokenizer as ours has one too."""
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer, logging
    except ImportError as error:
        raise DataError(
            f"this compares with transformers: pip install transformers gguf ({error})"
        ) from error
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    start = time.perf_counter()
    model = AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=getattr(torch, dtype)
    ).eval()
    AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    spent = time.perf_counter() - start

    @torch.inference_mode()
    def decode(ids: Tensor, steps: int) -> list[list[int]]:
        made = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=steps,
            min_new_tokens=steps,
            do_sample=False,
            pad_token_id=0,
        )
        return made[:, ids.shape[1] :].tolist()

    return Decoder(f"transformers {dtype}", spent, decode, model)


def open_llama_cpp(path: Path, threads: int) -> Decoder:
    """Open a GGUF file in llama.cpp, in this process; it computes in the file's own four bits."""
    try:
        import xllamacpp
    except ImportError as error:
        raise DataError(f"this compares with llama.cpp: pip install xllamacpp ({error})") from error
    asked = xllamacpp.CommonParams()
    asked.model.path = str(path)
    asked.n_ctx, asked.n_parallel, asked.verbosity = 1024, 1, 0
    asked.cpuparams.n_threads = asked.cpuparams_batch.n_threads = threads
    start = time.perf_counter()
    server = xllamacpp.Server(asked)
    spent = time.perf_counter() - start

    def decode(ids: Tensor, steps: int) -> list[list[int]]:
        said = server.handle_completions(
            {
                "prompt": ids[0].tolist(),
                "max_tokens": steps,
                "temperature": 0,
                "ignore_eos": True,
                "cache_prompt": False,
            }
        )
        if said["usage"]["completion_tokens"] != steps:
            raise DataError(f"llama.cpp gave {said['usage']['completion_tokens']} tokens, not {steps}")
        return []  # it gives text alone

    return Decoder("llama.cpp, the file's four bits", spent, decode)
