"""How rare a low value is, told from too few samples to count: Hill's estimator.

Legend: H values of a positive statistic x among honest samples.
"""

import math
from dataclasses import dataclass

import numpy as np

from fromnoise.evaluation.figures import Array

SHARE, FEWEST = 0.05, 10  # of the values, and values: what counts as the tail
LEAST_SLOPE = 1e-4


@dataclass(frozen=True)
class Tail:
    """The lower tail: a share of begin_share (x / begin)^(1 / slope) lies below x < begin (Hill 1975)."""

    log_begin: float
    slope: float
    begin_share: float

    @classmethod
    def of(cls, logs: Array) -> "Tail":
        """Measure the lowest twentieth of some log x, (H,), H at least 2."""
        count = min(len(logs) - 1, max(FEWEST, int(SHARE * len(logs))))
        lowest = np.sort(logs)[: count + 1]
        slope = max(float((lowest[-1] - lowest[:-1]).mean()), LEAST_SLOPE)
        return cls(float(lowest[-1]), slope, count / len(logs))

    def share_below(self, logs: Array) -> Array:
        """Return the share below each log x, at most 1; above the beginning only the order means anything."""
        log_shares = math.log(self.begin_share) + (logs - self.log_begin) / self.slope
        shares: Array = np.exp(log_shares.clip(max=0))
        return shares
