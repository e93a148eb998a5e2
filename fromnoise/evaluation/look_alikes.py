"""Small soft pictures, by which copies are known that were moved a little, mirrored, grained or stored anew.

A copy differs from its original a little everywhere; look-alikes differ a lot in one spot, such as a clock's
hands. So pictures are told apart by their worst spot, once one is moved to lie best on the other.

Legend: N pictures, C channels, S their side in px, D = C S S numbers of a flattened one.
"""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, pad

from fromnoise.errors import DataError
from fromnoise.evaluation.figures import Array
from fromnoise.evaluation.neighbours import Floats

Pictures = NDArray[np.uint8]

SMALLEST, LARGEST = 16, 64
"""px a side that smaller pictures are stretched to, and larger ones averaged."""
COARSE = 14
"""px a side of the pictures that are searched."""
FRAME = 3  # px at the edges that are not looked at: a shift brings something new there
BATCH = 256
BLUR, COLOUR_BLUR = 2, 6
"""Times that brightness and colour are averaged over 3 x 3 px: JPEG keeps colour at half the resolution."""
BRIGHTNESS_AND_COLOUR = torch.tensor([[0.299, 0.587, 0.114], [-0.084, -0.166, 0.25], [0.25, -0.21, -0.04]])
"""JPEG's YCbCr, the colours at half their weight, since they are stored less well."""
SLACK = 0.05
"""How dear a move by parts of a pixel is, as a share of what it changes."""
LAYOUTS = {"grey": (1, False), "colours last": (3, True), "colours first": (3, False)}
"""Name -> channels, and whether they come last."""
SMOOTH = 0.5
"""Correlation of neighbouring numbers from which on a vector is taken for a picture."""
LOOKED_AT = 256  # vectors, to tell


def as_pictures(data: Any, name: str) -> Pictures:
    """Return uint8 pictures (N, S, S, 3) as they are; raise DataError when they are anything else."""
    array = np.asarray(data)
    if array.dtype != np.uint8 or array.ndim != 4 or array.shape[3] != 3 or 0 in array.shape[1:]:
        raise DataError(f"{name} must be uint8 pictures (N, S, S, 3), not {array.dtype} {array.shape}")
    return array


def soften(planes: NDArray[Any], white: float = 1.0) -> Tensor:
    """Return soft planes (N, C, s, s), s from 16 to 64, of planes (N, C, S, S), scaled to end at `white`."""
    height, width = (min(max(side, SMALLEST), LARGEST) for side in planes.shape[2:])
    soft = torch.zeros(len(planes), planes.shape[1], height, width)
    for start in range(0, len(planes), BATCH):
        x = torch.from_numpy(np.array(planes[start : start + BATCH], dtype=np.float32)) / white
        x = adaptive_avg_pool2d(x, (height, width))
        if x.shape[1] == 3:
            x = torch.einsum("kc,nchw->nkhw", BRIGHTNESS_AND_COLOUR, x)
        soft[start : start + BATCH, :1] = _blurred(x[:, :1], BLUR)
        soft[start : start + BATCH, 1:] = _blurred(x[:, 1:], COLOUR_BLUR)
    return soft


def points_of(soft: Tensor) -> Floats:
    """Return soft planes as coarse points, which hardly move when a picture is shifted: (N, C 14 14)."""
    coarse = adaptive_avg_pool2d(_inner(soft), COARSE) if len(soft) else soft[..., :COARSE, :COARSE]
    points: Floats = coarse.flatten(1).numpy()
    return points


def worst_spots(soft: Tensor, matches: Tensor) -> Array:
    """Return the greatest difference in one spot of each picture and its match, after the best move, (N,)."""
    parts = [
        _gaps(soft[start : start + BATCH], matches[start : start + BATCH]).abs().amax((1, 2, 3))
        for start in range(0, len(soft), BATCH)
    ]
    worst: Array = torch.cat([torch.zeros(0), *parts]).double().numpy()
    return worst


def as_planes(vectors: Floats, layout: str) -> Floats:
    """Turn flattened pictures (N, D) back into planes (N, C, S, S)."""
    channels, last = LAYOUTS[layout]
    side = math.isqrt(vectors.shape[1] // channels)
    if last:
        return vectors.reshape(len(vectors), side, side, channels).transpose(0, 3, 1, 2)
    return vectors.reshape(len(vectors), channels, side, side)


def layout_of(vectors: Floats) -> str | None:
    """Tell whether vectors (N, D) are flattened square pictures, and how they lie; None when they aren't.

    They are where numbers that would be neighbours in a picture rise and fall together, which an encoder's
    features don't.
    """
    some = vectors[:LOOKED_AT] - vectors[:LOOKED_AT].mean(0)
    power = float((some**2).mean())
    likely: dict[str, float] = {}
    for layout, (channels, _) in LAYOUTS.items():
        side = math.isqrt(some.shape[1] // channels)
        if channels * side * side == some.shape[1] and side >= SMALLEST and power > 0:
            x = as_planes(some, layout)
            across, down = (x[..., 1:] * x[..., :-1]).mean(), (x[..., 1:, :] * x[..., :-1, :]).mean()
            likely[layout] = float(min(across, down)) / power
    best = max(likely, key=lambda layout: likely[layout], default=None)
    return best if best and likely[best] > SMOOTH else None


def _gaps(soft: Tensor, matches: Tensor) -> Tensor:
    """Return what is left of the differences after the best move: whole pixels first, then parts of one."""
    target = _inner(matches)
    gaps, least = torch.zeros_like(target), torch.full((len(soft), 1, 1, 1), torch.inf)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            tried = _inner(soft.roll((down, across), (2, 3))) - target
            size = tried.square().sum((1, 2, 3), keepdim=True)
            gaps, least = torch.where(size < least, tried, gaps), torch.minimum(size, least)
    return gaps - _explained(gaps, matches)


def _explained(gaps: Tensor, matches: Tensor) -> Tensor:
    """Return the part of the gaps that moving the matches a little explains (Simard et al. 1993)."""
    across = _inner(matches.roll(-1, 3) - matches.roll(1, 3)) / 2
    down = _inner(matches.roll(-1, 2) - matches.roll(1, 2)) / 2
    ways = torch.stack([across, down], 1).flatten(2)  # (N, 2, D)
    gram = ways @ ways.mT
    gram = gram + torch.diag_embed(SLACK * gram.diagonal(dim1=1, dim2=2) + 1e-9)
    moves = torch.linalg.solve(gram, ways @ gaps.flatten(1)[:, :, None])  # (N, 2, 1)
    explained: Tensor = (ways * moves).sum(1).view_as(gaps)
    return explained


def _inner(planes: Tensor) -> Tensor:
    return planes[..., FRAME:-FRAME, FRAME:-FRAME]


def _blurred(planes: Tensor, times: int) -> Tensor:
    for _ in range(times if planes.shape[1] else 0):
        planes = avg_pool2d(pad(planes, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return planes
