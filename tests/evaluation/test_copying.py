import random

import numpy as np
import pytest

from fromnoise.evaluation import copying
from fromnoise.evaluation.copying import copied, longest_spans
from fromnoise.evaluation.word_leaks import text_leaks
from fromnoise.evaluation.word_memory import memorized

WORDS = [
    a + b + c
    for a in ("ba", "ke", "li", "no", "su")
    for b in ("r", "st", "m", "nd")
    for c in ("a", "o", "en")
]


def story(rng: random.Random, words: int = 120) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words)).capitalize() + "."


def plainly(text: str, train: list[str]) -> int:
    lengths = range(len(text), 0, -1)
    return next(
        (n for n in lengths if any(text[i : i + n] in t for t in train for i in range(len(text) - n + 1))), 0
    )


@pytest.mark.parametrize("chunk", [20, 10_000])
def test_longest_spans_are_what_looking_everywhere_finds(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "CHUNK", chunk)
    rng = random.Random(0)
    train = ["".join(rng.choices("abü", k=rng.randrange(0, 60))) for _ in range(6)] + ["abcdefghij" * 6]
    texts = ["".join(rng.choices("abü", k=rng.randrange(1, 40))) for _ in range(25)]
    texts += ["", "xyz", "a", train[0], "zz" + train[6][5:37] + "zz", train[6] + "q"]
    spans, starts = longest_spans(texts, train)
    assert spans.tolist() == [plainly(text, train) for text in texts]
    for text, span, start in zip(texts, spans, starts, strict=True):
        assert any(text[start : start + span] in known for known in train)


def test_a_planted_span_is_measured_to_the_character_and_quoted() -> None:
    rng = random.Random(1)
    train = [story(rng) for _ in range(30)]
    piece = train[3].lower()[101:301]
    found = copied([f"@{piece.upper()}@", story(rng)], train)
    assert found.spans[0] == len(piece)
    assert found.quotes[0] == piece
    assert found.spans[1] < 60
    assert found.found[0] >= 20 > found.found[1]


def test_case_blanks_and_curly_quotes_hide_nothing() -> None:
    text = "\u201cIt\u2019s  a\nlong\u2013lost KEY\u201d"
    assert copied([text], ['x "it\'s a long-lost key" x']).spans[0] == 22


def test_copies_are_flagged_and_real_texts_are_not() -> None:
    rng = random.Random(2)
    train, held_out = ([story(rng) for _ in range(200)] for _ in range(2))
    generated = [story(rng) for _ in range(200)]
    noisy = [
        " ".join(rng.choice(WORDS) if rng.random() < 0.05 else w for w in text.split()) for text in train[:10]
    ]
    generated[:20] = train[50:60] + noisy
    found = memorized(copied(generated, train), copied(held_out, train))
    flagged = set(found.flagged.tolist())
    assert flagged >= set(range(10))
    assert len(flagged & set(range(10, 20))) >= 6
    assert len(flagged - set(range(20))) <= 1
    assert found.share.interval is not None
    assert found.held_out_share.value <= 0.005


def test_leaks_are_found_exact_near_and_inside() -> None:
    rng = random.Random(3)
    train = [story(rng) for _ in range(40)]
    words = train[7].split()
    words[30] = "changed"
    inside = " ".join(train[9].split()[40:80])
    test = [story(rng), train[5].upper(), " ".join(words), inside, "short", "Short"]
    found = {leak.test: (leak.train, leak.kind) for leak in text_leaks([*train, "SHORT"], test)}
    assert found == {1: (5, "exact"), 2: (7, "near"), 3: (9, "inside"), 4: (40, "exact"), 5: (40, "exact")}


def test_strangers_are_no_leaks() -> None:
    rng = random.Random(4)
    assert text_leaks([story(rng) for _ in range(100)], [story(rng) for _ in range(100)]) == []
    assert text_leaks(["a"], ["b"]) == []


def test_nothing_found_is_zero() -> None:
    found = copied(["ab", "cd"], ["xy"])
    assert np.array_equal(found.spans, [0, 0])
    assert found.quotes == ("", "")
    assert not found.found.any()
