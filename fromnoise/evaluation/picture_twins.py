"""Pictures that come twice in one set: equal, or stored anew, resized or moved a little.

Legend: N pictures, D numbers of a small blurred one.
"""

import numpy as np
from numpy.typing import NDArray

from fromnoise.evaluation.look_alikes import Pictures, Seen, worst_spots

SPOT = 0.05
"""Greatest difference in one spot, 0 to 1, of blurred pictures that are taken for one."""
BLOCK = 512  # pictures compared at a time


def picture_twins(pictures: Pictures) -> NDArray[np.int64]:
    """Return for each picture (N, S, S, 3) which earlier one it repeats, or -1, (N,)."""
    seen = Seen.of_pictures(pictures)
    points, lengths = seen.points, (seen.points**2).sum(1)
    twins = np.full(len(points), -1, np.int64)
    for start in range(0, len(points), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(points)))
        squares = lengths[None] - 2 * points[rows] @ points.T  # (n, N), less a number a row
        squares[np.arange(len(points)) >= rows[:, None]] = np.inf
        nearest = squares.argmin(1)
        tangents = None if seen.tangents is None else seen.tangents[rows]
        same = worst_spots(Seen(points[rows], tangents), points[nearest]) <= SPOT
        twins[rows] = np.where(same & (rows > 0), nearest, -1)
    return twins
