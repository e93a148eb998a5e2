"""What a measurement is: a value, how sure it is, and the arrays it is made from.

Legend: N samples, D features. Everything is computed in float64, always in the order (generated, real).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fromnoise.errors import DataError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """One measured number, and the interval that holds its true value 95 times in 100."""

    value: float
    interval: tuple[float, float] | None = None
    """None where no interval can be had, for instance from a single sample."""


def as_samples(data: Any, name: str, least: int = 2) -> Array:
    """Return (N, D) features of any float type, numpy's or torch's, as float64; raise DataError otherwise."""
    if isinstance(data, torch.Tensor):
        data = data.detach().cpu().double().numpy()
    try:
        array = np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{name} must be an array of numbers (N, D), not {type(data).__name__}") from None
    if array.ndim != 2 or array.shape[1] == 0:
        raise DataError(f"{name} must have the shape (N, D), not {array.shape}")
    if len(array) < least:
        raise DataError(f"{name} has {len(array)} samples; it takes at least {least}")
    if not np.isfinite(array).all():
        broken = int((~np.isfinite(array)).any(1).sum())
        raise DataError(f"{name} has NaN or infinite features in {broken} of {len(array)} samples")
    return array


def as_pair(generated: Any, real: Any, least: int = 2) -> tuple[Array, Array]:
    """Return both sets as float64 (N, D) and (M, D); raise DataError unless they have the same D."""
    left, right = as_samples(generated, "generated", least), as_samples(real, "real", least)
    if left.shape[1] != right.shape[1]:
        widths = f"{left.shape[1]} and {right.shape[1]}"
        raise DataError(f"generated and real must have the same number of features, not {widths}")
    return left, right
