"""What every noise process offers, and their names.

Legend of this folder: B the batch, x0 clean data (B, ...), xt data at time t, t the process clock (0 clean,
t_max noise), s the next time (s < t), alpha(t) the share of the signal left, sigma(t) the size of the noise,
eps standard normal noise; xt = alpha x0 + sigma eps. Times are float64, states float32.
"""

from typing import Protocol

from torch import Tensor

from fromnoise.registry import Registry
from fromnoise.seeds import Seeds

Time = float | Tensor
"""One time for the whole batch (a number or a scalar tensor), or one per item, (B,)."""


class NoiseProcess(Protocol):
    """Turn data into noise, little by little, and say how a guess of the data is to be judged."""

    @property
    def t_max(self) -> float:
        """Return the time at which only noise is left."""

    def alpha(self, t: Time) -> Tensor:
        """Return the share of the signal that is left at `t`, float64."""

    def prior(self, shape: tuple[int, ...], seeds: Seeds) -> Tensor:
        """Draw x at `t_max`, float32 on the CPU, (B, *shape): one item per stream."""

    def add_noise(self, x0: Tensor, t: Time, seeds: Seeds | None = None) -> Tensor:
        """Draw xt given x0. None means streams 0, 1, 2, ..."""

    def sample_time(self, seeds: Seeds) -> Tensor:
        """Draw training times, float64 (B,): one per stream."""

    def grid(self, steps: int, name: str | None = None) -> Tensor:
        """Return (steps + 1,) float64 times, from `t_max` down to 0. None means the process's own grid."""

    def loss(self, guess: Tensor, x0: Tensor, xt: Tensor, t: Time) -> Tensor:
        """Return the weighted error of a guess of x0, (B,)."""


PROCESSES = Registry(
    "process",
    {
        "flow": "fromnoise.diffusion.gaussian:Flow",
        "cosine": "fromnoise.diffusion.gaussian:Cosine",
        "scaled-linear": "fromnoise.diffusion.gaussian:ScaledLinear",
        "edm": "fromnoise.diffusion.gaussian:EDM",
    },
)

GRIDS = Registry(
    "grid",
    {
        "uniform": "fromnoise.diffusion.grids:uniform",
        "log-snr": "fromnoise.diffusion.grids:log_snr",
        "karras": "fromnoise.diffusion.grids:karras",
        "shifted": "fromnoise.diffusion.grids:shifted",
    },
)
