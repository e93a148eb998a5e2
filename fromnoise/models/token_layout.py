"""Which ids stand for what where a sentence and its picture are one sequence of one vocabulary.

Words, then a token for every style, then a few controls, then codes; a sequence is the words, filled up, the
style, the token that begins a picture, and the codes of the picture row by row.
Legend: B batch, P tokens before a picture, T codes of a picture, N its side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fromnoise.codecs.bpe import PromptTokens


@dataclass(frozen=True)
class TokenLayout:
    """How many there are of each."""

    words: int
    text: int
    """Tokens a prompt is filled up or cut to."""
    styles: tuple[str, ...]
    codes: int
    side: int

    @property
    def begin(self) -> int:
        """Return the token that begins a picture; the next one begins a picture that was moved or turned."""
        return self.words + len(self.styles) + 1

    @property
    def mask(self) -> int:
        """Return the token that stands for a code that isn't known yet."""
        return self.begin + 2

    @property
    def first(self) -> int:
        """Return the id of code 0."""
        return self.begin + 3

    @property
    def vocabulary(self) -> int:
        """Return how many ids there are."""
        return self.first + self.codes

    @property
    def before(self) -> int:
        """Return P."""
        return self.text + 2

    @property
    def picture(self) -> int:
        """Return T."""
        return self.side**2

    @property
    def length(self) -> int:
        """Return how many tokens a sequence has."""
        return self.before + self.picture

    def style(self, style: str | None) -> int:
        """Return the token of a style; None is any."""
        return self.words + (0 if style is None else 1 + self.styles.index(style))

    def beginnings(
        self,
        tokens: PromptTokens,
        prompts: Sequence[str],
        styles: Sequence[str | None],
        moved: Tensor | None = None,
    ) -> Tensor:
        """Return what comes before pictures, (B, P); `moved` (B,) is True where one isn't as it was drawn."""
        ids, _ = tokens(prompts)  # (B, text)
        begin = torch.full((len(ids),), self.begin) + (0 if moved is None else moved.long())
        return torch.cat([ids, torch.tensor([[self.style(style)] for style in styles]), begin[:, None]], 1)
