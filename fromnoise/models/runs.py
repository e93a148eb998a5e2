"""How the tokens of a request come: all its texts step by step, or each by itself with a draft."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fromnoise.autoregressive.choice import Choice
from fromnoise.autoregressive.decode import Column, decode
from fromnoise.autoregressive.drafts import Draft, ModelDraft, PromptLookup
from fromnoise.autoregressive.speculate import speculate
from fromnoise.errors import RequestError, unknown
from fromnoise.models.constrained import JSONSchema
from fromnoise.requests import TextRequest
from fromnoise.seeds import Seeds

if TYPE_CHECKING:
    from fromnoise.models.gpt import GPT

LOOKUP = "lookup"
_APART = 2_654_435_761
"""How far a draft's random stream is from the text's; torch looks at a seed's last 32 bits alone."""


@dataclass(frozen=True)
class Run:
    """Tokens of some items of a request, a column a step."""

    items: range
    columns: Iterator[Column]


def runs_of(
    model: "GPT",
    asked: TextRequest,
    begun: Sequence[int],
    null: Sequence[int] | None,
    drafter: "GPT | Literal['lookup'] | None",
) -> list[Run]:
    """Plan the tokens of a request, its defaults filled in, after the ids `begun`.

    `null` are the ids without the style asked for. A drafter guesses ahead: "lookup" from the text itself,
    or a smaller model.
    """
    steps, choice, guidance = int(asked.max_tokens or 1), choice_of(asked), float(asked.guidance or 1.0)
    if drafter is not None:
        _check_drafter(model, asked, drafter, null is not None and guidance != 1.0)
        return [
            Run(range(item, item + 1), _alone(model, asked.seed + item, begun, steps, choice, drafter))
            for item in range(asked.count)
        ]
    net = model.net
    allowed = asked.json_schema and JSONSchema(
        asked.json_schema, model.tokenizer, net.settings.vocabulary, asked.count
    )
    columns = decode(
        net,
        [begun] * asked.count,
        steps,
        choice,
        Seeds.count_from(asked.seed, asked.count),
        allowed=allowed or None,
        null=[null] * asked.count if null else None,
        guidance=guidance,
    )
    return [Run(range(asked.count), columns)]


def choice_of(asked: TextRequest) -> Choice:
    """Return how a request, its defaults filled in, wants tokens to be chosen."""
    temperature = 1.0 if asked.temperature is None else asked.temperature
    penalty = 1.0 if asked.repetition_penalty is None else asked.repetition_penalty
    return Choice(temperature, asked.top_k, asked.top_p, asked.min_p, penalty)


def _alone(
    model: "GPT",
    seed: int,
    begun: Sequence[int],
    steps: int,
    choice: Choice,
    drafter: "GPT | Literal['lookup']",
) -> Iterator[Column]:
    draft: Draft = PromptLookup()
    if not isinstance(drafter, str):
        draft = ModelDraft(drafter.net, choice, Seeds([seed + _APART]), len(begun) + steps)
    return speculate(model.net, begun, steps, choice, Seeds([seed]), draft)


def _check_drafter(
    model: "GPT", asked: TextRequest, drafter: "GPT | Literal['lookup']", guided: bool
) -> None:
    if isinstance(drafter, str):
        if drafter != LOOKUP:
            raise RequestError(unknown("draft", drafter, [LOOKUP]))
    elif drafter.tokenizer.tokenizer.get_vocab() != model.tokenizer.tokenizer.get_vocab():
        raise RequestError(
            f"{drafter.name!r} has other tokens than {model.name!r}, so it can't guess for it; "
            f'"{LOOKUP}" needs no other model'
        )
    if guided or asked.json_schema:
        other = "guidance" if guided else "a JSON schema"
        raise RequestError(f"a draft goes without {other}; leave one of them out")
