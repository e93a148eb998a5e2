"""One network, three ways to write: token by token, in blocks, all at once. What does each give and cost?"""

import json
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.report import Cell, run, save_result, table
from benchmarks.words import judge_of_styles
from fromnoise.data.dataset import find_dataset
from fromnoise.data.texts import Document, TextSet, pieces
from fromnoise.errors import RequestError, unknown
from fromnoise.evaluation.byte_model import fit_bytes
from fromnoise.evaluation.style_words import style_accuracy
from fromnoise.evaluation.word_likelihood import bits_per_byte
from fromnoise.evaluation.word_variety import fluency, word_count
from fromnoise.files import write_all
from fromnoise.interop.opening import load
from fromnoise.models.text_diffusion import TextDiffusion
from fromnoise.nets.quantised import Precision
from fromnoise.requests import TextRequest

BLOCK = 32
BATCHES = (1, 16)


@dataclass(frozen=True)
class Way:
    """How texts are written."""

    block: int | None
    steps: int | None
    solver: str | None = None


WAYS = {
    "next token": Way(1, None),
    f"blocks of {BLOCK}, 64 steps": Way(BLOCK, 64),
    "whole, 32 steps": Way(None, 32),
    "whole, 64 steps": Way(None, 64),
    "whole, 256 steps": Way(None, 256),
    "whole, 64 steps, remdm": Way(None, 64, "remdm"),
    "whole, 64 steps, confidence": Way(None, 64, "confidence"),
}
HEAD = ("way", "samples", "in style", "entropy, bits a word", "distinct-2", "repeated 4-grams")


def main(
    keep: Path,
    *,
    model: str = "verse-diffusion",
    data: str = "verse",
    ways: tuple[str, ...] = (),
    count: int = 5,
    tokens: int = 250,
    seed: int = 0,
    guidance: float | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    dtype: Precision = "float32",
    likely: int = 0,
    speed: bool = False,
    sheet: Path | None = None,
    name: str = "words_three_ways",
) -> None:
    """Write in all styles by every way, judge the texts, and print a table of all that is kept so far.

    Parameters
    ----------
    keep
        Folder for what was written and measured; what is there is not made again.
    ways
        Only these; all when left out.
    count
        Samples a style.
    likely
        Measure bits per byte of the test split with so many samples of each text's bound; 0 leaves it out.
    speed
        Measure tokens a second, which takes a quiet machine.
    sheet
        Markdown file for all samples of the first of `ways`, unpicked, with their seeds.
    """
    for way in ways:
        if way not in WAYS:
            raise RequestError(unknown("way", way, WAYS))
    given = {"guidance": guidance, "temperature": temperature, "top_p": top_p}
    choice = {key: value for key, value in given.items() if value is not None}
    loaded, texts = load(model, dtype=dtype), TextSet.open(find_dataset(data))
    test = texts.where(split="test").documents
    for way in ways or WAYS:
        _kept(keep / f"{way}.json", lambda way=way: _written(loaded, WAYS[way], count, tokens, seed, choice))
    if sheet is not None and ways:
        write_all({sheet: _sheet(json.loads((keep / f"{ways[0]}.json").read_text()), seed).encode()})
    if likely:
        _kept(keep / "bits.json", lambda: _bits(loaded, test, likely, seed))
    if speed:
        _kept(keep / "speed.json", lambda: {way: _speed(loaded, WAYS[way], tokens) for way in ways or WAYS})
    result = {"model": model, "tokens": tokens, "dtype": dtype, "ways": _judged(keep, texts, tokens, seed)}
    for part in ("bits", "speed"):
        if (keep / f"{part}.json").exists():
            result[part] = json.loads((keep / f"{part}.json").read_text())
    save_result(name, result)
    print(table(HEAD, [_cells(way, row) for way, row in result["ways"].items()]))
    for part in ("bits", "speed"):
        print(json.dumps(result.get(part, {}), indent=1))


def _kept(path: Path, make: Any) -> None:
    """Make a file unless it is there."""
    if not path.exists():
        write_all({path: json.dumps(make(), ensure_ascii=False, indent=1).encode()})


def _written(
    model: TextDiffusion, way: Way, count: int, tokens: int, seed: int, choice: dict[str, float]
) -> list[dict[str, str]]:
    """Write `count` texts in every style, the same seeds for all."""
    made = []
    for style in model.styles:
        ask = replace(_asked(way, style, count, tokens, seed), **choice)
        made += [{"style": style, "text": text} for text in model.run(ask).texts]
    return made


def _sheet(rows: list[dict[str, str]], seed: int) -> str:
    """Lay samples out style by style; they stand in the order of their seeds."""
    lines = []
    for style in dict.fromkeys(row["style"] for row in rows):
        lines.append(f"## {style}\n")
        for place, row in enumerate(row for row in rows if row["style"] == style):
            quoted = "\n".join(f"> {line}".rstrip() for line in row["text"].strip().splitlines())
            lines.append(f"**seed {seed + place}**\n\n{quoted}\n")
    return "\n".join(lines)


