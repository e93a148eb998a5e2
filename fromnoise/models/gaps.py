"""A text with gaps: where they are, how they are laid out in tokens, and how they are filled in again.

Every given character stays: put together in the end are the given pieces themselves, not their tokens.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fromnoise.codecs.text_tokens import TextTokens
from fromnoise.errors import RequestError
from fromnoise.models.text_canvas import Rules, fixed, spelt
from fromnoise.requests import GAP

LONGEST = 12
"""Tokens of a gap of free length, at most."""
_INSIDE, _WORD, _LINES = range(3)
"""Kinds of places in a gap: within a line, the first of them behind a space, and on lines of its own."""


@dataclass(frozen=True)
class Gaps:
    """A text in pieces, with a gap between any two of them."""

    pieces: list[str]
    lengths: list[int | None]
    """Tokens of every gap; None where it is free."""

    @classmethod
    def read(cls, template: str) -> "Gaps":
        """Find the gaps; raise RequestError when there is none, or one of no length."""
        lengths = [int(gap[1]) if gap[1] else None for gap in GAP.finditer(template)]
        if not lengths:
            told = "write ___ where something is missing, or __5__ for 5 tokens"
            raise RequestError(f"there is no gap in {template[:60]!r}; {told}")
        if 0 in lengths:
            raise RequestError("a gap of 0 tokens holds nothing; leave it out, or write ___")
        ends = [0, *(gap.end() for gap in GAP.finditer(template))]
        starts = [*(gap.start() for gap in GAP.finditer(template)), len(template)]
        return cls([template[a:b] for a, b in zip(ends, starts, strict=True)], lengths)

    @property
    def free(self) -> bool:
        """Tell whether any gap's length is to be found."""
        return None in self.lengths

    def filled(self, fills: Sequence[str]) -> str:
        """Return the text with its gaps filled."""
        told = [fill[1:] if _spaced(piece) else fill for piece, fill in zip(self.pieces, fills, strict=False)]
        return "".join(part for pair in zip(self.pieces, [*told, ""], strict=True) for part in pair)


@dataclass(frozen=True)
class Layout:
    """A text with gaps in tokens."""

    canvas: list[int]
    rules: Rules
    gaps: list[range]
    """The places of every gap."""


def laid_out(gaps: Gaps, lengths: Sequence[int], tokens: TextTokens, mask: int, allowed: Tensor) -> Layout:
    """Put masks in the gaps. A space before a gap becomes part of it, since tokens begin with their space."""
    canvas: list[int] = []
    kinds: list[int] = []
    places: list[range] = []
    for number, piece in enumerate(gaps.pieces):
        ids = tokens.encode(piece[:-1] if number < len(lengths) and _spaced(piece) else piece)
        canvas += ids
        kinds += [_INSIDE] * len(ids)
        if number < len(lengths):
            usual = _LINES if _alone(piece, gaps.pieces[number + 1]) else _INSIDE
            places.append(range(len(canvas), len(canvas) + lengths[number]))
            canvas += [mask] * lengths[number]
            kinds += [_WORD if _spaced(piece) else usual, *[usual] * (lengths[number] - 1)]
    return Layout(canvas, Rules(allowed, fixed(kinds)), places)


def gap_vocabulary(tokens: TextTokens, size: int) -> Tensor:
    """Return what may be told in gaps, a row a kind of place, bool (3, V): whole letters alone."""
    texts = spelt(tokens, size)
    inside = [text is not None and bool(text.strip()) and "\n" not in text for text in texts]
    word = [
        good and re.match(r" \S", str(text)) is not None for good, text in zip(inside, texts, strict=True)
    ]
    return torch.tensor([inside, word, [text is not None for text in texts]])


def _spaced(piece: str) -> bool:
    """Tell whether a gap behind this piece begins with its last space."""
    return piece.endswith(" ") and not piece.endswith("  ")


def _alone(before: str, after: str) -> bool:
    """Tell whether a gap between these pieces stands on lines of its own."""
    return (not before or before.endswith("\n")) and (not after or after.startswith("\n"))
