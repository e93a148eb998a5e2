"""Words out of masks, in any order, block by block, or one after the other: one network, three ways to write.

The output at a token's place guesses the token that follows it, whatever the way, so that a network that
learned to guess the next token goes on learning (Gong et al. 2025). A row is read causally up to a cut, and
both ways behind it; what comes before the cut is learned as the next token, what comes behind it as masks.
Legend: B batch, L tokens, V vocabulary.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat
from torch import Tensor, nn
from torch.nn import functional as F

from fromnoise.autoregressive.loss import token_nats
from fromnoise.codecs.text_tokens import MASK, RESERVED, TextTokens
from fromnoise.config import Settings, check_settings
from fromnoise.data.text_feed import IGNORED, TextBatch
from fromnoise.diffusion.masked import NOWHERE, Masked, lost, spread_times
from fromnoise.errors import RequestError
from fromnoise.models.gpt import GPT, GPTSettings, without_styles
from fromnoise.models.telling import filled
from fromnoise.models.text_asking import check_unmasking
from fromnoise.models.text_bound import bound_nats
from fromnoise.models.text_tasks import Written, task_of, without_masks
from fromnoise.nets.transformer import Transformer, TransformerSettings
from fromnoise.requests import TextDelta, TextDraft, TextRequest, TextResult, result_of
from fromnoise.seeds import Seeds

LEAST_BOLD = 0.1
"""Temperature below which nothing is compared: the likeliest token alone has no rivals."""
_GOLDEN = 0.6180339887498949
"""Times of texts that share a row are this far apart, which spreads them evenly."""


class UnmaskSettings(Settings):
    """What is used when a request leaves it open."""

    max_tokens: int = Field(default=200, gt=0)
    steps: int = Field(default=64, gt=0)
    solver: str = "ancestral"
    temperature: NonNegativeFloat = 1.0
    top_k: int | None = None
    top_p: float | None = 0.95
    min_p: float | None = None
    repetition_penalty: float = 1.0
    guidance: float = 1.5


class TextDiffusionSettings(Settings):
    """All that makes the model what it is, besides its weights."""

    kind: Literal["text-diffusion"] = "text-diffusion"
    description: str = ""
    styles: tuple[str, ...] = ()
    style_dropout: NonNegativeFloat = 0.12
    """Share of the texts that are learned without their style, for guidance."""
    whole: float = Field(default=0.5, ge=0, le=1)
    """Share of the texts that are noised from their first token; the others are read up to a cut anywhere."""
    least: float = Field(default=0.05, ge=0, lt=1)
    """Least share of masks in training."""
    net: TransformerSettings = TransformerSettings(vocabulary=RESERVED + 256)
    sampling: UnmaskSettings = UnmaskSettings()
    shifted: bool = True
    """Whether a token is guessed at the place before it; else at its own, without a next-token model."""
    mask: int | None = None
    """Id of the mask, of a model that comes from elsewhere; None: the tokenizer's <mask>."""
    start: int | None = None
    """Id that begins a text of such a model; None: the tokenizer's <start>, if any."""
    ends: tuple[int, ...] = ()
    """Ids at which a text of such a model is over; empty: the tokenizer's <end>, if any."""


