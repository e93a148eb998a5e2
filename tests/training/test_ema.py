import pytest
import torch
from torch import nn

from fromnoise.training.ema import PowerEMA


def layer(value: float) -> nn.Module:
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, value)
    return module


def test_weights_that_stay_are_their_own_average() -> None:
    module = layer(3.0)
    ema = PowerEMA(module, 0.1)
    for step in range(20):
        ema.update(module, step)
    assert float(ema.weights["weight"]) == pytest.approx(3.0)


def test_the_start_is_forgotten_at_the_first_step() -> None:
    module = layer(3.0)
    ema = PowerEMA(module, 0.1)
    nn.init.constant_(module.weight, 5.0)
    ema.update(module, 0)
    assert float(ema.weights["weight"]) == 5.0


@pytest.mark.parametrize("length", [0.05, 0.1, 0.2])
def test_the_window_is_as_long_as_asked(length: float) -> None:
    """The average of t and of t^2 gives the mean and the deviation of the window."""
    steps = 2000
    module = nn.Linear(2, 1, bias=False)
    ema = PowerEMA(module, length)
    for step in range(steps):
        share = (step + 1) / steps
        module.weight.data = torch.tensor([[share, share**2]])
        ema.update(module, step)
    mean, square = ema.weights["weight"].double().flatten().tolist()
    assert (square - mean**2) ** 0.5 == pytest.approx(length, rel=0.03)
    assert 0 < 1 - mean < 3 * length


def test_swapping_twice_changes_nothing() -> None:
    module = layer(1.0)
    ema = PowerEMA(module, 0.1)
    nn.init.constant_(module.weight, 2.0)
    ema.swap(module)
    assert module.weight.item() == 1.0 and float(ema.weights["weight"]) == 2.0
    ema.swap(module)
    assert module.weight.item() == 2.0 and float(ema.weights["weight"]) == 1.0
