"""How well a picture shows what was asked for: a text encoder that guesses what the picture's features are.

It learns by telling which picture of a batch belongs to which words (InfoNCE, van den Oord et al. 2018); the
pictures' side is an encoder that was trained before and stays as it is.
Legend: B batch, F features of a picture, D width of a word.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from fromnoise.codecs.bpe import PromptTokens
from fromnoise.codecs.codec import resized
from fromnoise.config import Settings
from fromnoise.data.feed import CaptionedBatch
from fromnoise.models.conditioning import dropped
from fromnoise.models.features import FeatureEncoder
from fromnoise.nets.text_encoder import TextEncoder, TextEncoderSettings
from fromnoise.seeds import Seeds


class ScorerSettings(Settings):
    """Size of the words' side, and the pictures' side."""

    kind: Literal["scorer"] = "scorer"
    description: str = ""
    styles: tuple[str, ...] = ()
    features: str = "fromnoise-features"
    """Name of the encoder of pictures."""
    features_width: PositiveInt = 64
    """F."""
    vocabulary: PositiveInt = 4096
    """Tokens of the prompt's tokenizer."""
    style_dropout: NonNegativeFloat = Field(default=0.1, le=0.5)
    """Share of the captions that are learned without their style, and as much without words."""
    temperature: PositiveFloat = 0.07
    style_weight: NonNegativeFloat = 0.3
    """What a nat of doubt about the style, as the encoder tells it, takes from a picture's merit."""
    text: TextEncoderSettings = TextEncoderSettings(width=64, depth=0, heads=1)


class Scorer(nn.Module):
    """Score pictures by words and style: the cosine of their features and the features that words promise."""

    def __init__(self, settings: ScorerSettings, encoder: FeatureEncoder, tokens: PromptTokens) -> None:
        super().__init__()
        self.settings, self.codec, self.tokens = settings, encoder, tokens
        self.text = TextEncoder(settings.text, len(tokens))
        self.style = nn.Embedding(len(settings.styles) + 1, settings.features_width)  # row 0: any
        self.promise_out = nn.Linear(settings.text.width, settings.features_width, bias=False)
        nn.init.zeros_(self.style.weight)
        self.name, self.weights_sha256 = "unsaved", ""
        self.folder: Path | None = None

    @property
    def device(self) -> torch.device:
        """Return where it computes."""
        return self.style.weight.device

    def promised(self, prompts: Sequence[str], styles: Sequence[str | None]) -> Tensor:
        """Return the features that words promise, of length 1, (B, F)."""
        ids, mask = (part.to(self.device) for part in self.tokens(prompts))
        known = self.settings.styles
        rows = [0 if style not in known else 1 + known.index(style) for style in styles]
        _, whole = self.text(ids, mask)
        style = self.style(torch.tensor(rows, device=self.device))
        return F.normalize(self.promise_out(whole) + style, dim=1)

    def loss(self, batch: CaptionedBatch, seeds: Seeds) -> Tensor:
        """Return how badly words find their features (B, F) in the batch and back, (B,)."""
        share = self.settings.style_dropout if self.training else 0.0
        captions, styles = dropped(batch.captions, batch.styles, share, seeds)
        found = F.normalize(batch.x0.float().to(self.device), dim=1)
        scores = self.promised(captions, styles).float() @ found.T / self.settings.temperature  # (B, B)
        own = torch.arange(len(scores), device=scores.device)
        there, back = (F.cross_entropy(one, own, reduction="none") for one in (scores, scores.T))
        return 0.5 * (there + back)

    def compile_networks(self) -> None:
        """Do nothing: it is small."""

    @torch.no_grad()
    def scores(self, pictures: Tensor, prompt: str, style: str | None = None) -> Tensor:
        """Return how well uint8 pictures (B, S, S, 3) show a prompt, from -1 to 1, (B,); one by one."""
        return self._cosines(self._seen(pictures), prompt, style)

    @torch.no_grad()
    def merits(self, pictures: Tensor, prompt: str, style: str | None = None) -> Tensor:
        """Return what the best of some pictures (B, S, S, 3) is chosen by, (B,): prompt and style in one."""
        seen, known = self._seen(pictures), self.codec.settings.styles
        scores = self._cosines(seen, prompt, style)
        if style not in known:
            return scores
        nats = torch.cat([self.codec.style_nats(one) for one in seen])
        return scores - self.settings.style_weight * nats[:, known.index(style)]

    def _seen(self, pictures: Tensor) -> list[Tensor]:
        """See pictures one by one, since the others of a batch must not change the last bit."""
        return [self.codec.seen(picture[None]) for picture in resized(pictures, self.codec.size)]

    def _cosines(self, seen: Sequence[Tensor], prompt: str, style: str | None) -> Tensor:
        found = torch.cat([self.codec.whitened(one) for one in seen])
        return F.cosine_similarity(found, self.promised([prompt], [style]))
