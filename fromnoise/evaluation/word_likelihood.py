"""Bits per byte: how many bits a model needs for each byte of text that it has never seen.

Counted over the real UTF-8 bytes of each text, never over a guess of bytes per token.
Legend: N texts, S samples of a bound.
"""

import lzma
import math
import zlib
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from fromnoise.errors import DataError
from fromnoise.evaluation.byte_model import fit_bytes
from fromnoise.evaluation.figures import Array, Figure
from fromnoise.evaluation.word_intervals import ratio

MOST_CONTEXT = 4_000_000
"""Bytes of training text that a compressor is shown first."""


class TextModel(Protocol):
    """A model that can say how likely a text is: all that evaluation knows of it."""

    @property
    def exact(self) -> bool:
        """Tell whether the nats are exact (autoregressive) or bound them from above (diffusion)."""
        ...

    def text_nats(
        self, texts: Sequence[str], seed: int = 0, styles: Sequence[str | None] | None = None
    ) -> Array:
        """Return -log P of each whole text, its end included, given its style where the model knows it.

        (N,) where exact; else (N, S), independent samples of which each row's mean bounds that text's, for
        instance at `stratified_times`.
        """
        ...


def bits_per_byte(nats: Array, texts: Sequence[str], seed: int = 0) -> Figure:
    """Return sum(nats) / ln 2 / bytes for (N,) exact nats or (N, S) samples of a bound.

    The bootstrap over texts covers the noise of a bound's samples too, since it is part of how texts differ.
    """
    nats = np.asarray(nats, np.float64)
    if nats.ndim not in (1, 2) or len(nats) != len(texts) or not nats.size:
        raise DataError(f"{len(texts)} texts take nats of shape (N,) or (N, S), not {nats.shape}")
    if not np.isfinite(nats).all():
        text = int(np.flatnonzero(~np.isfinite(nats).reshape(len(nats), -1).all(1))[0])
        raise DataError(f"text {text} has NaN or infinite nats: the model rules out what really happens")
    sizes = np.array([len(text.encode()) for text in texts], np.float64)
    return ratio((nats if nats.ndim == 1 else nats.mean(1)) / math.log(2), sizes, seed)


def stratified_times(texts: int, samples: int, seed: int = 0) -> Array:
    """Draw (N, S) times in (0, 1), one in each of S equal strata, for a diffusion model's bound.

    A row's mean stays unbiased, and varies far less than S independent times would make it.
    """
    offsets = np.random.default_rng(seed).random((texts, samples))
    return (np.arange(samples) + 1.0 - offsets) / samples


def likelihood_baselines(texts: Sequence[str], train: Sequence[str], seed: int = 0) -> dict[str, Figure]:
    """Return bits per byte of `texts` for what needs no neural network, all shown `train` first.

    The lowest is what a model has to beat; nearly always the byte n-grams'.
    """
    compressed = {"zlib": _zlib(texts, train), "lzma": _lzma(texts, train)}
    return {
        "6-gram": bits_per_byte(fit_bytes(train).text_nats(texts), texts, seed),
        **{
            name: Figure(8 * size / sum(len(text.encode()) for text in texts))
            for name, size in compressed.items()
        },
    }


def _joined(texts: Sequence[str]) -> bytes:
    return "\n".join(texts).encode()


def _zlib(texts: Sequence[str], train: Sequence[str]) -> int:
    """Return compressed bytes; zlib looks back 32 kB, so that much of `train` is its dictionary."""
    packer = zlib.compressobj(9, zdict=_joined(train)[-32_768:])
    return len(packer.compress(_joined(texts))) + len(packer.flush())


def _lzma(texts: Sequence[str], train: Sequence[str]) -> int:
    """Return how many bytes `texts` add to a file that already holds the end of `train`."""
    before = _joined(train)[-MOST_CONTEXT:] + b"\n"
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 3, "dict_size": 2**24}]
    sizes = [
        len(lzma.compress(data, lzma.FORMAT_RAW, filters=filters))
        for data in (before, before + _joined(texts))
    ]
    return sizes[1] - sizes[0]
