"""How the codes of one picture come about: one after the other, or in a few passes over all of them.

Legend: P tokens before a picture, T codes of a picture, K codes, V vocabulary. `known` (T,) holds the codes
that are given, -1 where one is asked for.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fromnoise.autoregressive.choice import Choice, drawn
from fromnoise.autoregressive.decode import decode
from fromnoise.registry import Registry
from fromnoise.seeds import Seeds

if TYPE_CHECKING:
    from fromnoise.models.image_tokens import ImageTokens

SOLVERS = Registry(
    "solver",
    {
        "masked": "fromnoise.models.token_drawing:by_passes",
        "next-token": "fromnoise.models.token_drawing:by_next_token",
    },
)
"""Name -> (model, task, seed) -> codes so far (T,), step by step."""
UNKNOWN = -1


@dataclass(frozen=True)
class Task:
    """What a picture is to be, and how boldly it is drawn."""

    begun: list[int]  # P tokens
    null: list[int]  # P tokens without what is asked for
    known: Tensor
    choice: Choice
    guidance: float
    guidance_start: float
    steps: int
    """Passes, for what works in passes."""

    def scales(self, steps: int) -> list[float]:
        """Return the guidance of every step: evenly from the first to the last."""
        return torch.linspace(self.guidance_start, self.guidance, steps, dtype=torch.float64).tolist()


def by_next_token(model: "ImageTokens", task: Task, seed: int) -> Iterator[Tensor]:
    """Write code after code, each by those before it; codes that are given come as they are."""
    layout, codes = model.layout, torch.full_like(task.known, UNKNOWN)

    def allowed(step: int, chosen: Tensor) -> Tensor:
        given, open_to = int(task.known[step]), torch.zeros(len(chosen), layout.vocabulary, dtype=torch.bool)
        first, last = (0, layout.codes) if given == UNKNOWN else (given, given + 1)
        open_to[:, layout.first + first : layout.first + last] = True
        return open_to

    columns = decode(
        model.net,
        [task.begun],
        len(codes),
        task.choice,
        Seeds([seed]),
        allowed=allowed,
        null=[task.null],
        guidance=task.scales(len(codes)),
        likely=False,
    )
    for step, column in enumerate(columns):
        codes[step] = column.tokens[0] - layout.first
        yield codes.clone()


@torch.inference_mode()
def by_passes(model: "ImageTokens", task: Task, seed: int) -> Iterator[Tensor]:
    """Guess all codes at every pass, and keep those that are surest (Chang et al. 2022, cosine schedule)."""
    stream, codes = Seeds([seed]), task.known.clone()
    hidden = codes == UNKNOWN
    total, steps = int(hidden.sum()), task.steps
    for step, scale in enumerate(task.scales(steps), start=1):
        shares = task.choice.probabilities(_both_ways(model, task, codes, scale))  # (T, K)
        chance, luck = stream.uniform(2, len(codes))[0]
        guesses = drawn(shares, chance)
        sure = shares.gather(1, guesses[:, None])[:, 0].log()
        sure += task.choice.temperature * (1 - step / steps) * -(-luck.clamp(min=1e-12).log()).log()
        left = 0 if step == steps else math.floor(total * math.cos(math.pi / 2 * step / steps))
        order = sure.masked_fill(~hidden, torch.inf).argsort()
        codes = torch.where(hidden, guesses, codes)
        hidden = torch.zeros_like(hidden)
        hidden[order[:left]] = True
        codes[hidden] = UNKNOWN
        yield codes.clone()


def _both_ways(model: "ImageTokens", task: Task, codes: Tensor, scale: float) -> Tensor:
    """Score every code (T, K) by all that are known, on either side."""
    layout = model.layout
    read = torch.where(codes == UNKNOWN, layout.mask, codes + layout.first).tolist()

    def scored(begun: list[int]) -> Tensor:
        ids = torch.tensor([[*begun, *read]], device=model.device)
        return model.scores(model.net(ids, causal=False))[0].float().cpu()

    strong = scored(task.begun)
    if scale == 1.0:
        return strong
    weak = scored(task.null)
    return weak + scale * (strong - weak)
