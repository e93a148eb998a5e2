"""Feature extractors: pictures to the numbers that sets of pictures are compared by, in a stream.

Legend: N pictures, B of them at a time, S the extractor's side in px, D features, C classes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from fromnoise.errors import DataError
from fromnoise.evaluation.sources import Pixels, Source, unreadable
from fromnoise.files import file_sha256
from fromnoise.registry import Registry

Floats = NDArray[np.float32]
Part = TypeVar("Part")
Report = Callable[[int, int], None]
"""(pictures done, of how many)."""

DEFAULT = "fromnoise"
BATCH = 32
SMALL = 32  # px a side of the pictures that copies are looked for in
CALLABLE_SIZE = 128  # px, for a callable that doesn't say its `size`

EXTRACTORS = Registry(
    "extractor",
    {
        "dinov2": "fromnoise.evaluation.dinov2:open_dinov2",
        "efficientnet-lite0": "fromnoise.evaluation.efficientnet:open_efficientnet",
        "fromnoise": "fromnoise.evaluation.own_features:open_own_features",
        "inception": "fromnoise.evaluation.inception_file:open_inception",
        "pixels": "fromnoise.evaluation.pixel_features:open_pixels",
    },
)
"""Name -> what opens it, given what stands behind the colon: `inception:PATH`."""


@dataclass(frozen=True)
class Extractor:
    """What turns pictures into features, and all that must be known to compare its figures with others'."""

    name: str
    sha256: str
    """Of its weights; a word where there is no file."""
    size: int
    width: int
    """D."""
    features: Callable[[Tensor], Tensor]
    """uint8 (B, S, S, 3) -> float32 (B, D)."""
    classes: int = 0
    """C; 0 when it has no classifier."""
    probabilities: Callable[[Tensor], Tensor] | None = None
    """Features (B, D) -> (B, C), each row summing to 1; None when it has no classifier."""

    @property
    def resize(self) -> str:
        """Say how pictures are brought to its size."""
        return (
            f"to {self.size} x {self.size} px with Pillow's bicubic filter, antialiased when shrinking, "
            f"rounded to 8 bits; other shapes are stretched to a square"
        )


@dataclass(frozen=True)
class Glimpsed:
    """What tells whether pictures are copies of each other, in the source's order."""

    small: Pixels
    """(N, 32, 32, 3): low-pass pictures, by Pillow's bilinear filter."""
    hashes: list[str]
    """SHA-256 of each picture's size and pixels."""


@dataclass(frozen=True)
class Extracted(Glimpsed):
    """A set of pictures as numbers, in the source's order."""

    features: Floats
    """(N, D)."""
    probabilities: Floats | None
    """(N, C); None when the extractor has no classifier."""


def open_extractor(spec: str | Callable[[Tensor], Any] = DEFAULT) -> Extractor:
    """Open an extractor by name, `name:argument`, or wrap any callable.

    A callable takes uint8 (B, S, S, 3) and returns (B, D); its attribute `size` says S, else 128.
    """
    if not isinstance(spec, str):
        return _wrapped(spec)
    name, _, argument = spec.partition(":")
    opened: Extractor = EXTRACTORS[name](argument)
    return opened


@torch.inference_mode()
def extract(source: Source, extractor: Extractor, report: Report | None = None) -> Extracted:
    """Read a source and compute its features, a few pictures at a time.

    Raise one DataError for all pictures that can't be read.
    """
    parts = _streamed(source, lambda pictures: _described(pictures, extractor), report)
    likely = [part.probabilities for part in parts if part.probabilities is not None]
    seen = _joined(parts)
    features = np.concatenate([part.features for part in parts])
    return Extracted(seen.small, seen.hashes, features, np.concatenate(likely) if likely else None)


def glimpse(source: Source, report: Report | None = None) -> Glimpsed:
    """Read a source to look for copies in, without features; raise one DataError as `extract` does."""
    return _joined(_streamed(source, _glimpsed, report))