class TextDiffusion(nn.Module):
    """Write in the style asked for: from nothing, from a beginning, or around what is given."""

    def __init__(self, settings: TextDiffusionSettings, tokenizer: TextTokens) -> None:
        super().__init__()
        self.settings, self.tokenizer = settings, tokenizer
        self.net = Transformer(settings.net)
        self.process = Masked(tokenizer.control(MASK) if settings.mask is None else settings.mask)
        self.name, self.weights_sha256 = "unsaved", ""
        self.folder: Path | None = None

    @property
    def device(self) -> torch.device:
        """Return where it computes."""
        return self.net.words.weight.device

    @property
    def styles(self) -> tuple[str, ...]:
        """Return the styles it knows."""
        return self.settings.styles

    def compile_networks(self) -> None:
        """Fuse the network's small operations; costs half a minute at the first step."""
        self.net.compile()

    def prefix(self, style: str | None) -> list[int]:
        """Return the control tokens that begin a text."""
        start = [] if self.tokenizer.start is None else [self.tokenizer.start]
        return [*start, self.tokenizer.style(style, self.styles)] if self.styles else start

    # Words

    def check(self, request: TextRequest) -> TextRequest:
        """Fill in the model's defaults; raise RequestError for what can't be made."""
        asked = filled(request, self.settings.sampling, self.styles)
        check_unmasking(self, asked)
        return asked

    def generate(
        self,
        prompt: str = "",
        *,
        style: str | None = None,
        seed: int = 0,
        count: int = 1,
        max_tokens: int | None = None,
        steps: int | None = None,
        solver: str | None = None,
        block: int | None = None,
        guidance: float | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        stop: Sequence[str] = (),
    ) -> Iterator[str | TextResult]:
        """Write on from `prompt`: yield the first text, in pieces if by blocks, then the result with all."""
        options = {name: value for name, value in locals().items() if name != "self"}
        for news in self.stream_checked(TextRequest(**options | {"stop": tuple(stop)})):
            if isinstance(news, TextResult):
                yield news
            elif isinstance(news, TextDelta) and news.item == 0:
                yield news.text

    def infill(
        self,
        template: str,
        *,
        style: str | None = None,
        seed: int = 0,
        steps: int | None = None,
        solver: str | None = None,
        guidance: float | None = None,
    ) -> str:
        """Fill the gaps of a text, `___` of any length and `__5__` of 5 tokens; all else stays as it is."""
        options = {name: value for name, value in locals().items() if name != "self"}
        return self.run(TextRequest(**options)).text

    def rewrite(
        self,
        text: str,
        *,
        style: str | None = None,
        strength: float = 0.5,
        seed: int = 0,
        steps: int | None = None,
        solver: str | None = None,
        guidance: float | None = None,
    ) -> str:
        """Mask a share of a text's tokens and write them anew, in another style if one is named."""
        options = {name: value for name, value in locals().items() if name not in ("self", "text")}
        return self.run(TextRequest(rewrite=text, **options)).text

    def run(self, request: TextRequest) -> TextResult:
        """Carry out a request by the engine, as every front door does, and return its result."""
        result: TextResult = result_of(self.stream_checked(request))
        return result

    def stream_checked(self, request: TextRequest) -> Iterator[TextDraft | TextDelta | TextResult]:
        """Carry out a request by the engine, which checks it, and tell of every step."""
        from fromnoise.engine import Engine

        yield from Engine(self).stream(request)

    def stream(self, request: TextRequest) -> Iterator[TextDraft | TextDelta | TextResult]:
        """Carry out a request, which the engine checks: tell of every step, and then give the result."""
        if request.max_tokens is None and request.template is None and request.rewrite is None:
            begun = [*self.prefix(request.style), *self.tokenizer.encode(request.prompt)]
            room = max(1, self.settings.net.length - len(begun))
            request = replace(request, max_tokens=min(self.settings.sampling.max_tokens, room))
        asked = self.check(request)
        if asked.block == 1:
            yield from self.next_token.stream(without_masks(asked))
            return
        written = []
        for item in range(asked.count):
            for news in task_of(asked)(self, asked, item):
                if isinstance(news, Written):
                    written.append(news)
                else:
                    yield news
        yield self._result(asked, written)

    def _result(self, asked: TextRequest, written: Sequence[Written]) -> TextResult:
        made_by = {"model": self.name, "weights_sha256": self.weights_sha256}
        options = {name: value for name, value in vars(asked).items() if name != "count"} | made_by
        begun = [*self.prefix(asked.style), *self.tokenizer.encode(asked.prompt)]
        return TextResult(
            [one.text for one in written],
            [one.ending for one in written],
            [one.tokens for one in written],
            [one.log_probabilities for one in written],
            len(begun),
            [options | {"seed": asked.seed + item} for item in range(len(written))],
        )

    @property
    def next_token(self) -> GPT:
        """Return the next-token model of the same weights."""
        if not self.settings.shifted:
            raise RequestError(f"{self.name} guesses tokens at their own places and can't tell the next one")
        sampling = self.settings.sampling.model_dump(exclude={"steps", "solver"})
        same = {"description", "styles", "style_dropout", "net", "start", "ends"}
        tree = self.settings.model_dump(include=same)
        with torch.device("meta"):
            model = GPT(check_settings(GPTSettings, tree | {"sampling": sampling}), self.tokenizer)
        model.net, model.name, model.weights_sha256 = self.net, self.name, self.weights_sha256
        return model.train(self.training)

    @torch.inference_mode()
    def tokens_nats(self, asked: TextRequest, tokens: Sequence[int]) -> float:
        """Return -log p of tokens by the next-token model, as bold and as guided as the request, in nats."""
        told = torch.tensor([list(tokens)], device=self.device)
        logits = self._next_scores(asked.style, told)
        if asked.style is not None and asked.guidance not in (None, 1.0):
            weak = self._next_scores(None, told)
            logits = weak + float(asked.guidance or 0.0) * (logits - weak)
        boldness = max(LEAST_BOLD, 1.0 if asked.temperature is None else asked.temperature)
        return float(token_nats(logits / boldness, told).double().sum())

    def _next_scores(self, style: str | None, told: Tensor) -> Tensor:
        """Return log p of every token at the places of `told` (B, L) by what stands before, (B, L, V)."""
        prefix = torch.tensor([self.prefix(style)], device=self.device).expand(len(told), -1)
        ids = torch.cat([prefix, told], 1)[:, :-1]
        return self.net.logits(self.net(ids)[:, -told.shape[1] :]).float().log_softmax(2)

    # Likelihood

    exact: ClassVar[bool] = False
    """Its likelihoods are bounds; those of `next_token` are exact."""

    def text_nats(
        self,
        texts: Sequence[str],
        seed: int = 0,
        styles: Sequence[str | None] | None = None,
        samples: int = 4,
        block: int | None = None,
    ) -> NDArray[np.float64]:
        """Return samples of a bound of every text's -log p, (N, S), in nats; `block` tells it in blocks."""
        return bound_nats(self, texts, styles or [None] * len(texts), seed, samples, block)

    # Training

    def loss(self, batch: TextBatch, seeds: Seeds) -> Tensor:
        """Return each row's nats a token, (B,): of the next token before the cuts, the bound behind them.

        In training, styles are left out now and then; else nothing is cut, and the bound is the whole text's.
        """
        ids, cuts, least = batch.ids, torch.zeros_like(batch.ids), 0.0
        if self.training:
            ids = without_styles(ids, self.tokenizer, self.styles, self.settings.style_dropout, seeds)
            cuts, least = self._cuts(batch, seeds), self.settings.least
        late = (batch.positions >= cuts) & (batch.documents >= 0)
        asked = batch.targets != IGNORED
        share = (spread_times(seeds)[:, None] + _GOLDEN * batch.documents) % 1
        groups = batch.documents.masked_fill(~(late & asked), NOWHERE)
        masked, weights = lost(seeds.uniform(ids.shape[1]), groups, 1 - (1 - least) * share)
        weights = weights.masked_fill(~late & asked, 1.0)
        nats = self.guessed_nats(batch, ids, masked, weights, late)
        return nats / asked.sum(1).clamp(min=1).to(self.device)

    def guessed_nats(
        self, batch: TextBatch, ids: Tensor, masked: Tensor, weights: Tensor, late: Tensor
    ) -> Tensor:
        """Return the weighted sum of -log p of each row's targets, (B,), in nats.

        The targets that are `masked` are hidden; places that are `late` see both ways. All are (B, L).
        """
        vectors = self._read(batch, self._noised(batch, ids, masked), late)
        return self._weighed(vectors, batch.targets, weights)

    def _cuts(self, batch: TextBatch, seeds: Seeds) -> Tensor:
        """Draw for every text where it is cut, 0 for some, (B, L)."""
        count = int(batch.documents.max()) + 1
        sizes = torch.zeros(len(batch), count + 1, dtype=torch.int64)
        sizes.scatter_add_(1, batch.documents + 1, torch.ones_like(batch.documents))
        whole, places = seeds.uniform(2, count).unbind(1)
        cuts = (places * sizes[:, 1:]).long().masked_fill(whole < self.settings.whole, 0)
        return cuts.gather(1, batch.documents.clamp(min=0))

    def _noised(self, batch: TextBatch, ids: Tensor, masked: Tensor) -> Tensor:
        """Put masks into ids (B, L) for the targets that are masked: a target stands one place further."""
        inside = batch.documents[:, 1:] == batch.documents[:, :-1]
        after = F.pad(masked[:, :-1] & inside, (1, 0))
        return ids.masked_fill(after, self.process.mask)

    def _read(self, batch: TextBatch, ids: Tensor, late: Tensor) -> Tensor:
        seen = both_ways_mask(batch.documents.to(self.device), late.to(self.device))
        return self.net(ids.to(self.device), mask=seen, positions=batch.positions.to(self.device))  # type: ignore[no-any-return]

    def _weighed(self, vectors: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Return the weighted sum of -log p of each row's targets, (B,); without weight there is no cost."""
        rows, places = (weights > 0).nonzero(as_tuple=True)
        logits = self.net.logits(vectors[rows.to(self.device), places.to(self.device)])
        nats = F.cross_entropy(logits.float(), targets[rows, places].to(self.device), reduction="none")
        sums = torch.zeros(len(targets), device=self.device)
        return sums.index_add(0, rows.to(self.device), nats * weights[rows, places].to(nats))


def both_ways_mask(documents: Tensor, late: Tensor) -> Tensor:
    """Return who may see whom, (B, 1, L, L): what came before in the same text, and all of it if `late`."""
    length = documents.shape[1]
    same = documents[:, :, None] == documents[:, None, :]
    earlier = torch.ones(length, length, dtype=torch.bool, device=documents.device).tril()
    return (same & (earlier | late[:, :, None]))[:, None]
