"""From a request to pictures, token by token: what is given, what is made, and which of several is kept.

Legend: T codes of a picture, N side of its grid, S its side in pixels.
"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from PIL import Image
from torch import Tensor

from fromnoise.models.asking import told
from fromnoise.models.token_asking import IN_ORDER, choice_of, open_cells
from fromnoise.models.token_drawing import SOLVERS, UNKNOWN, Task
from fromnoise.requests import ImageRequest, ImageResult, Progress

if TYPE_CHECKING:
    from fromnoise.models.image_tokens import ImageTokens

APART = 2**32
"""How far the random streams of an item's tries are from each other."""


def drawn_pictures(model: "ImageTokens", asked: ImageRequest) -> Iterator[Progress | ImageResult]:
    """Carry out a request whose defaults are filled in: tell of every token or pass, then give the result."""
    tries = int(asked.best_of or 1)
    seeds = [asked.seed + item + more * APART for item in range(asked.count) for more in range(tries)]
    given = None if asked.init is None else model.codec.encode(torch.tensor(asked.init)[None])
    shown = None if asked.keep is None and asked.mask is None else given
    cells = [open_cells(asked, model.layout.side, seed) for seed in seeds]
    ways = [
        SOLVERS[str(asked.solver)](model, _task(model, asked, given, made), seed)
        for made, seed in zip(cells, seeds, strict=True)
    ]
    steps = model.layout.picture if asked.solver == IN_ORDER else int(asked.steps or 1)
    for step, codes in enumerate(zip(*ways, strict=True), start=1):

        def preview(codes: Sequence[Tensor] = codes) -> list[Image.Image]:
            return _images(_decoded(model, codes[::tries], cells[::tries], shown))

        yield Progress(step, steps, preview)
    pictures = _decoded(model, codes, cells, shown)
    made_by = {"model": model.name, "weights_sha256": model.weights_sha256}
    settings = [one | made_by for one in told(asked)]
    if tries > 1:
        pictures, scores = _best(model, asked, pictures, tries)
        settings = [one | {"score": score} for one, score in zip(settings, scores, strict=True)]
    yield ImageResult(_images(pictures), settings, _warnings(model, asked))


def _task(model: "ImageTokens", asked: ImageRequest, given: Tensor | None, cells: Tensor) -> Task:
    """Say what a picture is to be; codes that are given stay outside the open cells (N, N)."""
    texts, styles = [asked.prompt, asked.negative or ""], [asked.style, None]
    begun, null = model.layout.beginnings(model.tokens, texts, styles).tolist()
    known = torch.full((model.layout.picture,), UNKNOWN)
    if given is not None:
        known = torch.where(cells.flatten(), known, given.flatten())
    scales = float(asked.guidance or 0.0), float(asked.guidance_start or 0.0)
    return Task(begun, null, known, choice_of(asked), *scales, int(asked.steps or 1))


def _decoded(
    model: "ImageTokens", codes: Sequence[Tensor], cells: Sequence[Tensor], shown: Tensor | None
) -> list[Tensor]:
    """Decode codes (T,) each; what isn't written yet is white.

    Outside the open cells a picture is, to the pixel, what the codes `shown` give; None decodes all as one.
    """
    cell = model.size // model.layout.side
    pictures = []
    for one, made in zip(codes, cells, strict=True):
        picture = model.codec.decode(one.clamp(min=0).view(1, *model.codec.shape))[0]
        if shown is not None:
            picture = torch.where(_in_pixels(made, cell), picture, model.codec.decode(shown)[0])
        pictures.append(picture.masked_fill(_in_pixels(one == UNKNOWN, cell), 255))
    return pictures


def _images(pictures: Sequence[Tensor]) -> list[Image.Image]:
    return [Image.fromarray(picture.numpy()) for picture in pictures]


def _in_pixels(cells: Tensor, cell: int) -> Tensor:
    """Bring a bool a cell, (T,) or (N, N), to one a pixel, (S, S, 1)."""
    side = math.isqrt(cells.numel())
    return cells.view(side, side).repeat_interleave(cell, 0).repeat_interleave(cell, 1)[..., None]


def _best(
    model: "ImageTokens", asked: ImageRequest, pictures: Sequence[Tensor], tries: int
) -> tuple[list[Tensor], list[float]]:
    """Keep the best of every item's tries, and say how well it shows the prompt, from -1 to 1."""
    from fromnoise.models.checkpoint import load

    scorer = load(str(model.settings.scorer), device=str(model.device))
    scores = scorer.scores(torch.stack(list(pictures)), asked.prompt, asked.style).view(-1, tries)
    best = scores.argmax(1)
    kept = [pictures[item * tries + int(place)] for item, place in enumerate(best)]
    return kept, scores.amax(1).tolist()


def _warnings(model: "ImageTokens", asked: ImageRequest) -> list[str]:
    tokens, texts = model.tokens, [text for text in (asked.prompt, asked.negative) if text]
    return [
        f"the prompt {text[:40]!r}... has {tokens.count(text)} tokens; "
        f"only the first {tokens.length} were read"
        for text in texts
        if tokens.count(text) > tokens.length
    ]
