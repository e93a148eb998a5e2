"""The judge's eyes: features of pictures, and how far apart they are.

N pictures, D = 1280 features. The extractor is EfficientNet-Lite0, which has seen photographs only.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fromnoise.evaluation.alignment import unit
from fromnoise.evaluation.extractors import extract, open_extractor
from fromnoise.evaluation.sources import source_of

Floats = NDArray[np.floating[Any]]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

EXTRACTOR = "efficientnet-lite0"


def features(pictures: Bytes) -> Floats:
    """Return the penultimate features, mean over space, of uint8 pictures (N, H, W, 3): (N, 1280)."""
    if len(pictures) == 0:
        return np.zeros((0, 1280), np.float32)
    return extract(source_of(pictures), open_extractor(EXTRACTOR)).features


def cosine_distance(left: Floats, right: Floats, centre: Floats) -> Floats:
    """Return 1 - cosine of every pair, about `centre`: (N, D), (M, D) -> (N, M)."""
    return np.asarray(1 - unit(left - centre) @ unit(right - centre).T)
