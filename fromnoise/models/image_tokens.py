"""Text to picture by guessing the next token: words first, then the codes of a picture, row by row.

The network is the one that writes text, and so is the loop that decodes. A share of the pictures is learned
from masks as well, so that the same weights fill gaps and make a picture in a few passes.
Legend: B batch, P tokens before a picture, T codes of a picture, K codes, N side of the grid.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from fromnoise.autoregressive.choice import Choice
from fromnoise.codecs.bpe import PromptTokens
from fromnoise.codecs.vq import GridCodec
from fromnoise.data.feed import CaptionedBatch
from fromnoise.diffusion.masked import Masked
from fromnoise.errors import ConfigError
from fromnoise.models.asking import told
from fromnoise.models.conditioning import dropped
from fromnoise.models.image_tokens_settings import ImageTokensSettings
from fromnoise.models.token_asking import IN_ORDER, checked_tokens, open_cells
from fromnoise.models.token_drawing import SOLVERS, UNKNOWN, Task
from fromnoise.models.token_layout import TokenLayout
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
        _choice(asked)
        return asked

    def stream(self, request: ImageRequest) -> Iterator[Progress | ImageResult]:
        """Carry out a request that the engine has checked: tell of every token or pass, then give the result."""
        asked = self.check(request)
        given = None if asked.init is None else self.codec.encode(torch.tensor(asked.init)[None])[0].flatten()
        seeds = range(asked.seed, asked.seed + asked.count)
        opened = [open_cells(asked, self.layout.side, seed) for seed in seeds]
        ways = [
            SOLVERS[str(asked.solver)](self, self._task(asked, given, cells), seed)
            for cells, seed in zip(opened, seeds, strict=True)
        ]
        steps = self.layout.picture if asked.solver == IN_ORDER else int(asked.steps or 1)
        for step, codes in enumerate(zip(*ways, strict=True), start=1):
            yield Progress(step, steps, lambda codes=codes: self._pictures(codes, asked, opened))
        made_by = {"model": self.name, "weights_sha256": self.weights_sha256}
        settings = [one | made_by for one in told(asked)]
        yield ImageResult(self._pictures(codes, asked, opened), settings, self._warnings(asked))

    def _task(self, asked: ImageRequest, given: Tensor | None, cells: Tensor) -> Task:
        texts, styles = [asked.prompt, asked.negative or ""], [asked.style, None]
        begun, null = self.layout.beginnings(self.tokens, texts, styles).tolist()
        known = torch.full((self.layout.picture,), UNKNOWN)
        known = known if given is None else torch.where(cells.flatten(), known, given)
        scales = float(asked.guidance or 0.0), float(asked.guidance_start or 0.0)
        return Task(begun, null, known, _choice(asked), *scales, int(asked.steps or 1))

    def _pictures(
        self, codes: Sequence[Tensor], asked: ImageRequest, opened: Sequence[Tensor]
    ) -> list[Image.Image]:
        """Decode codes (T,) each; what isn't written yet is white, what was given is what its codes show."""
        shape, cell = self.codec.shape, self.size // self.layout.side
        arrays = [
            self.codec.decode(one.clamp(min=0).view(1, *shape))[0].masked_fill(
                _large(one == UNKNOWN, cell), 255
            )
            for one in codes
        ]
        if asked.init is not None:
            given = self.codec.decode(self.codec.encode(torch.tensor(asked.init)[None]))[0]
            arrays = [
                torch.where(_large(cells, cell), array, given)
                for cells, array in zip(opened, arrays, strict=True)
            ]
        return [Image.fromarray(array.numpy()) for array in arrays]

    def _warnings(self, asked: ImageRequest) -> list[str]:
        texts = [text for text in (asked.prompt, asked.negative) if text]
        return [
            f"the prompt {text[:40]!r}... has {self.tokens.count(text)} tokens; "
            f"only the first {self.tokens.length} were read"
            for text in texts
            if self.tokens.count(text) > self.tokens.length
        ]

    # Training

    def loss(self, batch: CaptionedBatch, seeds: Seeds) -> Tensor:
        """Return each picture's mean nats a code, (B,): of the next code, and of masked ones for some.

        In training, captions and styles are left out now and then, and some codes are read wrongly; else
        nothing is drawn, and it is the exact -log p of the codes.
        """
        settings, codes = self.settings, batch.x0.flatten(1)  # (B, T)
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
        scores = self.scores(self.net(ids, mask=mask))
        return F.cross_entropy(scores.float().transpose(1, 2), codes.to(self.device), reduction="none")

    def scores(self, vectors: Tensor) -> Tensor:
        """Return the scores of every code (B, T, K) by the vectors of a whole sequence (B, P + T, D).

        What stands at a token's place guesses the token after it, masked or not.
        """
        ahead = vectors[:, self.layout.before - 1 : -1]
        return F.linear(ahead, self.net.words.weight[self.layout.first :].to(ahead.dtype))


def _choice(asked: ImageRequest) -> Choice:
    temperature = 1.0 if asked.temperature is None else asked.temperature
    return Choice(temperature, asked.top_k, asked.top_p)


def _large(cells: Tensor, cell: int) -> Tensor:
    """Bring a bool a cell, (N N,) or (N, N), to one a pixel, (S, S, 1)."""
    side = math.isqrt(cells.numel())
    return cells.view(side, side).repeat_interleave(cell, 0).repeat_interleave(cell, 1)[..., None]


def layout_of(settings: ImageTokensSettings, codec: GridCodec, tokens: PromptTokens) -> TokenLayout:
    """Return which ids stand for what."""
    return TokenLayout(len(tokens), settings.text, settings.styles, codec.codes, codec.shape[1])
