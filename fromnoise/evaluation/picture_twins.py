"""Pictures that come twice in one set: equal, or stored anew, resized or moved a little.

Legend: N pictures, S their side in px, s that of small ones, D = 3 s s.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d

Pictures = NDArray[np.uint8]

SPOT = 0.05
"""Greatest difference in one spot, 0 to 1, of small blurred pictures that are taken for one."""
SIDE = 32  # px
SLACK = 0.05
"""How dear a move is, as a share of what it changes."""
BLOCK = 512  # pictures at a time


def picture_twins(pictures: Pictures) -> NDArray[np.int64]:
    """Return for each picture (N, S, S, 3) which earlier one it repeats, or -1, (N,)."""
    blurred = torch.cat([_blurred(pictures[at : at + BLOCK]) for at in range(0, len(pictures), BLOCK)])
    points = blurred.flatten(1)  # (N, D)
    lengths, places = points.square().sum(1), torch.arange(len(points))
    twins = torch.full((len(points),), -1)
    for rows in torch.split(places, BLOCK):
        squares = lengths - 2 * points[rows] @ points.T  # (n, N), less a number a row
        squares[places >= rows[:, None]] = torch.inf
        nearest = squares.argmin(1)
        same = (_worst_spots(blurred[rows], blurred[nearest]) <= SPOT) & (rows > 0)
        twins[rows] = torch.where(same, nearest, -1)
    return twins.numpy()


def _blurred(pictures: Pictures) -> Tensor:
    """Return small pictures (N, 3, s, s), blurred so that JPEG's traces and hard edges go."""
    x = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 255
    small = adaptive_avg_pool2d(x, SIDE)
    for _ in range(2):
        small = avg_pool2d(small, 3, stride=1, padding=1, count_include_pad=False)
    return small


def _worst_spots(x: Tensor, y: Tensor) -> Tensor:
    """Return the greatest difference of each pair in one spot, (n,), after the best small move.

    A move shifts a picture along its own slopes (Simard et al. 1993); at the edges it brings something new.
    """
    moved = [(x - y), y.roll(-1, 3) - y.roll(1, 3), y.roll(-1, 2) - y.roll(1, 2)]
    gaps, across, down = (part[..., 2:-2, 2:-2].flatten(1) for part in moved)
    ways = torch.stack([across, down], 1)  # (n, 2, D)
    gram = ways @ ways.mT
    gram = gram + torch.diag_embed(SLACK * gram.diagonal(dim1=1, dim2=2) + 1e-9)
    moves = torch.linalg.solve(gram, ways @ gaps[:, :, None])  # (n, 2, 1)
    worst: Tensor = (gaps - (ways * moves).sum(1)).abs().amax(1)
    return worst
