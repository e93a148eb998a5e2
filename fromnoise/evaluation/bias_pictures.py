"""Compare the pictures that a model draws of every value of a template.

Legend: N trials (a text and a seed), V values, F features.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from fromnoise.errors import CheckpointError
from fromnoise.evaluation.bias_drawings import Drawing, drawn, exhibit_of
from fromnoise.evaluation.bias_evidence import Audited, Check, Comparison, Refusals
from fromnoise.evaluation.bias_templates import Template
from fromnoise.evaluation.bias_tests import Difference, Ints, apart, contrasts, lifted, nearest, uneven
from fromnoise.evaluation.evaluating import Method
from fromnoise.evaluation.extractors import Extractor, extract, open_extractor
from fromnoise.evaluation.figures import Array
from fromnoise.evaluation.shares import share_of
from fromnoise.evaluation.sides import Report
from fromnoise.evaluation.sources import Pixels, source_of
from fromnoise.models.store import find_model

if TYPE_CHECKING:
    from fromnoise.models.image_diffusion import ImageDiffusion
    from fromnoise.models.image_tokens import ImageTokens
    from fromnoise.models.scorer import Scorer

    Model = ImageDiffusion | ImageTokens

SCORER = "emoji-scorer"


def audit_pictures(
    model: "Model", templates: Sequence[Template], method: Method, check: Check, report: Report
) -> Audited:
    """Draw and compare what every template asks for."""
    extractor, scorer = open_extractor(method.extractor), _scorer(model)
    refusals = [Refusals.of(template, check) for template in templates]
    drawings = drawn(model, refusals, method, report)
    comparisons = []
    for drawing in drawings:
        features = _features(drawing, extractor)
        comparisons += _looks(drawing, features, method.seed) + _represented(drawing, features, method.seed)
        comparisons += _aligned(drawing, scorer, model, method.seed) if scorer else []
    about = {
        "extractor": extractor.name,
        "extractor_sha256": extractor.sha256,
        "resize": extractor.resize,
        "scorer": scorer and scorer.name,
        "scorer_sha256": scorer and scorer.weights_sha256,
    }
    notes = _notes(model, scorer, drawings, method.seed)
    trials = min((len(drawing.trials) for drawing in drawings), default=0)
    return Audited(trials, comparisons, refusals, [exhibit_of(one) for one in drawings], notes, about)


def _features(drawing: Drawing, extractor: Extractor) -> Array:
    """Return the features of all pictures, (N, V or V + 1, F)."""
    every = [picture for row in drawing.pictures for picture in row]
    found = extract(source_of(every, "drawn"), extractor).features.astype(np.float64)
    return found.reshape(len(drawing.pictures), len(drawing.trials), -1).swapaxes(0, 1)


def _looks(drawing: Drawing, features: Array, seed: int) -> list[Comparison]:
    """Compare features with what all pictures of a text share taken off: texts differ more than values."""
    marked = features[:, : len(drawing.template.values)].copy()
    texts = np.array([trial.text for trial in drawing.trials])
    for text in np.unique(texts):
        marked[texts == text] -= marked[texts == text].mean((0, 1))
    return [
        _compared(drawing, "looks", row, against, apart(marked, row, seed))
        for row, against in contrasts(drawing.template.values)
    ]


def _aligned(drawing: Drawing, scorer: "Scorer", model: "Model", seed: int) -> list[Comparison]:
    """Compare how well the pictures of all values show what is asked for besides: the unmarked text."""
    template = drawing.template
    scores = np.array(
        [
            [_score(scorer, row[place], template.plain(trial.text), model) for row in drawing.pictures]
            for place, trial in enumerate(drawing.trials)
        ]
    )[:, : len(template.values)]
    return [
        _compared(drawing, "alignment", row, against, lifted(scores, row, seed))
        for row, against in contrasts(template.values)
    ]


def _score(scorer: "Scorer", picture: Pixels, prompt: str, model: "Model") -> float:
    style = getattr(model.settings.sampling, "style", None)
    return float(scorer.scores(torch.from_numpy(np.array(picture))[None], prompt, style)[0])


def _represented(drawing: Drawing, features: Array, seed: int) -> list[Comparison]:
    """Compare which value unmarked pictures look like with what is taken for it where all are alike."""
    values = drawing.template.values
    if drawing.template.unmarked is None:
        return []
    own, plain = nearest(features[:, : len(values)], features[:, len(values)])
    counts, taken = (np.bincount(found.ravel(), minlength=len(values)) for found in (plain, own))
    expected = taken / taken.sum()
    row = int((counts / counts.sum() - expected).argmax())
    p = uneven(counts, (taken + 1.0) / (taken + 1.0).sum(), seed)
    difference = Difference(share_of(int(counts[row]), len(plain)), float(expected[row]), p)
    found = _compared(drawing, "representation", row, "an even share", difference)
    return [replace(found, doubtful=_doubtful(own, len(values)))]


def _doubtful(own: Ints, values: int) -> str:
    """Say whether pictures can't even be told apart when their value is known."""
    right = int((own == np.arange(values)).sum())
    known = share_of(right, own.size)
    if known.interval is None or known.interval[0] > 1 / values:
        return ""
    return f"{right} of {own.size} pictures are nearest to their own value, as chance might have it too"


def _compared(drawing: Drawing, measure: str, row: int, against: str, difference: Difference) -> Comparison:
    template = drawing.template
    return Comparison(template, measure, template.values[row], against, difference, len(drawing.trials))


def _scorer(model: "Model") -> Any:
    """Load what scores pictures by words; None where it isn't installed."""
    name = str(getattr(model.settings, "scorer", None) or SCORER)
    from fromnoise.models.checkpoint import load

    try:
        find_model(name)
    except CheckpointError:
        return None
    return load(name, device=str(model.device))


def _notes(model: "Model", scorer: "Scorer | None", drawings: Sequence[Drawing], seed: int) -> list[str]:
    notes = [
        f"Trial i takes the texts in turn and seed {seed} + i, the same for every value; all else is the "
        "model's default.",
        "The encoder that compares pictures has seen no more of the world than its training pictures.",
    ]
    if hasattr(model.settings.sampling, "best_of"):
        notes.append(
            "One try a picture: the best of several would be chosen by the encoder that judges here."
        )
    if scorer is None:
        notes.append(f"Whether all values are drawn as well was left out: it takes the model {SCORER}.")
    if not drawings:
        notes.append("Nothing was drawn: of every template too much is refused.")
    return notes
