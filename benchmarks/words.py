"""How well does a text model know its styles? Bits per byte of each; are its texts in them, and its own?"""

from collections.abc import Sequence
from typing import Any

from benchmarks.report import Cell, run, save_result, table
from fromnoise.data.dataset import find_dataset
from fromnoise.data.texts import TextSet, pieces
from fromnoise.evaluation.style_words import StyleClassifier, learn_styles
from fromnoise.evaluation.word_copies import compare_copies
from fromnoise.evaluation.word_likelihood import bits_per_byte, likelihood_baselines
from fromnoise.evaluation.word_sources import texts_of
from fromnoise.models.checkpoint import load
from fromnoise.requests import TextRequest

PIECE = 900  # characters that real texts are cut to, about what `tokens` give
CONFUSED = 0.05
"""Two styles count as one where at least this share of real texts of one is taken for the other."""
HEAD = (
    "style",
    "test bytes",
    "bits per byte",
    "between",
    "best without a network",
    "samples in style",
    "or merged",
)


def main(
    model: str = "verse-gpt",
    *,
    data: str = "verse",
    count: int = 20,
    tokens: int = 250,
    seed: int = 0,
    guidance: float | None = None,
    temperature: float | None = None,
    name: str = "words",
) -> None:
    """Print bits per byte on the test split by style, the styles of samples, and what these copy.

    The judge of styles learns from all real texts, since one book's end says little of a style: what a model
    has copied gains by it, so read it beside the copies.

    Parameters
    ----------
    model
        A shipped model's name or a model folder.
    data
        The dataset that it learnt from, by name or folder.
    count
        Samples a style.
    tokens
        At most so many of each.
    """
    loaded, texts = load(model), TextSet.open(find_dataset(data))
    train = texts.where(split="train")
    rows = [_likelihood(loaded, texts, style, seed) for style in (*texts.styles, None)]
    asked = [style for style in loaded.styles for _ in range(count)]
    made = [
        text
        for style in loaded.styles
        for text in loaded.run(
            TextRequest(
                style=style,
                count=count,
                seed=seed,
                max_tokens=tokens,
                guidance=guidance,
                temperature=temperature,
            )
        ).texts
    ]
    judge = judge_of_styles(texts, seed)
    guesses, groups = judge.read(made), _groups(judge)
    for row in rows:
        row |= _in_style(row["style"], asked, guesses, groups)
    real = texts_of("test split", [(text.text, text.style) for text in texts.where(split="test").documents])
    known = texts_of("training split", [(text.text, text.style) for text in train.documents])
    copies = compare_copies(texts_of("samples", list(zip(made, asked, strict=True))), real, known, seed)
    found = {
        key: {"value": own.value, "held_out": other.value} for key, (own, other, _) in copies.metrics.items()
    }
    merged = _merged_accuracy(judge, groups)
    result = {"model": model, "samples": len(made), "judge": merged, "styles": rows, "copies": found}
    save_result(name, result)
    print(table(HEAD, [_cells(row) for row in rows]))
    told = ", ".join(" = ".join(group) for group in sorted({tuple(sorted(group)) for group in groups}))
    print(f"\nthe judge gets {merged['alone']:.1%} of real texts right, {merged['merged']:.1%} once styles")
    print(f"that it confuses are merged: {told or 'none'}\n")
    print(
        table(("copies", "samples", "held-out texts"), [(key, *one.values()) for key, one in found.items()])
    )


def _likelihood(loaded: Any, texts: TextSet, style: str | None, seed: int) -> dict[str, Any]:
    """Measure bits per byte of one style's test texts, or of all."""
    test, train = (texts.where(split=split, style=style).documents for split in ("test", "train"))
    items = [document.text for document in test]
    nats = loaded.text_nats(items, seed, [document.style for document in test])
    figure = bits_per_byte(nats, items, seed)
    others = likelihood_baselines(items, [document.text for document in train], seed)
    # one style's texts alone teach an n-gram little: what it knows of all counts as well
    if style is not None:
        every = [document.text for document in texts.where(split="train").documents]
        others |= {f"{key}, all styles": one for key, one in likelihood_baselines(items, every, seed).items()}
    best = min(others, key=lambda key: others[key].value)
    return {
        "style": style or "all",
        "bytes": sum(len(text.encode()) for text in items),
        "bits_per_byte": figure.value,
        "interval": figure.interval,
        "baseline": others[best].value,
        "baseline_is": best,
    }


def judge_of_styles(texts: TextSet, seed: int) -> StyleClassifier:
    """Learn styles from real texts of every book; what its accuracy is, blocks that it hadn't read say."""
    rows = [
        (piece, document.style)
        for document in texts.documents
        for piece in pieces(document.text, PIECE)
        if document.style and len(piece) >= PIECE // 2
    ]
    return learn_styles([text for text, _ in rows], [style for _, style in rows if style], seed)


def _groups(judge: StyleClassifier) -> list[set[str]]:
    """Return pairs of styles that even real texts confuse."""
    return [{style, taken} for style, taken, _ in judge.confusions(CONFUSED)]


def _merged_accuracy(judge: StyleClassifier, groups: Sequence[set[str]]) -> dict[str, float]:
    hits = [
        _same(real, guess, groups) for real, guess in zip(judge.real_styles, judge.real_guesses, strict=True)
    ]
    return {"alone": judge.real_accuracy().value, "merged": sum(hits) / len(hits)}


def _same(one: str, other: str, groups: Sequence[set[str]]) -> bool:
    return one == other or any({one, other} <= group for group in groups)


def _in_style(
    style: str, asked: Sequence[str], guesses: Sequence[str], groups: Sequence[set[str]]
) -> dict[str, float]:
    rows = [(want, got) for want, got in zip(asked, guesses, strict=True) if style in (want, "all")]
    exact = sum(want == got for want, got in rows) / max(1, len(rows))
    return {
        "in_style": exact,
        "in_group": sum(_same(want, got, groups) for want, got in rows) / max(1, len(rows)),
    }


def _cells(row: dict[str, Any]) -> list[Cell]:
    low, high = row["interval"] or (row["bits_per_byte"],) * 2
    best = f"{row['baseline']:.2f} ({row['baseline_is']})"
    figures = (f"{row['bits_per_byte']:.2f}", f"{low:.2f} to {high:.2f}", best)
    return [row["style"], f"{row['bytes']:,}", *figures, f"{row['in_style']:.0%}", f"{row['in_group']:.0%}"]


if __name__ == "__main__":
    run(main)
