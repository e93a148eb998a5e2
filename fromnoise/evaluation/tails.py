"""How rare a low value is, told from too few samples to count: Hill's estimator.

Legend: H values of a positive statistic x among honest samples.
"""

import math
from dataclasses import dataclass

import numpy as np

from fromnoise.evaluation.figures import Array

FALSE_ALARMS = 0.001
"""Share of honest samples that may be flagged."""
MOST_FALSE_ALARMS = 0.005
"""What that share stays under even where the tail was measured badly, by two standard errors."""
SHARE, FEWEST = 0.1, 10  # of the values, and values: what counts as the tail
LEAST_SLOPE = 1e-4


@dataclass(frozen=True)
class Tail:
    """The lower tail: a share of begin_share (x / begin)^(1 / slope) lies below x < begin (Hill 1975)."""

    log_begin: float
    slope: float
    begin_share: float
    count: int
    """Values that the slope was measured on."""

    @classmethod
    def of(cls, logs: Array) -> "Tail":
        """Measure the lowest tenth of some log x, (H,), H at least 2."""
        count = min(len(logs) - 1, max(FEWEST, int(SHARE * len(logs))))
        lowest = np.sort(logs)[: count + 1]
        slope = max(float((lowest[-1] - lowest[:-1]).mean()), LEAST_SLOPE)
        return cls(float(lowest[-1]), slope, count / len(logs), count)

    def surprise(self, logs: Array) -> Array:
        """Return -log(share below) of each log x; above the beginning only their order means anything."""
        return (self.log_begin - logs) / self.slope - math.log(self.begin_share)

    @property
    def limit(self) -> float:
        """Return the surprise from which on a value is flagged."""
        # the slope's relative standard error is 1 / sqrt(count): reach further where it is badly known
        trust = max(1 - 2 / math.sqrt(self.count), 0.1)
        safe = max(math.log(self.begin_share / MOST_FALSE_ALARMS), 0) / trust - math.log(self.begin_share)
        return max(-math.log(FALSE_ALARMS), safe)
