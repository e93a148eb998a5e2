"""Plots as inline SVG: they need no script, take their colours from the page and fit any width."""

from collections.abc import Callable, Sequence

from fromnoise.evaluation.evidence import Measure
from fromnoise.evaluation.findings import per_cent, shown
from fromnoise.evaluation.html import Html, Node, element

Points = Sequence[tuple[float, float]]
Place = Callable[[float], float]
"""A number's place on an axis, per cent."""
ROOM = 1.12  # how much longer an axis is than what stands on it
LEAST_SHARE = 0.1  # that an axis goes up to
_CLOUD = (640, 360)  # units of its picture
_EDGE = 0.16  # share of an axis near its ends


def interval_bar(measure: Measure, share: bool, whole: bool, real: str) -> Html:
    """Draw a value with its interval on an axis from 0, and a mark where real data stand.

    A `share` is written in per cent; the `whole` of it is the axis's end. `real` is what the mark is called.
    """
    known = [measure.value, measure.low, measure.high, measure.baseline or 0.0]
    least, most = min(0.0, *known), max(max(known) * ROOM, 1e-12)
    if share:
        most = 1.0 if whole else min(max(most, LEAST_SHARE), 1.0)
    scaled = per_cent if share else shown

    def place(number: float) -> float:
        return 100 * (number - least) / (most - least)

    wide = max(place(measure.high) - place(measure.low), 0.0)
    band = {
        "x": _at(place(measure.low)),
        "y": 9,
        "width": _at(wide),
        "height": 10,
        "rx": 3,
        "class": "interval",
    }
    told = f"{scaled(measure.value)}, between {scaled(measure.low)} and {scaled(measure.high)}; {real}"
    return element(
        "svg",
        {"class": "bar", "role": "img", "aria-label": told},
        element("title", None, told),
        element("rect", {"x": 0, "y": 12.5, "width": "100%", "height": 3, "rx": 1.5, "class": "axis"}),
        element("rect", band) if measure.high > measure.low else None,
        element("circle", {"cx": _at(place(measure.value)), "cy": 14, "r": 5.5, "class": "value"}),
        *_real_mark(measure.baseline, place, real),
        *_ends(measure.baseline, place, scaled(least), scaled(most)),
    )


def _real_mark(baseline: float | None, place: Place, real: str) -> list[Node]:
    if baseline is None:
        return []
    at = place(baseline)
    anchor = "start" if at < 100 * _EDGE else "end" if at > 100 * (1 - _EDGE) else "middle"
    return [
        element("line", {"x1": _at(at), "x2": _at(at), "y1": 2, "y2": 26, "class": "real"}),
        element("text", {"x": _at(at), "y": 38, "text-anchor": anchor, "class": "real-name"}, real),
    ]


def _ends(baseline: float | None, place: Place, least: str, most: str) -> list[Node]:
    """Write the axis's ends, where the name of the mark leaves room."""
    at = -1.0 if baseline is None else place(baseline) / 100
    left = element("text", {"x": 0, "y": 38, "class": "end"}, least)
    right = element("text", {"x": "100%", "y": 38, "text-anchor": "end", "class": "end"}, most)
    return [left if not 0 <= at < 2 * _EDGE else None, right if at <= 1 - 2 * _EDGE else None]


def cloud(generated: Points, real: Points) -> Html:
    """Draw two sets of points, each coordinate from 0 to 1, over each other."""
    width, height = _CLOUD
    dots = [(points, kind) for points, kind in ((real, "real"), (generated, "made"))]
    return element(
        "svg",
        {"class": "cloud", "viewBox": f"0 0 {width} {height}", "role": "img"},
        element("title", None, "Every dot is a picture; pictures that look alike lie near each other."),
        *[
            element("circle", {"cx": round(x * width, 1), "cy": round(y * height, 1), "r": 3, "class": kind})
            for points, kind in dots
            for x, y in points
        ],
    )


def _at(per_cent: float) -> str:
    return f"{min(max(per_cent, 0.0), 100.0):.2f}%"
