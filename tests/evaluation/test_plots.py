"""Plots say what they show, keep inside their frame and stand any numbers."""

import re

import pytest

from fromnoise.evaluation.evidence import Measure
from fromnoise.evaluation.plots import cloud, interval_bar


def places(svg: str) -> list[float]:
    return [float(place) for place in re.findall(r'(?:x|cx|x1|width)="(-?[\d.]+)%"', svg)]


@pytest.mark.parametrize(
    "measure",
    [
        Measure("a", 0.5, 0.4, 0.6, 0.7),
        Measure("a", 0.0, 0.0, 0.0, None),
        Measure("a", 0.0, 0.0, 0.0, 0.0),
        Measure("a", -0.2, -0.3, -0.1, -0.25),
        Measure("a", 1e9, 1e9, 1e9, 3.0),
        Measure("a", 1.0, 1.0, 1.0, 1.0),
        Measure("a", 1e-9, 1e-9, 2e-9, None),
    ],
)
@pytest.mark.parametrize("share", [True, False])
def test_a_bar_keeps_inside_its_axis(measure: Measure, share: bool) -> None:
    svg = interval_bar(measure, share, True, "real")
    assert (
        all(0 <= place <= 100 for place in places(svg))
        and "nan" not in svg
        and "inf" not in svg.replace("interval", "")
    )


def test_a_bar_has_its_dot_between_the_ends_of_its_interval_and_a_mark_where_real_ones_are() -> None:
    svg = interval_bar(Measure("a", 0.5, 0.4, 0.6, 0.7), True, True, "real 70 %")
    assert 'x="40.00%"' in svg and 'width="20.00%"' in svg and 'cx="50.00%"' in svg and 'x1="70.00%"' in svg
    assert "real 70 %" in svg and 'role="img"' in svg and "<title>" in svg
    assert 'class="real"' not in interval_bar(Measure("a", 0.5, 0.4, 0.6, None), True, True, "real")


def test_a_cloud_has_a_dot_for_every_picture() -> None:
    svg = cloud([(0.0, 0.0), (1.0, 1.0)], [(0.5, 0.5)])
    assert svg.count('class="made"') == 2 and svg.count('class="real"') == 1
