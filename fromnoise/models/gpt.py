"""Words by guessing the next token, many times.

Legend: B batch, L tokens, V vocabulary.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat
from torch import Tensor, nn

from fromnoise.autoregressive.choice import Choice
from fromnoise.autoregressive.decode import check_ids, decode
from fromnoise.autoregressive.loss import document_mask, next_token_loss, token_nats
from fromnoise.codecs.text_tokens import MASK, RESERVED, TextTokens
from fromnoise.config import Settings
from fromnoise.data.text_feed import TextBatch, Tokenised, packed
from fromnoise.errors import RequestError
from fromnoise.models.constrained import schema_text
from fromnoise.models.runs import runs_of
from fromnoise.models.telling import Teller, filled, refuse_masks, told
from fromnoise.nets.transformer import Transformer, TransformerSettings
from fromnoise.requests import TextDelta, TextRequest, TextResult
from fromnoise.seeds import Seeds

ROWS = 16
"""Rows that are scored together."""


class ChoiceSettings(Settings):
    """What is used when a request leaves it open."""

    max_tokens: int = Field(default=200, gt=0)
    temperature: NonNegativeFloat = 0.8
    top_k: int | None = None
    top_p: float | None = 0.95
    min_p: float | None = None
    repetition_penalty: float = 1.0
    guidance: float = 1.0


class GPTSettings(Settings):
    """All that makes the model what it is, besides its weights."""

    kind: Literal["gpt"] = "gpt"
    description: str = ""
    styles: tuple[str, ...] = ()
    style_dropout: NonNegativeFloat = 0.12
    """Share of the texts that are learned without their style, for guidance."""
    token_dropout: NonNegativeFloat = 0.0
    """Share of the input tokens that are masked in training, against learning by heart over many epochs."""
    net: TransformerSettings = TransformerSettings(vocabulary=RESERVED + 256)
    sampling: ChoiceSettings = ChoiceSettings()
    start: int | None = None
    """Id that begins a text, of a model that comes from elsewhere; None: the tokenizer's <start>, if any."""
    ends: tuple[int, ...] = ()
    """Ids at which a text of such a model is over; empty: the tokenizer's <end>, if any."""
    chat_template: str | None = None
    """How a conversation is written as one text, in Jinja."""


def without_styles(
    ids: Tensor, tokens: TextTokens, styles: Sequence[str], share: float, seeds: Seeds
) -> Tensor:
    """Replace the styles in a share of the rows of ids (B, L) by "any"."""
    first = tokens.style(None, styles)
    told = (ids > first) & (ids <= first + len(styles))
    return ids.masked_fill(told & (seeds.uniform(1) < share), first)


