"""From words to what the denoiser is told.

Legend: B batch, L tokens of a prompt, D width.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fromnoise.codecs.bpe import PromptTokens
from fromnoise.data.augment import LABEL
from fromnoise.nets.dit import Condition
from fromnoise.nets.text_encoder import TextEncoder, TextEncoderSettings
from fromnoise.seeds import Seeds


class Conditioner(nn.Module):
    """Encode prompts, styles and what augmentation did.

    The empty prompt without a style is the null condition.
    """

    def __init__(self, settings: TextEncoderSettings, tokens: PromptTokens, styles: Sequence[str]) -> None:
        super().__init__()
        self.tokens, self.styles = tokens, tuple(styles)
        self.text = TextEncoder(settings, len(tokens))
        self.style = nn.Embedding(len(styles) + 1, settings.width)  # row 0: no style
        self.augmented_in = nn.Linear(LABEL, settings.width, bias=False)
        nn.init.normal_(self.style.weight)
        nn.init.zeros_(self.augmented_in.weight)

    def forward(self, ids: Tensor, mask: Tensor, styles: Tensor, augmented: Tensor) -> Condition:
        """Encode ids and mask (B, L), style rows (B,) and augmentation (B, LABEL)."""
        tokens, whole = self.text(ids, mask)  # (B, L, D), (B, D)
        style = self.style(styles)  # (B, D)
        vector = whole + style + self.augmented_in(augmented)
        return Condition(torch.cat([tokens, style[:, None].to(tokens.dtype)], dim=1), vector)

    def inputs(self, prompts: Sequence[str], styles: Sequence[str | None]) -> tuple[Tensor, Tensor, Tensor]:
        """Turn words into ids (B, L), mask (B, L) and style rows (B,)."""
        ids, mask = self.tokens(prompts)
        rows = torch.tensor([0 if style is None else 1 + self.styles.index(style) for style in styles])
        return ids, mask, rows

    def encode(self, prompts: Sequence[str], styles: Sequence[str | None]) -> Condition:
        """Encode prompts one by one, so that a prompt's neighbours can't change its encoding."""
        device = self.style.weight.device
        made = []
        for prompt, style in zip(prompts, styles, strict=True):
            ids, mask, rows = (part.to(device) for part in self.inputs([prompt], [style]))
            made.append(self(ids, mask, rows, torch.zeros(1, LABEL, device=device)))
        return Condition(torch.cat([one.tokens for one in made]), torch.cat([one.vector for one in made]))


def dropped(
    captions: Sequence[str], styles: Sequence[str | None], share: float, seeds: Seeds
) -> tuple[list[str], list[str | None]]:
    """Take away the caption, both or the style, each from `share` of the items.

    That teaches the null condition, which guidance needs.
    """
    kept_captions, kept_styles = [], []
    for caption, style, at in zip(captions, styles, seeds.uniform().tolist(), strict=True):
        kept_captions.append("" if at < 2 * share else caption)
        kept_styles.append(None if share <= at < 3 * share else style)
    return kept_captions, kept_styles


def slerp(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """Turn the vectors `start` (..., D) to `end` by `share` of the angle between them; lengths go evenly."""
    cosine = torch.nn.functional.cosine_similarity(start, end, dim=-1).clamp(-0.9999, 0.9999)[..., None]
    angle = torch.acos(cosine)
    # shares of the sine first: at the ends they are exactly 0 and 1, so that the ends stay what they are
    first, second = (torch.sin(part * angle) / torch.sin(angle) for part in (1 - share, share))
    return first * start + second * end
