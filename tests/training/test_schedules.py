import pytest

from fromnoise.training.schedules import warm_hold_cool


def test_the_rate_rises_stays_and_falls_to_almost_nothing() -> None:
    factors = [warm_hold_cool(step, 100, 10, 0.4) for step in range(100)]
    assert factors[:3] == pytest.approx([0.1, 0.2, 0.3])
    assert set(factors[9:61]) == {1.0}
    assert factors[60:] == sorted(factors[60:], reverse=True)
    assert factors[80] == pytest.approx(0.5) and factors[99] == pytest.approx(1 / 40)


@pytest.mark.parametrize(("warmup", "cooldown"), [(0, 0.0), (500, 1.0)])
def test_extremes_stay_between_0_and_1(warmup: int, cooldown: float) -> None:
    assert all(0 < warm_hold_cool(step, 50, warmup, cooldown) <= 1 for step in range(50))
