"""Which generated texts were learnt by heart: those that share more with training than real texts ever do."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fromnoise.errors import DataError
from fromnoise.evaluation.copying import Copied
from fromnoise.evaluation.figures import Array, Figure
from fromnoise.evaluation.shares import share_of
from fromnoise.evaluation.word_pieces import Whole

LEAST_SPAN = 40
"""Characters that anybody may share with anybody."""
LEAST_RUNS = 0.05
"""Share of eight-word runs that anybody may share with anybody."""
FEWEST_RUNS = 8
"""With fewer runs than this their share says nothing."""
FALSE_ALARMS = 0.0025
"""Share of held-out texts that may lie above either limit."""


@dataclass(frozen=True)
class Memorized:
    """Generated texts that stand in training, and the limits by which they were found."""

    flagged: Whole
    share: Figure
    span_limit: float
    """Characters: the longest shared span of all but `FALSE_ALARMS` of the held-out texts."""
    runs_limit: float
    """Likewise for the share of eight-word runs."""
    held_out_share: Figure
    """What the limits say of the held-out texts that set them."""


def memorized(generated: Copied, held_out: Copied) -> Memorized:
    """Flag texts beyond what real texts that weren't trained on share with training.

    A text of a sentence's length or more that stands in training from end to end is flagged in any case.
    """
    if not len(held_out.spans):
        raise DataError("memorisation is judged against held-out texts, and there are none")
    span_limit = max(float(LEAST_SPAN), _limit(held_out.spans.astype(np.float64)))
    runs_limit = max(LEAST_RUNS, _limit(run_shares(held_out)))
    above = [_above(texts, span_limit, runs_limit) for texts in (generated, held_out)]
    shares = [share_of(int(flags.sum()), len(flags)) for flags in above]
    return Memorized(np.flatnonzero(above[0]), shares[0], span_limit, runs_limit, shares[1])


def run_shares(texts: Copied) -> Array:
    """Return the share of each text's eight-word runs that stand in training, (N,)."""
    return np.asarray(texts.found / np.maximum(texts.runs, 1), np.float64)


def _limit(scores: Array) -> float:
    """Return the score that only `FALSE_ALARMS` of new scores exceed; the highest where too few tell."""
    order = np.sort(scores)
    place = int(np.ceil((1 - FALSE_ALARMS) * (len(order) + 1))) - 1
    return float(order[min(place, len(order) - 1)])


def _above(texts: Copied, span_limit: float, runs_limit: float) -> NDArray[np.bool_]:
    whole = (texts.spans == texts.sizes) & (texts.spans >= LEAST_SPAN)
    long_enough = texts.runs >= FEWEST_RUNS
    return np.asarray(whole | (texts.spans > span_limit) | (long_enough & (run_shares(texts) > runs_limit)))
