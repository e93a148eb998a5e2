"""How a training goes, as one SVG: a panel for the losses and one for each thing measured on the way."""

import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from fromnoise.files import write_all

WIDTH, HEIGHT, EDGE = 640, 200, 44  # units of the picture
COLOURS = {"loss": "#b9c0cc", "validation_loss": "#2f6fde"}
OTHER = "#d2691e"
UNITS_OF_WORK = ("step", "seconds", "items_per_second")
"""What a line of the log says that is no measurement."""

Curve = Sequence[tuple[float, float]]


def draw_curves(log: Path, out: Path) -> None:
    """Draw the log of a training, a JSON object a line; a step that was done again counts as it was last."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    steps = {line["step"]: line for line in lines}
    curves: dict[str, list[tuple[float, float]]] = {}
    for step in sorted(steps):
        for name, value in steps[step].items():
            if name not in UNITS_OF_WORK and math.isfinite(value):
                curves.setdefault(name, []).append((step, value))
    losses = {name: curve for name, curve in curves.items() if name.endswith("loss")}
    others = [{name: curve} for name, curve in curves.items() if name not in losses]
    write_all({out: picture([panel for panel in (losses, *others) if panel]).encode()})


def picture(panels: Sequence[Mapping[str, Curve]]) -> str:
    """Return panels one below the other."""
    height = HEIGHT * max(1, len(panels))
    drawn = "".join(
        f'<g transform="translate(0 {place * HEIGHT})">{_panel(curves)}</g>'
        for place, curves in enumerate(panels)
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif"'
    return f'{head} font-size="11" fill="#556"><rect width="100%" height="100%" fill="#fff"/>{drawn}</svg>\n'


def _panel(curves: Mapping[str, Curve]) -> str:
    points = [point for curve in curves.values() for point in curve]
    last = max(step for step, _ in points)
    least, most = min(value for _, value in points), max(value for _, value in points)
    span = (most - least) or 1.0

    def at(step: float, value: float) -> str:
        x = EDGE + (WIDTH - 2 * EDGE) * step / max(last, 1)
        return f"{x:.1f},{HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (value - least) / span:.1f}"

    lines, names = [], []
    for place, (name, curve) in enumerate(curves.items()):
        colour = COLOURS.get(name, OTHER)
        way = " ".join(at(*point) for point in curve)
        lines.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        said = f"{escape(name.replace('_', ' '))} {curve[-1][1]:.4g}"
        names.append(f'<text x="{EDGE + 180 * place}" y="22" fill="{colour}">{said}</text>')
    low, high = HEIGHT - EDGE, EDGE
    axis = (
        f'<path d="M{EDGE} {high}V{low}H{WIDTH - EDGE}" fill="none" stroke="#ccd"/>'
        f'<text x="{EDGE - 6}" y="{high + 4}" text-anchor="end">{most:.3g}</text>'
        f'<text x="{EDGE - 6}" y="{low}" text-anchor="end">{least:.3g}</text>'
        f'<text x="{WIDTH - EDGE}" y="{low + 16}" text-anchor="end">step {last:.0f}</text>'
    )
    return axis + "".join(lines) + "".join(names)
