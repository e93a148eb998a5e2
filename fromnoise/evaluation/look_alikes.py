"""Small blurred pictures that stay alike when a picture is moved a little, mirrored or stored anew.

Legend: N pictures, S their side in px.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, pad

from fromnoise.errors import DataError
from fromnoise.evaluation.neighbours import Floats

Pictures = NDArray[np.uint8]

SIDE = 32
"""px"""


@dataclass(frozen=True)
class Blurred:
    """Pictures as points, and the directions in which a small shift moves them."""

    points: Floats
    """(N, 3 SIDE SIDE), 0 to 1."""
    shifts: Floats
    """(N, 2, 3 SIDE SIDE): per pixel to the right, and down."""

    @classmethod
    def of(cls, pictures: Pictures, mirrored: bool = False) -> "Blurred":
        """Blur uint8 pictures (N, S, S, 3), or their mirror images."""
        soft = torch.cat([_soften(pictures[at : at + 512]) for at in range(0, len(pictures), 512)])
        soft = soft.flip(-1) if mirrored else soft
        edges = pad(soft, (1, 1, 1, 1), mode="replicate")
        right = (edges[..., 1:-1, 2:] - edges[..., 1:-1, :-2]) / 2
        down = (edges[..., 2:, 1:-1] - edges[..., :-2, 1:-1]) / 2
        shifts = torch.stack([right.flatten(1), down.flatten(1)], 1)
        return cls(soft.flatten(1).numpy(), shifts.numpy())


def as_pictures(data: Any, name: str) -> Pictures:
    """Return uint8 pictures (N, S, S, 3) as they are; raise DataError when they are anything else."""
    array = np.asarray(data)
    if array.dtype != np.uint8 or array.ndim != 4 or array.shape[3] != 3 or array.size == 0:
        raise DataError(f"{name} must be uint8 pictures (N, S, S, 3), not {array.dtype} {array.shape}")
    return array


def _soften(pictures: Pictures) -> Tensor:
    """Average down to SIDE px, then blur by one pixel each way: JPEG's blocks and hard edges go."""
    x = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 255
    x = adaptive_avg_pool2d(x, SIDE)
    for _ in range(2):
        x = avg_pool2d(pad(x, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return x
