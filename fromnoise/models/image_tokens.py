"""Text to picture by guessing the next token: words first, then the codes of a picture, row by row.

The network is the one that writes text, and so is the loop that decodes. A share of the pictures is learned
from masks as well, so that the same weights fill gaps and make a picture in a few passes.
Legend: B batch, P tokens before a picture, T codes of a picture, K codes, N side of the grid.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fromnoise.autoregressive.loss import token_nats
from fromnoise.codecs.bpe import PromptTokens
from fromnoise.codecs.vq import GridCodec, check_codes
from fromnoise.data.feed import CaptionedBatch
from fromnoise.diffusion.masked import Masked
from fromnoise.errors import ConfigError, RequestError
from fromnoise.models.conditioning import dropped
from fromnoise.models.image_tokens_settings import ImageTokensSettings
from fromnoise.models.token_asking import checked_tokens, choice_of
from fromnoise.models.token_layout import TokenLayout
from fromnoise.models.token_pictures import drawn_pictures
from fromnoise.nets.transformer import Transformer
from fromnoise.requests import ImageRequest, ImageResult, Progress
from fromnoise.seeds import Seeds

LEAST_MASKED = 0.1
"""Least share of masks in training."""


class ImageTokens(nn.Module):
    """Make pictures from prompts, code by code."""

    def __init__(self, settings: ImageTokensSettings, codec: GridCodec, tokens: PromptTokens) -> None:
        super().__init__()
        self.settings, self.codec, self.tokens = settings, codec, tokens
        self.layout = layout_of(settings, codec, tokens)
        wanted, net = self.layout, settings.net
        if (net.vocabulary, net.length, net.grid) != (wanted.vocabulary, wanted.length, wanted.side):
            fits = f"vocabulary {wanted.vocabulary}, length {wanted.length} and grid {wanted.side}"
            raise ConfigError(f"[net] must have {fits} for this codec and tokenizer")
        self.net = Transformer(net)
        self.process = Masked(wanted.mask, LEAST_MASKED)
        self.name, self.weights_sha256 = "unsaved", ""
        self.folder: Path | None = None

    @property
    def styles(self) -> tuple[str, ...]:
        """Return the styles it knows."""
        return self.settings.styles

    @property
    def size(self) -> int:
        """Return the side of its pictures, px."""
        return self.codec.size

    @property
    def device(self) -> torch.device:
        """Return where it computes."""
        return self.net.words.weight.device

    def compile_networks(self) -> None:
        """Fuse the network's small operations; costs half a minute at the first step."""
        self.net.compile()

    # Making pictures

    def generate(
        self,
        prompt: str,
        *,
        style: str | None = None,
        negative: str | None = None,
        seed: int = 0,
        count: int = 1,
        steps: int | None = None,
        solver: str | None = None,
        guidance: float | None = None,
        guidance_start: float | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        init: np.ndarray | None = None,
        strength: float = 0.6,
        mask: np.ndarray | None = None,
        keep: str | None = None,
        best_of: int | None = None,
    ) -> ImageResult:
        """Make pictures of `prompt`; `ImageRequest` says what each option means."""
        options = {name: value for name, value in locals().items() if name != "self"}
        return self.run(ImageRequest(**options))

    def run(self, request: ImageRequest) -> ImageResult:
        """Carry out a request by the engine, as every front door does, and return its result."""
        from fromnoise.engine import Engine

        result: ImageResult = Engine(self).run(request)
        return result

    def check(self, request: ImageRequest) -> ImageRequest:
        """Fill in the model's defaults; raise RequestError for what can't be made."""
        asked = checked_tokens(request, self.settings.sampling, self.styles, self.size)
        choice_of(asked)
        if int(asked.best_of or 1) > 1 and self.settings.scorer is None:
            raise RequestError("this model has no scorer to choose the best by; leave best_of out")
        return asked

    def stream(self, request: ImageRequest) -> Iterator[Progress | ImageResult]:
        """Carry out a request: tell of every token or pass, then give the result."""
        yield from drawn_pictures(self, self.check(request))

    # Training

    def loss(self, batch: CaptionedBatch, seeds: Seeds) -> Tensor:
        """Return each picture's mean nats a code, (B,): of the next code, and of masked ones for some.

        In training, captions and styles are left out now and then, and some codes are read wrongly; else
        nothing is drawn, and it is the exact -log p of the codes.
        """
        settings = self.settings
        codes = check_codes(batch.x0, self.layout.codes, self.codec.shape).flatten(1)  # (B, T)
        share = settings.caption_dropout if self.training else 0.0
        captions, styles = dropped(batch.captions, batch.styles, share, seeds)
        begun = self.layout.beginnings(self.tokens, captions, styles, batch.augmented.ne(0).any(1))
        if not self.training:
            return self._nats(begun, codes + self.layout.first, codes).mean(1)
        count = round(settings.masked * len(codes))  # the first ones, since a batch has no order
        read = self._misread(codes, seeds) + self.layout.first
        read[:count] = self.process.add_noise(
            read[:count], self.process.sample_time(seeds[:count]), seeds[:count]
        )
        asked = (read == self.layout.mask) | (torch.arange(len(codes)) >= count)[:, None]
        nats = self._nats(begun, read, codes, count)
        asked = asked.to(nats.device)
        return (nats * asked).sum(1) / asked.sum(1)

    @torch.inference_mode()
    def code_nats(self, pictures: Tensor, captions: Sequence[str], styles: Sequence[str | None]) -> Tensor:
        """Return the exact -log p of every code of uint8 pictures (B, S, S, 3), nats, (B, T)."""
        codes = self.codec.encode(pictures).flatten(1)
        begun = self.layout.beginnings(self.tokens, captions, styles)
        return self._nats(begun, codes + self.layout.first, codes)

    def _misread(self, codes: Tensor, seeds: Seeds) -> Tensor:
        """Replace some codes (B, T) by others."""
        wrong = seeds.uniform(codes.shape[1]) < self.settings.token_dropout
        return torch.where(wrong, seeds.integers(0, self.layout.codes, codes.shape[1]), codes)

    def _nats(self, begun: Tensor, read: Tensor, codes: Tensor, both_ways: int = 0) -> Tensor:
        """Return -log p of every code (B, T) by what is read in their places.

        The first `both_ways` rows see all that is read, the others what came before.
        """
        ids = torch.cat([begun, read], 1).to(self.device)
        mask = None
        if both_ways:
            rows = torch.arange(len(ids), device=ids.device)[:, None, None, None]
            earlier = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool, device=ids.device).tril()
            mask = earlier | (rows < both_ways)
        return token_nats(self.scores(self.net(ids, mask=mask)), codes.to(self.device))

    def scores(self, vectors: Tensor) -> Tensor:
        """Return the scores of every code (B, T, K) by the vectors of a whole sequence (B, P + T, D).

        What stands at a token's place guesses the token after it, masked or not.
        """
        ahead = vectors[:, self.layout.before - 1 : -1]
        return F.linear(ahead, self.net.words.weight[self.layout.first :].to(ahead.dtype))


def layout_of(settings: ImageTokensSettings, codec: GridCodec, tokens: PromptTokens) -> TokenLayout:
    """Return which ids stand for what."""
    return TokenLayout(len(tokens), settings.text, settings.styles, codec.codes, codec.shape[1])