def _asked(way: Way, style: str | None, count: int, tokens: int, seed: int = 0) -> TextRequest:
    return TextRequest(
        style=style,
        count=count,
        seed=seed,
        max_tokens=tokens,
        block=way.block,
        steps=way.steps,
        solver=way.solver,
    )


def _bits(model: TextDiffusion, test: list[Document], samples: int, seed: int) -> dict[str, Any]:
    """Measure bits per byte of whole test texts, their style told: exact, by blocks, and in any order."""
    items, styles = [document.text for document in test], [document.style for document in test]
    nats = {
        "next token": model.next_token.text_nats(items, seed, styles),
        f"blocks of {BLOCK}": model.text_nats(items, seed, styles, samples, BLOCK),
        "whole": model.text_nats(items, seed, styles, samples),
    }
    found = {}
    for way, given in nats.items():
        figure = bits_per_byte(given, items, seed)
        rows = {style: [n for n, own in enumerate(styles) if own == style] for style in sorted(set(styles))}
        by_style = {
            style: bits_per_byte(given[own], [items[n] for n in own], seed).value
            for style, own in rows.items()
        }
        found[way] = {"value": figure.value, "interval": figure.interval, "by_style": by_style}
    return found


def _speed(model: TextDiffusion, way: Way, tokens: int) -> dict[str, float]:
    """Measure tokens a second of one text and of several at once, the best of three."""
    found = {}
    for batch in BATCHES:
        ask = _asked(way, model.styles[0], batch, tokens)
        rates = []
        for _ in range(3):
            began = time.perf_counter()
            result = model.run(ask)
            rates.append(sum(len(one) for one in result.tokens) / (time.perf_counter() - began))
        found[f"batch {batch}"] = max(rates)
    return found


def _judged(keep: Path, texts: TextSet, tokens: int, seed: int) -> dict[str, Any]:
    """Judge all kept texts, and held-out real ones, at an equal number of words."""
    judge = judge_of_styles(texts, seed)
    listener = fit_bytes([document.text for document in texts.where(split="train").documents])
    kept = {
        way: json.loads((keep / f"{way}.json").read_text()) for way in WAYS if (keep / f"{way}.json").exists()
    }
    rows = {way: [(row["text"], row["style"]) for row in one] for way, one in kept.items()}
    largest = max(rows.values(), key=len)
    rows["real text"] = _real(texts, [style for _, style in largest], 4 * tokens)
    sets = {way: _in_turn(one) for way, one in rows.items()}
    most = min(word_count(made) for made, _ in sets.values())
    found = {}
    for way, (made, styles) in sets.items():
        measured, right = fluency(made, listener, most, seed), style_accuracy(judge, made, styles)
        found[way] = {
            "samples": len(made),
            "words": most,
            "in_style": right.value,
            "in_style_interval": right.interval,
            "entropy": measured.token_entropy.value,
            "distinct_2": measured.distinct_2.value,
            "repetition": measured.repetition.value,
            "generative_perplexity": measured.generative_perplexity.value,
            "by_style": _by_style(judge.read(made), styles),
        }
    return found


def _by_style(guesses: list[str], styles: list[str]) -> dict[str, float]:
    """Return the share of each style's texts that are taken for it."""
    hits = [(style, guess == style) for guess, style in zip(guesses, styles, strict=True)]
    return {
        style: sum(hit for one, hit in hits if one == style) / styles.count(style)
        for style in sorted(set(styles))
    }


def _in_turn(rows: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Return texts and styles, the first of each style first, so that as many words are of as many styles."""
    seen: Counter[str] = Counter()
    turns = []
    for _, style in rows:
        turns.append(seen[style])
        seen[style] += 1
    order = sorted(range(len(rows)), key=lambda place: turns[place])
    return [rows[place][0] for place in order], [rows[place][1] for place in order]


def _real(texts: TextSet, styles: list[str], length: int) -> list[tuple[str, str]]:
    """Cut held-out texts to the length of samples, as many of each style if there are."""
    found: list[tuple[str, str]] = []
    for style in sorted(set(styles)):
        cut = [
            piece
            for split in ("test", "validation")
            for document in texts.where(split=split, style=style).documents
            for piece in pieces(document.text, length)
        ]
        found += [(piece, style) for piece in cut[: styles.count(style)]]
    return found


def _cells(way: str, row: dict[str, Any]) -> list[Cell]:
    figures = f"{row['in_style']:.1%}", f"{row['entropy']:.2f}", f"{row['distinct_2']:.2f}"
    return [way, row["samples"], *figures, f"{row['repetition']:.2%}"]


if __name__ == "__main__":
    run(main)
