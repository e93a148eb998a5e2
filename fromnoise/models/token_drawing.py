"""How the codes of a picture come about: one after the other, or in a few passes over all of them.

A picture may be tried several times; its tries go through the network together, other pictures never do.
Legend: G tries, P tokens before a picture, T codes of a picture, K codes, V vocabulary. `known` (G, T) holds
the codes that are given, -1 where one is asked for.
"""

import math
from collections.abc import Iterator, Sequence
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
"""Name -> (model, task, seeds) -> codes so far (G, T), step by step."""
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


def by_next_token(model: "ImageTokens", task: Task, seeds: Sequence[int]) -> Iterator[Tensor]:
    """Write code after code, each by those before it; codes that are given come as they are."""
    layout, codes = model.layout, torch.full_like(task.known, UNKNOWN)

    def allowed(step: int, chosen: Tensor) -> Tensor:
        given = task.known[:, step, None]  # (G, 1)
        ids = torch.arange(layout.vocabulary) - layout.first
        return torch.where(given == UNKNOWN, ids >= 0, ids == given)

    columns = decode(
        model.net,
        [task.begun] * len(codes),
        layout.picture,
        task.choice,
        Seeds(seeds),
        allowed=allowed,
        null=[task.null] * len(codes),
        guidance=task.scales(layout.picture),
        likely=False,
    )
    for step, column in enumerate(columns):
        codes[:, step] = column.tokens.cpu() - layout.first
        yield codes.clone()


@torch.inference_mode()
def by_passes(model: "ImageTokens", task: Task, seeds: Sequence[int]) -> Iterator[Tensor]:
    """Guess all codes at every pass, and keep those that are surest (Chang et al. 2022, cosine schedule)."""
    streams, codes, steps = Seeds(seeds), task.known.clone(), task.steps
    hidden = codes == UNKNOWN
    total = hidden.sum(1)
    for step, scale in enumerate(task.scales(steps), start=1):
        shares = task.choice.probabilities(_both_ways(model, task, codes, scale).flatten(0, 1))  # (G T, K)
        chance, luck = streams.uniform(2, codes.shape[1]).unbind(1)
        guesses = drawn(shares, chance.flatten())
        sure = shares.gather(1, guesses[:, None]).log().view_as(luck)
        sure += task.choice.temperature * (1 - step / steps) * -(-luck.clamp(min=1e-12).log()).log()
        left = (total * math.cos(math.pi / 2 * step / steps)).floor() * (step < steps)
        order = sure.masked_fill(~hidden, torch.inf).argsort(1).argsort(1)
        codes = torch.where(hidden, guesses.view_as(codes), codes)
        hidden = order < left[:, None]
        codes = codes.masked_fill(hidden, UNKNOWN)
        yield codes


def _both_ways(model: "ImageTokens", task: Task, codes: Tensor, scale: float) -> Tensor:
    """Score every code (G, T, K) by all that are known, on either side."""
    layout = model.layout
    read = torch.where(codes == UNKNOWN, layout.mask, codes + layout.first)

    def scored(begun: list[int]) -> Tensor:
        ids = torch.cat([torch.tensor([begun]).expand(len(read), -1), read], 1)
        return model.scores(model.net(ids.to(model.device), causal=False)).float().cpu()

    strong = scored(task.begun)
    if scale == 1.0:
        return strong
    weak = scored(task.null)
    return weak + scale * (strong - weak)