class GPT(nn.Module):
    """Write on from a prompt, in the style asked for."""

    def __init__(self, settings: GPTSettings, tokenizer: TextTokens) -> None:
        super().__init__()
        self.settings, self.tokenizer = settings, tokenizer
        self.net = Transformer(settings.net)
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

    @property
    def chat_template(self) -> str | None:
        """Return how a conversation is written as one text, in Jinja; None when nobody said."""
        return self.settings.chat_template

    # Training

    def loss(self, batch: TextBatch, seeds: Seeds) -> Tensor:
        """Return each row's mean next-token loss, (B,), in nats.

        In training, styles and tokens are left out now and then.
        """
        ids = batch.ids
        if self.training:
            ids = self._with_gaps(batch, seeds)
        vectors = self._read(batch, ids)
        return next_token_loss(self.net.logits(vectors), batch.targets.to(self.device))

    def _read(self, batch: TextBatch, ids: Tensor) -> Tensor:
        documents = batch.documents.to(self.device)
        mask = None if bool((batch.documents == batch.documents[:, :1]).all()) else document_mask(documents)
        places = batch.positions.to(self.device)
        return self.net(ids.to(self.device), mask=mask, positions=places)  # type: ignore[no-any-return]

    def _with_gaps(self, batch: TextBatch, seeds: Seeds) -> Tensor:
        """Replace some styles by "any" and some tokens by the mask token."""
        ids = batch.ids
        if self.styles and self.settings.style_dropout:
            ids = without_styles(ids, self.tokenizer, self.styles, self.settings.style_dropout, seeds)
        if self.settings.token_dropout:
            lost = (seeds.uniform(ids.shape[1]) < self.settings.token_dropout) & (ids >= RESERVED)
            ids = ids.masked_fill(lost, self.tokenizer.control(MASK))
        return ids

    def compile_networks(self) -> None:
        """Fuse the network's small operations; costs half a minute at the first step."""
        self.net.compile()

    # Likelihood

    exact: ClassVar[bool] = True
    """Its likelihoods are no bounds."""

    def text_nats(
        self, texts: Sequence[str], seed: int = 0, styles: Sequence[str | None] | None = None
    ) -> NDArray[np.float64]:
        """Return the exact -log p of every text and its end, (N,), in nats; nothing is drawn.

        What is longer than the model reads is read in pieces, each from the beginning anew.
        """
        asked = styles or [None] * len(texts)
        found = []
        for text, style in zip(texts, asked, strict=True):
            whole = Tokenised(self.prefix(style), [*self.tokenizer.encode(text), *self.tokenizer.ends[:1]])
            rows = packed([whole], self.settings.net.length)
            parts = [self.batch_nats(rows[at : at + ROWS]) for at in range(0, len(rows), ROWS)]
            found.append(float(sum(part.double().sum() for part in parts)))
        return np.array(found)

    @torch.inference_mode()
    def batch_nats(self, batch: TextBatch) -> Tensor:
        """Return the exact -log p of every target (B, L), in nats; 0 where there is none."""
        return token_nats(self.net.logits(self._read(batch, batch.ids)), batch.targets.to(self.device))

    @torch.inference_mode()
    def logits(self, ids: Tensor) -> Tensor:
        """Return the scores of the next token at every place, (B, L, V), for ids (B, L)."""
        most = self.settings.net.length
        if ids.ndim != 2 or ids.is_floating_point() or not 0 < ids.shape[1] <= most:
            raise RequestError(
                f"ids must be whole numbers (B, L), L from 1 to {most}, got {ids.dtype} {tuple(ids.shape)}"
            )
        check_ids(ids.tolist(), self.settings.net.vocabulary)
        return self.net.logits(self.net(ids.to(self.device)))

    # Words

    def prefix(self, style: str | None) -> list[int]:
        """Return the control tokens that begin a text."""
        start = [] if self.tokenizer.start is None else [self.tokenizer.start]
        return [*start, self.tokenizer.style(style, self.styles)] if self.styles else start

    def decode(
        self,
        ids: Tensor | Sequence[Sequence[int]],
        max_tokens: int = 100,
        temperature: float = 1.0,
        top_p: float | None = None,
        top_k: int | None = None,
        min_p: float | None = None,
        repetition_penalty: float = 1.0,
        seed: int = 0,
        stop_at_eos: bool = True,
    ) -> Iterator[Tensor]:
        """Go on from token ids (B, L) or lists of them, and yield one column (B,) a step.

        With `stop_at_eos` a sequence that is over repeats its end token, and decoding ends with the last one.
        """
        rows = ids.tolist() if isinstance(ids, Tensor) else ids
        choice = Choice(temperature, top_k, top_p, min_p, repetition_penalty)
        over = torch.zeros(len(rows), dtype=torch.bool, device=self.device)
        ends = torch.tensor(self.tokenizer.ends, device=self.device)
        seeds = Seeds.count_from(seed, len(rows))
        for column in decode(self.net, rows, max_tokens, choice, seeds, likely=False):
            if not stop_at_eos or not len(ends):
                yield column.tokens
                continue
            tokens = torch.where(over, ends[0], column.tokens)
            yield tokens
            over |= torch.isin(tokens, ends)
            if over.all():
                return

    def generate(
        self,
        prompt: str = "",
        *,
        style: str | None = None,
        seed: int = 0,
        count: int = 1,
        max_tokens: int | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        repetition_penalty: float | None = None,
        stop: Sequence[str] = (),
        guidance: float | None = None,
        json_schema: str | Mapping[str, Any] | None = None,
        draft: "GPT | Literal['lookup'] | None" = None,
    ) -> Iterator[str | TextResult]:
        """Write on from `prompt`: yield the first text piece by piece, then the result with all texts.

        A draft guesses ahead and makes it faster: "lookup" by what was there before, which changes no text,
        or a smaller model of the same tokens, which changes no likelihood.
        """
        options = {name: value for name, value in locals().items() if name not in ("self", "draft")}
        schema = None if json_schema is None else schema_text(json_schema)
        request = TextRequest(**options | {"stop": tuple(stop), "json_schema": schema})
        from fromnoise.engine import Engine

        for news in Engine(self, partial(self.stream, draft=draft)).stream(request):
            if isinstance(news, TextResult):
                yield news
            elif news.item == 0:
                yield news.text

    def run(self, request: TextRequest) -> TextResult:
        """Carry out a request by the engine, as every front door does, and return its result."""
        from fromnoise.engine import Engine

        result: TextResult = Engine(self).run(request)
        return result

    def check(self, request: TextRequest) -> TextRequest:
        """Fill in the model's defaults; raise RequestError for what can't be made."""
        refuse_masks(request)
        return filled(request, self.settings.sampling, self.styles)

    def stream(
        self, request: TextRequest, draft: "GPT | Literal['lookup'] | None" = None
    ) -> Iterator[TextDelta | TextResult]:
        """Carry out a request, which the engine checks: tell of every piece of text, then give the result."""
        asked = self.check(request)
        prompt = self.tokenizer.encode(asked.prompt)
        null = [*self.prefix(None), *prompt] if asked.style is not None else None
        yield from self._write(request, asked, [*self.prefix(asked.style), *prompt], null, draft)

    def answer(
        self,
        begun: Sequence[int],
        request: TextRequest,
        draft: "GPT | Literal['lookup'] | None" = None,
    ) -> Iterator[TextDelta | TextResult]:
        """Go on from token ids instead of the request's prompt; a conversation is such."""
        yield from self._write(request, self.check(replace(request, count=1)), begun, None, draft)

    def _write(
        self,
        request: TextRequest,
        asked: TextRequest,
        begun: Sequence[int],
        null: Sequence[int] | None,
        draft: "GPT | Literal['lookup'] | None",
    ) -> Iterator[TextDelta | TextResult]:
        """Turn tokens into text as they come, each item up to its end."""
        if request.max_tokens is None:  # nobody asked for more than there is room for
            room = self.settings.net.length - len(begun)
            asked = replace(asked, max_tokens=max(1, min(int(asked.max_tokens or 1), room)))
        tellers = [Teller(self.tokenizer, begun, asked.stop) for _ in range(asked.count)]
        for run in runs_of(self, asked, begun, null, draft):
            yield from told([tellers[item] for item in run.items], run.items, run.columns)
        drafted = {} if draft is None else {"draft": draft if isinstance(draft, str) else draft.name}
        yield self._result(asked, begun, tellers, drafted)

    def _result(
        self,
        asked: TextRequest,
        begun: Sequence[int],
        tellers: Sequence[Teller],
        drafted: Mapping[str, str],
    ) -> TextResult:
        made_by = {"model": self.name, "weights_sha256": self.weights_sha256, **drafted}
        options = {name: value for name, value in vars(asked).items() if name != "count"}
        endings = [teller.ending or "length" for teller in tellers]
        cut = [
            item for item, ending in enumerate(endings, start=1) if asked.json_schema and ending == "length"
        ]
        return TextResult(
            [teller.text for teller in tellers],
            endings,
            [teller.tokens for teller in tellers],
            [teller.log_probabilities for teller in tellers],
            len(begun),
            [options | made_by | {"seed": asked.seed + item} for item in range(len(tellers))],
            [f"text {item} was cut off before its JSON was whole; ask for more max_tokens" for item in cut],
        )
