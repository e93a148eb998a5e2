"""Judge a text model by the test split of what it was trained on.

The held-out texts are cut to the length of what the model writes. Some of them lend their styles, and the
model writes a text in each; bits per byte are measured on the whole held-out texts.

Legend: N texts on each side.
"""

from collections import Counter
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from fromnoise.data.texts import TextSet, pieces
from fromnoise.errors import DataError
from fromnoise.evaluation.evaluating import Evaluation, Method, head
from fromnoise.evaluation.model_pictures import dataset_of
from fromnoise.evaluation.sides import Report
from fromnoise.evaluation.word_gallery import word_gallery
from fromnoise.evaluation.word_measures import bits
from fromnoise.evaluation.word_sources import Texts, texts_of
from fromnoise.evaluation.words import evaluate_words
from fromnoise.models.store import find_model, read_config
from fromnoise.requests import TextRequest, result_of

if TYPE_CHECKING:
    from fromnoise.models.gpt import GPT

DEFAULT_COUNT = 200  # texts
MOST_TOKENS = 256  # of each
FEWEST_CHARACTERS = 100  # that held-out texts are cut to
AT_ONCE = 16  # texts
MOST_JUDGED = 1_000_000  # bytes that the likelihood is measured on
_LIKELY = 0.4  # share of the time that the likelihood takes


def compare_writing(name: str | Path, data: str | None, method: Method, report: Report) -> Evaluation:
    """Let a model write in the styles of texts that it wasn't trained on; the report has no verdict yet."""
    config = read_config(find_model(name))
    held_out, train = _test_split(str(name), tuple(config.get("styles", ())), data)
    from fromnoise.models.checkpoint import load

    model = load(name)
    made, real = _written(model, held_out, method, report)
    found = evaluate_words(made, real, train, seed=method.seed, n=method.n or DEFAULT_COUNT)
    report(1 - _LIKELY / 2, 1)
    found["metrics"]["bits_per_byte"] = bits(model, _some(held_out, method.seed), train, method.seed)
    found["notes"].append(
        f"Styles are as frequent as among held-out texts; text i has at most {MOST_TOKENS} tokens and seed "
        f"{method.seed} + i; bits per byte are those of whole held-out texts."
    )
    report(1, 1)
    return Evaluation(head("words", found["n"], method) | found, word_gallery(found, made, real, method.seed))


def _written(model: "GPT", held_out: Texts, method: Method, report: Report) -> tuple[Texts, Texts]:
    """Let the model write N texts, in styles as frequent as among held-out ones, and cut these alike."""
    chance = np.random.default_rng(method.seed)
    sizes = np.array([len(text) for text in held_out.items], np.float64)
    count = method.n or DEFAULT_COUNT
    lent = chance.choice(len(held_out), count, p=sizes / sizes.sum())
    room = min(MOST_TOKENS, model.settings.net.length - 2)
    texts: list[tuple[str, str | None]] = []
    for style, wanted in sorted(Counter(held_out.take(lent).styles).items(), key=str):
        for at in range(0, wanted, AT_ONCE):
            request = TextRequest(
                style=style,
                count=min(AT_ONCE, wanted - at),
                max_tokens=room,
                seed=method.seed + len(texts),
            )
            texts += [(text, style) for text in result_of(model.stream(request)).texts]
            report((1 - _LIKELY) * len(texts), count)
    made = texts_of(model.name, texts)
    length = max(FEWEST_CHARACTERS, int(median(len(text) for text in made.items)))
    cut = [
        (piece, style)
        for text, style in zip(held_out.items, held_out.styles, strict=True)
        for piece in pieces(text, length)
        if len(piece) >= min(length // 2, len(text.strip()))  # the end of a document may be too short
    ]
    return made, texts_of(held_out.name, cut)


def _some(texts: Texts, seed: int) -> Texts:
    """Return so many texts, by chance, that their likelihood takes no longer than minutes."""
    order = np.random.default_rng(seed).permutation(len(texts))
    sizes = np.cumsum([len(texts.items[row].encode()) for row in order])
    return texts.take(np.sort(order[: max(1, int((sizes <= MOST_JUDGED).sum()))]))


def _test_split(name: str, styles: tuple[str, ...], data: str | None) -> tuple[Texts, Texts]:
    """Return the held-out texts and those to train on: what is called test, else what training watched."""
    texts = TextSet.open(dataset_of(name, styles, data))
    held_out = texts.where(split="test")
    held_out = held_out if len(held_out) else texts.where(split="validation")
    train = texts.where(split="train")
    if len(held_out) < 2 or not len(train):
        raise DataError(f"{texts.folder} holds out {len(held_out)} texts; it takes two or more")
    title = texts.folder.name
    parts = ((held_out, "test split"), (train, "training split"))
    found = [
        texts_of(
            f"{title} {split}",
            [(text.text, text.style if text.style in styles else None) for text in part.documents],
        )
        for part, split in parts
    ]
    return found[0], found[1]
