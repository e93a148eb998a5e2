"""A running average of the weights, which is what is kept of a training."""

import torch
from torch import Tensor, nn


class PowerEMA:
    """Average the weights with a window that grows with the training (Karras et al. 2024, sec. 3.1).

    `length` is the window's standard deviation as a share of the training so far.
    """

    def __init__(self, model: nn.Module, length: float) -> None:
        self.power = _power_of(length)
        self.weights: dict[str, Tensor] = {
            name: parameter.detach().clone()
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
        }

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Take in the weights after `step`, counted from 0 (eq. 1)."""
        keep = (1 - 1 / (step + 1)) ** (self.power + 1)
        for name, parameter in model.named_parameters():
            if name in self.weights:
                self.weights[name].lerp_(parameter, 1 - keep)

    @torch.no_grad()
    def swap(self, model: nn.Module) -> None:
        """Exchange the model's weights with the average; a second call puts them back."""
        for name, parameter in model.named_parameters():
            if name in self.weights:
                own = parameter.detach().clone()
                parameter.copy_(self.weights[name])
                self.weights[name] = own


def _power_of(length: float) -> float:
    """Solve length = sqrt((g + 1) / ((g + 2)^2 (g + 3))) for g by bisection (appendix C)."""
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        width = ((middle + 1) / ((middle + 2) ** 2 * (middle + 3))) ** 0.5
        low, high = (middle, high) if width > length else (low, middle)
    return low
