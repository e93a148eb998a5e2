"""The outlines of simple shapes: closed lines of points, x to the right and y down, both in -1..1."""

import math
from collections.abc import Callable

Points = list[tuple[float, float]]


def _arc(start: float, end: float, radius: float = 1.0, x: float = 0.0, corners: int = 48) -> Points:
    """Return points on a circle around (x, 0), from angle `start` to `end` in turns."""
    turns = [2 * math.pi * (start + (end - start) * step / corners) for step in range(corners + 1)]
    return [(x + radius * math.cos(turn), radius * math.sin(turn)) for turn in turns]


def _polygon(corners: int) -> Points:
    return _arc(-0.25, 0.75, corners=corners)[:-1]


def _star() -> Points:
    outer, inner = _polygon(5), [(-x * 0.42, -y * 0.42) for x, y in _polygon(5)]
    return [point for corner in range(5) for point in (outer[corner], inner[(corner + 3) % 5])]


def _heart() -> Points:
    """Return the curve x = 16 sin^3 t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t, scaled to -1..1."""
    turns = [2 * math.pi * step / 64 for step in range(64)]
    heights = [13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t) for t in turns]
    return [(math.sin(t) ** 3, -(y + 2.5) / 15) for t, y in zip(turns, heights, strict=True)]


def _moon() -> Points:
    """Return a crescent: three quarters of a circle, less a smaller circle that meets its ends."""
    outer = _arc(0.125, 0.875)
    edge = math.sqrt(0.5)
    return outer + [(edge - 0.9 * math.sqrt(max(0.0, 0.5 - y * y)), y) for y in _between(-edge, edge)]


def _between(start: float, end: float, steps: int = 24) -> list[float]:
    return [start + (end - start) * step / steps for step in range(1, steps)]


def _cross() -> Points:
    arm = 0.35
    quarter = [(arm, -1.0), (arm, -arm), (1.0, -arm)]
    half = quarter + [(-y, x) for x, y in quarter]
    return half + [(-x, -y) for x, y in half]


SHAPES: dict[str, Callable[[], Points]] = {
    "circle": lambda: _arc(0, 1)[:-1],
    "square": lambda: [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)],
    "triangle": lambda: [(0.0, -0.95), (1.0, 0.8), (-1.0, 0.8)],
    "diamond": lambda: [(0.0, -1.0), (0.7, 0.0), (0.0, 1.0), (-0.7, 0.0)],
    "hexagon": lambda: _polygon(6),
    "star": _star,
    "heart": _heart,
    "moon": _moon,
    "cross": _cross,
    "arrow": lambda: [
        (-1.0, -0.3), (0.1, -0.3), (0.1, -0.8), (1.0, 0.0), (0.1, 0.8), (0.1, 0.3), (-1.0, 0.3),
    ],
}  # fmt: skip
"""Name of a shape -> its outline."""
