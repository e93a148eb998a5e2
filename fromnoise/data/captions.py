"""Say the same thing in many ways, so that a model learns what is meant and not how it was worded."""

import re
from collections.abc import Callable
from typing import Protocol

import torch

from fromnoise.data.colours import COLOURS
from fromnoise.data.dataset import Item


class RandomLike(Protocol):
    """Anything with random.Random's way of drawing a number in [0, 1)."""

    def random(self) -> float:
        """Draw a number in [0, 1)."""
        ...


Stream = torch.Generator | RandomLike

MEDIA = ("an emoji of", "a picture of", "a drawing of", "an icon of")


def vary_caption(item: Item, stream: Stream) -> str:
    """Word an item's caption anew: most often as it is, else with an article, tags or a hint at its group."""
    at = draw_number(stream)
    for share, wording in WORDINGS:
        if at < share:
            return wording(item, stream)
        at -= share
    return item.caption


def with_article(label: str) -> str:
    """Put a or an before a label that names one thing: "an owl", but "french fries" and "keycap: 1" stay."""
    last = label.split()[-1] if label.split() else ""
    plural = last.endswith("s") and not last.endswith(("ss", "us", "is"))
    if plural or not label[:1].isalpha() or ":" in label:
        return label
    return f"{'an' if re.match('[aeio]|u(?!ni|se)', label.lower()) else 'a'} {label}"


def name_colour(label: str, colour: str) -> str:
    """Say `label` in another colour: "red apple" and "rocket" become "green apple" and "green rocket"."""
    pattern = rf"\b({'|'.join(COLOURS)}|grey|gold|golden)\b"
    renamed, count = re.subn(pattern, colour, label, count=1, flags=re.IGNORECASE)
    return renamed if count else f"{colour} {label}"


def draw_number(stream: Stream) -> float:
    """Draw a number in [0, 1)."""
    if isinstance(stream, torch.Generator):
        return float(torch.rand((), generator=stream, dtype=torch.float64))
    return stream.random()


def _plain(item: Item, stream: Stream) -> str:
    return item.caption


def _one(item: Item, stream: Stream) -> str:
    return with_article(item.caption)


def _medium(item: Item, stream: Stream) -> str:
    return f"{MEDIA[int(draw_number(stream) * len(MEDIA))]} {with_article(item.caption)}"


def _spoken(item: Item, stream: Stream) -> str:
    """Write as people type: lower case, no punctuation."""
    return " ".join(re.findall(r"[\w’'#*%]+", item.caption.lower())) or item.caption  # noqa: RUF001


def _with_tags(item: Item, stream: Stream) -> str:
    known = item.caption.lower()
    tags = [tag for tag in _some_tags(item, stream, most=3) if tag not in known]
    return ", ".join([item.caption, *tags])


def _tags_alone(item: Item, stream: Stream) -> str:
    return " ".join(_some_tags(item, stream, most=4)) or item.caption


def _with_group(item: Item, stream: Stream) -> str:
    hint = (item.subgroup or item.group or "").replace("-", " ")
    return f"{item.caption}, {hint}" if hint else item.caption


def _some_tags(item: Item, stream: Stream, most: int) -> list[str]:
    """Draw 1 to `most` different tags, in random order; fewer when the item has fewer."""
    left, count = list(item.tags), 1 + int(draw_number(stream) * most)
    return [left.pop(int(draw_number(stream) * len(left))) for _ in range(min(count, len(left)))]


WORDINGS: tuple[tuple[float, Callable[[Item, Stream], str]], ...] = (
    (0.40, _plain),
    (0.17, _one),
    (0.08, _medium),
    (0.07, _spoken),
    (0.17, _with_tags),
    (0.05, _tags_alone),
    (0.06, _with_group),
)
"""How often each wording is drawn; the shares add up to 1."""
