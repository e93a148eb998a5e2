"""Which pictures still show their caption in a mirror."""

import re

from fromnoise.data.dataset import Item

ONE_WAY = {
    "alphanum",
    "arrow",
    "av-symbol",
    "currency",
    "hand-single-finger",
    "keycap",
    "math",
    "other-symbol",
    "person-activity",
    "punctuation",
    "sky-weather",
    "time",
    "zodiac",
}
"""Subgroups of letters, arrows, clocks, moons and people who walk one way: the mirror image of one is
another one, which may be held out."""


def may_mirror(item: Item) -> bool:
    """Tell whether the mirror image of an item's picture is neither false nor, maybe, a held-out picture."""
    return item.subgroup not in ONE_WAY and not re.search(r"\b(left|right)", item.caption.lower())
