"""From a request to pictures, token by token: what is given, what is made, and which of several is kept.

Legend: G tries of a picture, T codes of a picture, N side of its grid, S its side in pixels.
"""

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

APART = 2_654_435_761
"""How far the seeds of an item's tries are from each other. Streams are known by 32 bits of their seed, of
which this is the golden section: tries stay far from each other and from the seeds of other items."""


def drawn_pictures(model: "ImageTokens", asked: ImageRequest) -> Iterator[Progress | ImageResult]:
    """Carry out a request whose defaults are filled in: tell of every token or pass, then give the result."""
    given = None if asked.init is None else model.codec.encode(torch.tensor(asked.init)[None])
    shown = None if asked.keep is None and asked.mask is None else given
    seeds = [
        [asked.seed + item + more * APART for more in range(int(asked.best_of or 1))]
        for item in range(asked.count)
    ]
    cells = [torch.stack([open_cells(asked, model.layout.side, seed) for seed in tries]) for tries in seeds]
    ways = [
        SOLVERS[str(asked.solver)](model, _task(model, asked, given, made), tries)
        for made, tries in zip(cells, seeds, strict=True)
    ]
    steps = model.layout.picture if asked.solver == IN_ORDER else int(asked.steps or 1)
    best = [0] * asked.count
    for step, codes in enumerate(zip(*ways, strict=True), start=1):

        def preview(codes: Sequence[Tensor] = codes) -> list[Image.Image]:
            return [
                Image.fromarray(_decoded(model, one[place, None], made[place, None], shown)[0].numpy())
                for one, made, place in zip(codes, cells, best, strict=True)
            ]

        yield Progress(step, steps, preview)
    tried = [_decoded(model, one, made, shown) for one, made in zip(codes, cells, strict=True)]
    made_by = {"model": model.name, "weights_sha256": model.weights_sha256}
    settings = [one | made_by for one in told(asked)]
    if int(asked.best_of or 1) > 1:
        scores = _scores(model, asked, tried)
        best[:] = [int(one.argmax()) for one in scores]
        settings = [one | {"score": float(found.max())} for one, found in zip(settings, scores, strict=True)]
    images = [Image.fromarray(one[place].numpy()) for one, place in zip(tried, best, strict=True)]
    yield ImageResult(images, settings, _warnings(model, asked))


def _task(model: "ImageTokens", asked: ImageRequest, given: Tensor | None, cells: Tensor) -> Task:
    """Say what a picture is to be; codes that are given stay outside the open cells (G, N, N)."""
    texts, styles = [asked.prompt, asked.negative or ""], [asked.style, None]
    begun, null = model.layout.beginnings(model.tokens, texts, styles).tolist()
    known = torch.full((len(cells), model.layout.picture), UNKNOWN)
    if given is not None:
        known = torch.where(cells.flatten(1), known, given.flatten(1))
    scales = float(asked.guidance or 0.0), float(asked.guidance_start or 0.0)
    return Task(begun, null, known, choice_of(asked), *scales, int(asked.steps or 1))


def _decoded(model: "ImageTokens", codes: Tensor, cells: Tensor, shown: Tensor | None) -> Tensor:
    """Decode codes (G, T) to pictures (G, S, S, 3); what isn't written yet is white.

    Outside the open cells (G, N, N) they are, to the pixel, what the codes `shown` give; None is nothing.
    """
    cell = model.size // model.layout.side
    pictures = model.codec.decode(codes.clamp(min=0).view(-1, *model.codec.shape))
    if shown is not None:
        pictures = torch.where(_in_pixels(cells, cell), pictures, model.codec.decode(shown))
    return pictures.masked_fill(_in_pixels((codes == UNKNOWN).view_as(cells), cell), 255)


def _in_pixels(cells: Tensor, cell: int) -> Tensor:
    """Bring a bool a cell, (G, N, N), to one a pixel, (G, S, S, 1)."""
    return cells.repeat_interleave(cell, 1).repeat_interleave(cell, 2)[..., None]


def _scores(model: "ImageTokens", asked: ImageRequest, tried: Sequence[Tensor]) -> list[Tensor]:
    """Say how well every try of every item shows the prompt in its style."""
    from fromnoise.models.checkpoint import load

    scorer = load(str(model.settings.scorer), device=str(model.device))
    return [scorer.merits(pictures, asked.prompt, asked.style) for pictures in tried]


def _warnings(model: "ImageTokens", asked: ImageRequest) -> list[str]:
    tokens, texts = model.tokens, [text for text in (asked.prompt, asked.negative) if text]
    return [
        f"the prompt {text[:40]!r}... has {tokens.count(text)} tokens; "
        f"only the first {tokens.length} were read"
        for text in texts
        if tokens.count(text) > tokens.length
    ]
