"""A text as numbers: how often each run of one to five bytes stands in it.

Legend: N texts, D features.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fromnoise.evaluation.word_pieces import Hashes, mix

WIDTH = 2**14
LONGEST_RUN = 5
MOST_BYTES = 4000
"""A text is known by its beginning."""

Features = NDArray[np.float32]
_BASE = np.uint64(0x100000001B3)


def text_features(texts: Sequence[str]) -> Features:
    """Return (N, D) features of length 1: roots of n-gram counts, hashed and signed (Weinberger et al. 2009).

    The root keeps frequent grams from drowning the rest; equal texts have a product of 1, strangers near 0.
    """
    features = np.zeros((len(texts), WIDTH), np.float32)
    for row, text in zip(features, texts, strict=True):
        grams, counts = np.unique(_grams(text), return_counts=True)
        scattered = mix(grams)
        signed = np.where(scattered & np.uint64(1), 1.0, -1.0) * np.sqrt(counts)
        places = (scattered >> np.uint64(50)).astype(np.int64)  # the top 14 bits
        row += np.bincount(places, weights=signed, minlength=WIDTH).astype(np.float32)
        row /= max(float(np.linalg.norm(row)), 1e-9)
    return features


def _grams(text: str) -> Hashes:
    data = np.frombuffer(text.encode()[:MOST_BYTES], np.uint8).astype(np.uint64) + np.uint64(1)
    runs = []
    for length in range(1, min(LONGEST_RUN, len(data)) + 1):
        hashes = np.full(len(data) - length + 1, length, np.uint64)
        for step in range(length):
            hashes = hashes * _BASE + data[step : step + len(hashes)]
        runs.append(hashes)
    return np.concatenate(runs)
