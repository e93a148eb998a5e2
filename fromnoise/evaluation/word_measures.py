"""Each figure over two sets of texts, beside its baseline, as a report writes it down."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fromnoise.evaluation import mauve as curve
from fromnoise.evaluation.byte_model import fit_bytes
from fromnoise.evaluation.figures import Figure
from fromnoise.evaluation.style_words import FOLDS, learn_styles, style_accuracy
from fromnoise.evaluation.word_likelihood import TextModel, bits_per_byte, likelihood_baselines
from fromnoise.evaluation.word_sources import Texts
from fromnoise.evaluation.word_variety import fluency, word_count

Entry = dict[str, Any]


@dataclass(frozen=True)
class Sides:
    """Who is compared with whom."""

    generated: Texts
    reference: Texts
    other: Texts
    """Real texts in the generated ones' part; as many as these, as are the reference."""
    real: Texts
    """All of them."""
    rest: Texts
    """All of them but `other`."""


def fluency_and_variety(sides: Sides, seed: int) -> dict[str, Entry]:
    """Measure perplexity and variety of both sides over an equal number of words."""
    listener = fit_bytes(sides.rest.items)
    most = min(word_count(side.items) for side in (sides.generated, sides.other))
    own, real = (fluency(side.items, listener, most, seed) for side in (sides.generated, sides.other))
    notes = {
        "generative_perplexity": f"of a word, to a {listener.order}-gram model of other real texts; "
        "low for repetitive texts too: read it with the four below",
        "token_entropy": f"bits a word, over {own.words:,} words",
        "distinct_1": f"different words among {own.words:,}",
        "distinct_2": f"different pairs of words, over {own.words:,} words",
        "distinct_3": f"different runs of three words, over {own.words:,} words",
        "repetition": "share of four-word runs that stood earlier in the same text",
    }
    return {name: entry(getattr(own, name), getattr(real, name), note) for name, note in notes.items()}


def likeness(sides: Sides, seed: int, notes: list[str]) -> dict[str, Entry]:
    """Measure how far the generated texts are from real ones as a set."""
    if len(sides.generated) < curve.FEWEST:
        notes.append(f"mauve needs {curve.FEWEST} texts a side, so it was left out.")
        return {}
    own, real = (
        curve.mauve(side.items, sides.reference.items, seed) for side in (sides.generated, sides.other)
    )
    told = "over n-gram features of our own: compare it with its baseline, not with papers"
    return {"mauve": entry(own, real, told)}


def styles(sides: Sides, train: Texts | None, seed: int, notes: list[str]) -> dict[str, Entry]:
    """Measure style accuracy; the classifier learns from real texts: copies of training gain nothing."""
    asked = _styled(sides.generated)
    if not asked:
        return {}
    known = _enough(_styled(sides.real))
    where = "held-out real texts"
    if not known and train is not None:
        known, where = _enough(_styled(train)), "training texts, so copies of them gain by it"
    names = {style for _, style in known}
    judged = [(text, style) for text, style in asked if style in names]
    if len(names) < 2 or not judged:
        notes.append(
            f"Style accuracy was left out: it takes real texts of two styles or more, {FOLDS} of each, "
            "among them those of the generated texts."
        )
        return {}
    classifier = learn_styles(*_columns(known), seed)
    texts, wanted = _columns(judged)
    accuracy = classifier.real_accuracy()
    note = f"learnt from {where}; on unseen ones it is right in {accuracy.value:.1%}"
    confused = [f"{style} for {taken} ({rate:.0%})" for style, taken, rate in classifier.confusions()[:5]]
    if confused:
        note += "; it takes even real " + ", ".join(confused)
    if len(judged) < len(asked):
        notes.append(f"{len(asked) - len(judged)} generated texts are in styles that real texts don't show.")
    figure = style_accuracy(classifier, texts, wanted)
    return {"style_accuracy": entry(figure, classifier.real_accuracy(wanted), note)}


def _styled(texts: Texts) -> list[tuple[str, str]]:
    return [(text, style) for text, style in zip(texts.items, texts.styles, strict=True) if style]


def _enough(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return texts of styles that have enough of them to learn from."""
    counts = Counter(style for _, style in rows)
    return [row for row in rows if counts[row[1]] >= FOLDS]


def _columns(rows: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [text for text, _ in rows], [style for _, style in rows]


def bits(model: TextModel, texts: Texts, train: Texts, seed: int) -> Entry:
    """Measure a model's bits per byte on real texts; the baseline is the best that needs no network."""
    figure = bits_per_byte(model.text_nats(texts.items, seed, texts.styles), texts.items, seed)
    baselines = likelihood_baselines(texts.items, train.items, seed)
    told = ", ".join(f"{name} {found.value:.3f}" for name, found in baselines.items())
    kind = "exact" if model.exact else "an upper bound"
    best = min(baselines.values(), key=lambda found: found.value)
    return entry(figure, best, f"{kind}, over {texts.size:,} real bytes; without a network: {told}")


def entry(figure: Figure, baseline: Figure | None = None, note: str | None = None) -> Entry:
    """Write a figure down; without an interval it has neither low nor high."""
    written: Entry = {"value": figure.value}
    if figure.interval is not None:
        written |= {"low": figure.interval[0], "high": figure.interval[1]}
    if baseline is not None:
        written["baseline"] = baseline.value
    return written | ({"note": note} if note else {})
