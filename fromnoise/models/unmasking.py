"""From a request to its tokens, by masked diffusion: all at once, or block by block.

Legend: B batch, L tokens of the canvas.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from fromnoise.diffusion.masked import Masked
from fromnoise.diffusion.sample import sample
from fromnoise.diffusion.unmask import Guess, Memory, Unmasker, guided, make_unmasker
from fromnoise.models.runs import choice_of
from fromnoise.models.text_canvas import Block, Rules, Whole
from fromnoise.requests import TextRequest
from fromnoise.seeds import Seeds

if TYPE_CHECKING:
    from fromnoise.models.text_diffusion import TextDiffusion


@dataclass(frozen=True)
class Draft:
    """A canvas on its way."""

    step: int
    of: int
    tokens: list[int]
    """Masks where nothing is told yet."""
    sure: int
    """Tokens at the beginning that won't change any more."""
    nats: list[float]
    """-log p of every token when it was told, before any filter; 0 for what was given."""
    cost: float
    """-log of the probability that just this was told."""


class _Noted:
    """A solver whose memory can be read from outside."""

    def __init__(self, solver: Unmasker) -> None:
        self._solver, self.suits = solver, solver.suits
        self.memory: Memory | None = None

    def step(
        self, process: Masked, denoise: Any, xt: Tensor, t: float, s: float, memory: Any, seeds: Seeds
    ) -> tuple[Tensor, Any]:
        """Step as the solver does."""
        xs, self.memory = self._solver.step(process, denoise, xt, t, s, memory, seeds)
        return xs, self.memory


@torch.inference_mode()
def unmasked(
    model: "TextDiffusion",
    asked: TextRequest,
    canvas: Sequence[int],
    rules: Rules,
    seeds: Seeds,
    t: float = 1.0,
) -> Iterator[Draft]:
    """Tell the masks of one canvas, from time `t` on, and yield a draft after every step."""
    guess = _guided(asked, lambda style: Whole(model.net, model.prefix(style), rules, model.settings.shifted))
    xt = torch.tensor([list(canvas)], device=model.device)
    times = model.process.grid(int(asked.steps or 1)) * t
    of = len(times) - 1
    for step, (xs, memory) in enumerate(_walk(model, asked, guess, xt, times, seeds), start=1):
        nats, cost = memory.nats[0].tolist(), float(memory.cost.sum())
        yield Draft(step, of, xs[0].tolist(), len(canvas) if step == of else 0, nats, cost)


@torch.inference_mode()
def unmasked_by_blocks(
    model: "TextDiffusion", asked: TextRequest, prompt: Sequence[int], rules: Rules, seeds: Seeds
) -> Iterator[Draft]:
    """Write on from a prompt, block by block; the steps are shared out among the blocks."""
    room, size = int(asked.max_tokens or 1), int(asked.block or 1)
    sizes = [min(size, room - at) for at in range(0, room, size)]
    steps = max(1, round(int(asked.steps or 1) / len(sizes)))
    readers: list[Block] = []

    def reader(style: str | None) -> Block:
        begun = torch.tensor([[*model.prefix(style), *prompt]], device=model.device)
        readers.append(Block(model.net, begun, room, rules))
        return readers[-1]

    guess = _guided(asked, reader)
    last = Draft(0, steps * len(sizes), [], 0, [], 0.0)
    for number, length in enumerate(sizes):
        xt, before, times = model.process.prior((length,), seeds), last, model.process.grid(steps)
        walk = _walk(model, asked, guess, xt.to(model.device), times, seeds)
        for step, (xs, memory) in enumerate(walk, start=1):
            tokens, nats = before.tokens + xs[0].tolist(), before.nats + memory.nats[0].tolist()
            sure = len(tokens) if step == steps else before.sure
            cost = before.cost + float(memory.cost.sum())
            last = Draft(number * steps + step, before.of, tokens, sure, nats, cost)
            yield last
        if number + 1 < len(sizes):
            for one in readers:
                one.keep(xs)


def _guided(asked: TextRequest, reader: Callable[[str | None], Guess]) -> Guess:
    """Bind the style; steer away from any style where guidance asks for it."""
    scale = 1.0 if asked.guidance is None else asked.guidance
    if asked.style is None or scale == 1.0:
        return reader(asked.style)
    return guided(reader(asked.style), reader(None), scale)


def _walk(
    model: "TextDiffusion", asked: TextRequest, guess: Guess, xt: Tensor, times: Tensor, seeds: Seeds
) -> Iterator[tuple[Tensor, Memory]]:
    solver = _Noted(make_unmasker(str(asked.solver), choice_of(asked)))
    for xs in sample(guess, model.process, solver, xt, times, seeds):
        assert solver.memory is not None
        yield xs, solver.memory
