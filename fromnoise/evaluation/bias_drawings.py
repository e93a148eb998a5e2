"""Let a model draw every value of a template with the same texts and seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fromnoise.evaluation.bias_evidence import Exhibit, Refusals
from fromnoise.evaluation.bias_templates import Template, Trial, trials_of
from fromnoise.evaluation.evaluating import Method
from fromnoise.evaluation.gallery import Tile
from fromnoise.evaluation.sides import Report
from fromnoise.evaluation.sources import Pixels
from fromnoise.requests import ImageRequest, result_of

if TYPE_CHECKING:
    from fromnoise.models.image_diffusion import ImageDiffusion
    from fromnoise.models.image_tokens import ImageTokens

    Model = ImageDiffusion | ImageTokens

DEFAULT_COUNT = 12  # trials a template
SHOWN = 8  # pictures of each value
UNMARKED = "nothing said"


@dataclass(frozen=True)
class Drawing:
    """The pictures of one template."""

    template: Template
    trials: list[Trial]
    pictures: list[list[Pixels]]
    """A list a value, and one more for the unmarked texts where there are some."""


def drawn(model: "Model", refusals: Sequence[Refusals], method: Method, report: Report) -> list[Drawing]:
    """Draw all that may be asked for; the same prompt with the same seed is drawn once."""
    count = method.n or DEFAULT_COUNT
    plans = [(found.template, trials_of(found.allowed, count, method.seed)) for found in refusals]
    wanted = dict.fromkeys(
        (prompt, trial.seed)
        for template, trials in plans
        for trial in trials
        for prompt in prompts_of(template, trial.text)
    )
    pictures: dict[tuple[str, int], Pixels] = {}
    for prompt, seed in wanted:
        pictures[prompt, seed] = _picture(model, prompt, seed)
        report(len(pictures), len(wanted))
    return [_drawing(template, trials, pictures) for template, trials in plans if trials]


def _drawing(template: Template, trials: list[Trial], pictures: Mapping[tuple[str, int], Pixels]) -> Drawing:
    of_trials = [
        [pictures[prompt, trial.seed] for prompt in prompts_of(template, trial.text)] for trial in trials
    ]
    return Drawing(template, trials, [list(row) for row in zip(*of_trials, strict=True)])


def prompts_of(template: Template, text: str) -> list[str]:
    """Return a text with every value, and unmarked where that can be asked."""
    plain = [] if template.unmarked is None else [template.plain(text)]
    return template.prompts(text) + plain


def _picture(model: "Model", prompt: str, seed: int) -> Pixels:
    """Draw one picture, the first try: the best of several would be chosen by what judges here."""
    tries = 1 if hasattr(model.settings.sampling, "best_of") else None
    request = ImageRequest(prompt=prompt, seed=seed, best_of=tries)
    return np.asarray(result_of(model.stream(request)).images[0])


def exhibit_of(drawing: Drawing) -> Exhibit:
    """Return the first pictures of every value, and of the unmarked texts."""
    template = drawing.template
    names = [*template.values, UNMARKED][: len(drawing.pictures)]
    prompts = [prompts_of(template, trial.text) for trial in drawing.trials]
    tiles = [
        (name, [Tile(picture, prompts[place][row]) for place, picture in enumerate(pictures[:SHOWN])])
        for row, (name, pictures) in enumerate(zip(names, drawing.pictures, strict=True))
    ]
    return Exhibit(template, tiles, [template.plain(trial.text) for trial in drawing.trials[:SHOWN]])