def resize(picture: Pixels, side: int, how: Image.Resampling = Image.Resampling.BICUBIC) -> Pixels:
    """Bring a picture to `side` px by Pillow's filter, which widens when it shrinks and so doesn't alias."""
    if picture.shape[:2] == (side, side):
        return np.array(picture)
    return np.array(Image.fromarray(picture).resize((side, side), how))


def checked_file(path: Path, digest: str, what: str) -> Path:
    """Return the path of a file with that SHA-256; raise DataError when it is missing or another."""
    if not path.is_file():
        raise DataError(f"no {what} at {path}")
    got = file_sha256(path)
    if got != digest:
        raise DataError(f"{path} is not the published {what}: SHA-256 {got[:12]}..., not {digest[:12]}...")
    return path


def _wrapped(function: Callable[[Tensor], Any]) -> Extractor:
    if not callable(function):
        raise DataError(f"an extractor is a name or a callable, not {type(function).__name__}")
    name = str(getattr(function, "__name__", type(function).__name__))
    size = int(getattr(function, "size", CALLABLE_SIZE))

    def features(pictures: Tensor) -> Tensor:
        return torch.as_tensor(function(pictures))

    blank = torch.full((2, size, size, 3), 255, dtype=torch.uint8)
    with torch.inference_mode():
        shape = features(blank).shape
    if len(shape) != 2 or shape[0] != len(blank) or not shape[1]:
        raise DataError(f"extractor {name} should turn 2 pictures into (2, D) features, not {tuple(shape)}")
    return Extractor(name, "callable", size, shape[1], features)


def _checked(extractor: Extractor, pictures: Tensor) -> Tensor:
    """Return the features, (B, D) float32 on the CPU; raise DataError when they are anything else."""
    found = extractor.features(pictures).detach().float().cpu()
    if found.shape != (len(pictures), extractor.width):
        expected = (len(pictures), extractor.width)
        raise DataError(f"extractor {extractor.name} gave features {tuple(found.shape)}, not {expected}")
    if not found.isfinite().all():
        raise DataError(f"extractor {extractor.name} gave NaN or infinite features")
    return found


def _readable(source: Source, rows: range, problems: list[str]) -> list[Pixels]:
    """Return the pictures of some rows; add to `problems` what is wrong with the others."""
    pictures = []
    for row in rows:
        try:
            pictures.append(source[row])
        except DataError as error:
            problems.append(str(error))
    return pictures


def _streamed(source: Source, describe: Callable[[list[Pixels]], Part], report: Report | None) -> list[Part]:
    """Describe a few pictures at a time; raise one DataError for all that can't be read."""
    parts: list[Part] = []
    problems: list[str] = []
    for start in range(0, len(source), BATCH):
        rows = range(start, min(start + BATCH, len(source)))
        pictures = _readable(source, rows, problems)
        if not problems:  # else the rest is only looked through, to name all that is broken
            parts.append(describe(pictures))
        if report is not None:
            report(rows.stop, len(source))
    if problems:
        raise unreadable(problems, len(source))
    if not parts:
        raise DataError(f"{source.name}: no pictures")
    return parts


def _described(pictures: list[Pixels], extractor: Extractor) -> Extracted:
    resized = np.stack([resize(picture, extractor.size) for picture in pictures])
    found = _checked(extractor, torch.from_numpy(resized))
    likely = extractor.probabilities
    seen = _glimpsed(pictures)
    probabilities = None if likely is None else likely(found).detach().float().cpu().numpy()
    return Extracted(seen.small, seen.hashes, found.numpy(), probabilities)


def _glimpsed(pictures: list[Pixels]) -> Glimpsed:
    return Glimpsed(
        np.stack([resize(picture, SMALL, Image.Resampling.BILINEAR) for picture in pictures]),
        [sha256(repr(picture.shape).encode() + picture.tobytes()).hexdigest() for picture in pictures],
    )


def _joined(parts: Sequence[Glimpsed]) -> Glimpsed:
    small = np.concatenate([part.small for part in parts])
    return Glimpsed(small, [one for part in parts for one in part.hashes])
