"""Which pictures are held out. By rule alone, so that every model of the project holds out the same ones."""

from hashlib import sha256

FAMILIES = {"fluent-color": "fluent-3d"}
"""Styles drawn after one design share a family; every other style is its own."""


def bare(hexcode: str) -> str:
    """Return a concept's name: a hexcode as emojibase writes it, without its variation selectors."""
    codes = (code.zfill(4) for code in hexcode.upper().split("-"))
    return "-".join(codes).replace("-FE0F", "")


def family(style: str) -> str:
    """Return the family of a style: one design, however it is coloured."""
    return FAMILIES.get(style, style)


def draw(text: str, sides: int) -> bool:
    """Throw a die of `sides` sides whose outcome depends on `text` alone; True once in `sides`."""
    return int(sha256(text.encode()).hexdigest(), 16) % sides == 0


def emoji_split(concept: str, style: str) -> str:
    """Return "concept" (held out in every style), "pair" (held out in this family) or "train"."""
    if draw(concept, 50):
        return "concept"
    return "pair" if draw(f"{concept}:{family(style)}", 20) else "train"
