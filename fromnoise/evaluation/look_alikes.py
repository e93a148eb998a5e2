"""Small blurred pictures that stay alike when a picture is moved a little, mirrored or stored anew.

Legend: N pictures, C channels, S their side in px, D = C S S numbers of a flattened one.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, pad

from fromnoise.errors import DataError
from fromnoise.evaluation.figures import Array
from fromnoise.evaluation.neighbours import SLACK, Floats

Pictures = NDArray[np.uint8]

SIDE = 32
"""px that pictures are averaged to."""
FRAME = 2  # px at the edges that are not looked at: a shift brings something new there
BATCH = 512
LAYOUTS = {"grey": (1, False), "colours last": (3, True), "colours first": (3, False)}
"""Name -> channels, and whether they come last."""
SMOOTH = 0.5
"""Correlation of neighbouring numbers from which on a vector is taken for a picture."""
SMALLEST = 8  # px a side of such a picture
LOOKED_AT = 256  # vectors, to tell


@dataclass(frozen=True)
class Seen:
    """A set as one way of looking shows it: points, and directions in which they may move at little cost."""

    points: Floats
    """(N, D)"""
    tangents: Floats | None = None
    """(N, T, D)"""

    @classmethod
    def of_pictures(cls, pictures: Pictures, mirrored: bool = False) -> "Seen":
        """See blurred pictures (N, S, S, 3), 0 to 1, or their mirror images; a shift costs little."""
        small = np.zeros((len(pictures), 3, SIDE, SIDE), np.float32)
        for at in range(0, len(pictures), BATCH):
            part = torch.from_numpy(np.array(pictures[at : at + BATCH])).permute(0, 3, 1, 2)
            small[at : at + BATCH] = adaptive_avg_pool2d(part.float() / 255, SIDE).numpy()
        return _blurred(torch.from_numpy(small), mirrored)

    @classmethod
    def of_planes(cls, planes: Floats) -> "Seen":
        """See blurred planes (N, C, S, S) of any range; a shift costs little."""
        x = torch.from_numpy(np.ascontiguousarray(planes, dtype=np.float32))
        small = adaptive_avg_pool2d(x, SIDE) if min(x.shape[-2:]) > SIDE and len(x) else x
        return _blurred(small, mirrored=False)


def as_pictures(data: Any, name: str) -> Pictures:
    """Return uint8 pictures (N, S, S, 3) as they are; raise DataError when they are anything else."""
    array = np.asarray(data)
    if array.dtype != np.uint8 or array.ndim != 4 or array.shape[3] != 3 or 0 in array.shape[1:]:
        raise DataError(f"{name} must be uint8 pictures (N, S, S, 3), not {array.dtype} {array.shape}")
    return array


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


def worst_spots(seen: Seen, matches: Floats) -> Array:
    """Return the greatest difference of each picture and its match (N, D), after the best move, (N,).

    What was stored anew differs a little everywhere; look-alikes differ a lot in one spot, such as a clock's
    hands.
    """
    gaps = seen.points - matches
    if seen.tangents is not None:
        gram = seen.tangents @ seen.tangents.transpose(0, 2, 1)  # (N, T, T)
        price = SLACK * np.einsum("ntt->nt", gram) + 1e-9
        along = seen.tangents @ gaps[:, :, None]  # (N, T, 1)
        moves = np.linalg.solve(gram + price[:, :, None] * np.eye(gram.shape[1]), along)
        gaps = gaps - (seen.tangents * moves).sum(1)
    worst: Array = np.abs(gaps).max(1).astype(np.float64)
    return worst


def _blurred(planes: Tensor, mirrored: bool) -> Seen:
    soft = planes.flip(-1) if mirrored else planes
    for _ in range(2):  # by about one pixel each way: JPEG's blocks and hard edges go
        soft = avg_pool2d(pad(soft, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    across = (soft[..., 2:] - soft[..., :-2])[..., 1:-1, :] / 2
    down = (soft[..., 2:, :] - soft[..., :-2, :])[..., 1:-1] / 2
    inner = slice(FRAME - 1, soft.shape[-1] - 1 - FRAME)
    tangents = torch.stack([part[..., inner, inner].flatten(1) for part in (across, down)], 1)
    soft = soft[..., FRAME:-FRAME, FRAME:-FRAME]
    return Seen(soft.flatten(1).numpy(), tangents.numpy())
