"""Texts to look at in a report: made and real ones, and what is copied or leaked."""

from typing import Any

import numpy as np

from fromnoise.evaluation.gallery import Gallery, Pair, Tile
from fromnoise.evaluation.word_sources import Texts

SHOWN = 5  # texts of each side
QUOTED = 8  # copies, and leaks
LONGEST = 600  # characters of each


def word_gallery(report: dict[str, Any], generated: Texts, real: Texts, seed: int) -> Gallery:
    """Choose texts by chance, and take from a report what it quotes."""
    worst = (report.get("memorization") or {}).get("worst", [])[:QUOTED]
    return Gallery(
        generated=_some(generated, seed),
        real=_some(real, seed),
        copies=[
            _quote(one["quote"], f"{one['characters']:,} of its {one['of']:,} characters") for one in worst
        ],
        leaks=[_quote(one["text"], str(one["kind"])) for one in report.get("leaks", [])[:QUOTED]],
    )


def _some(texts: Texts, seed: int) -> list[Tile]:
    rows = np.random.default_rng(seed).permutation(len(texts))[:SHOWN]
    return [Tile(text=_cut(texts.items[row])) for row in rows]


def _quote(text: str, note: str) -> Pair:
    return Pair(Tile(text=_cut(text)), note=note)


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "\u2026"
