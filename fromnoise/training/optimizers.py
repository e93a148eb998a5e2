"""Optimisers: Muon for the matrices inside a network, AdamW for everything else.

Legend: matrices are (rows, columns); a convolution's kernel counts as (out, in * height * width).
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def orthogonalised(matrix: Tensor, iterations: int = 5) -> Tensor:
    """Bring a matrix's singular values near 1 by Newton-Schulz steps in bfloat16 (Jordan et al. 2024)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x: Tensor = matrix.bfloat16()
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(iterations):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if tall else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Step by the orthogonalised, Nesterov-corrected momentum of each matrix (Jordan et al. 2024)."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(list(parameters), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Make one step on every matrix that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                velocity: Tensor = state["momentum"]
                velocity.lerp_(parameter.grad, 1 - group["momentum"])
                ahead = parameter.grad.lerp(velocity, group["momentum"]).flatten(1)
                # Wide and tall matrices alike then change their output by about lr per unit of input.
                size = max(1.0, ahead.shape[0] / ahead.shape[1]) ** 0.5
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(orthogonalised(ahead).view_as(parameter), alpha=-group["lr"] * size)


def split_parameters(model: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Part the trained parameters into inner matrices (for Muon) and all the rest (for AdamW).

    Embeddings, vectors and layers that touch the data itself (names ending in "_in" or "_out") are the rest.
    """
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    embeddings = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        edge = any(part.endswith(("_in", "_out")) for part in name.split("."))
        inner = (
            parameter.ndim >= 2 and name.endswith("weight") and id(parameter) not in embeddings and not edge
        )
        (matrices if inner else rest).append(parameter)
    return matrices, rest
