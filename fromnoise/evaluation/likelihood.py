"""How likely a diffusion model finds pictures, in bits per dimension: a bound, and the value of its ODE.

Only figures of the same data, size and encoding compare; a high likelihood says nothing of how samples look.
Legend: B items, N dimensions of one item, lambda = log(alpha^2 / sigma^2) the log-SNR, s = sigma / alpha.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from fromnoise.codecs.pixels import Pixels
from fromnoise.diffusion.denoiser import Denoise
from fromnoise.diffusion.gaussian import Gaussian, spread
from fromnoise.evaluation.figures import Figure
from fromnoise.models.image_diffusion import ImageDiffusion
from fromnoise.seeds import Seeds

LOG_SNRS = (-9.0, 9.0)
"""From almost nothing but noise to almost none; what lies beyond is bounded by a Gaussian."""
MIDDLE = 127.5
"""uint8 levels in one unit of pixels from -1 to 1."""


@dataclass(frozen=True)
class Likelihood:
    """Bits per dimension of a set of items, with its standard error."""

    value: float
    interval: tuple[float, float]
    standard_error: float
    kind: str
    """"bound" (the truth is at most this) or "ode" (the model's own density, up to the solver's error)."""
    dimensions: int
    """Of one item."""

    def shifted(self, bits: float) -> "Likelihood":
        """Return it for data of another scale: `bits` more in every dimension."""
        low, high = self.interval
        return replace(self, value=self.value + bits, interval=(low + bits, high + bits))

    @property
    def figure(self) -> Figure:
        """Return it as a figure."""
        return Figure(self.value, self.interval)


def variational_bound(
    denoise: Denoise, process: Gaussian, x0: Tensor, seed: int = 0, times: int = 16
) -> Likelihood:
    """Bound the bits per dimension of x0 (B, ...) from above (Kingma et al. 2021, eq. 15 and 18).

    The integral over the log-SNR is taken at `times` stratified places an item.
    """
    low, high = LOG_SNRS
    size = x0[0].numel()
    seeds = Seeds.for_step(seed, 0, len(x0))
    total = _edges(process, x0)
    for place in range(times):
        log_snr = low + (high - low) * (place + seeds.uniform()) / times
        t = process.time_of_log_snr(log_snr)
        error = (denoise(process.add_noise(x0, t, seeds), t) - x0).double().square().flatten(1).sum(1)
        total += 0.5 * (high - low) / times * log_snr.exp() * error.cpu()
    return _per_dimension(total, size, "bound")


def ode_likelihood(
    denoise: Denoise, process: Gaussian, x0: Tensor, seed: int = 0, steps: int = 40, probes: int = 1
) -> Likelihood:
    """Return the bits per dimension of x0 (B, ...) under the probability-flow ODE (Song et al. 2021, eq. 39).

    In y = x / alpha and log s the ODE is y' = y - x0(y), so log p changes by N minus the trace of the
    denoiser's Jacobian, which Rademacher probes estimate (Hutchinson). Heun's method.
    """
    low, high = LOG_SNRS
    size = x0[0].numel()
    seeds = Seeds.for_step(seed, 1, len(x0))
    grid = torch.linspace(-high / 2, -low / 2, steps + 1, dtype=torch.float64)  # log s
    y = x0.double() + grid[0].exp() * seeds.normal(*x0.shape[1:]).to(x0.device)
    gained = torch.zeros(len(x0), dtype=torch.float64)
    signs = [seeds.integers(0, 2, *x0.shape[1:]).to(x0.device) * 2 - 1 for _ in range(probes)]
    for here, there in pairwise(grid):
        slope, growth = _slope(denoise, process, y, here, signs)
        ahead, later = _slope(denoise, process, y + (there - here) * slope, there, signs)
        y = y + (there - here) * (slope + ahead) / 2
        gained += (there - here) * (growth + later) / 2
    variance = float(torch.exp(2 * grid[-1])) + process.sigma_data**2
    squares = y.square().flatten(1).sum(1).cpu()
    last = -0.5 * (squares / variance + size * math.log(2 * math.pi * variance))
    return _per_dimension(-(last + gained), size, "ode")


def model_likelihood(
    model: ImageDiffusion,
    pictures: Tensor,
    captions: Sequence[str],
    styles: Sequence[str | None],
    seed: int = 0,
    ode: bool = False,
) -> tuple[Likelihood, str]:
    """Return how likely a model finds captioned uint8 pictures (B, S, S, 3), and what the bits are of.

    Pixels are whole numbers, so each is spread evenly over its level first (Theis et al. 2016). Latents have
    a density of their own: their bits compare between models of one codec alone.
    """
    pixels = isinstance(model.codec, Pixels)
    if pixels:
        within = Seeds.for_step(seed, 2, len(pictures)).uniform(*pictures.shape[1:]) - 0.5
        pictures = pictures + within
    x0 = model.codec.encode(pictures).to(model.device)
    with torch.no_grad():
        denoise = model.bound_to(captions, styles)
        found = None if ode else variational_bound(denoise, model.process, x0, seed)
    found = found or ode_likelihood(denoise, model.process, x0, seed)
    if not pixels:
        return found, "bits of the codec's latents: they compare between models of this codec alone"
    return found.shifted(math.log2(MIDDLE / Pixels.scale)), "bits of 8-bit pixels"


def _edges(process: Gaussian, x0: Tensor) -> Tensor:
    """Return the nats of both ends of the integral, (B,): of the least noise and of the most."""
    size = x0[0].numel()
    first, last = (process.time_of_log_snr(log_snr) for log_snr in (LOG_SNRS[1], LOG_SNRS[0]))
    ratio = (process.sigma(first) / process.alpha(first)).square()  # x given the first z: N(z / alpha, s^2)
    noise = 0.5 * size * (math.log(2 * math.pi) + 1 + float(ratio.log()))
    alpha, sigma = float(process.alpha(last)), float(process.sigma(last))
    variance = sigma**2 + (alpha * process.sigma_data) ** 2
    means = (alpha**2 * x0.double().square()).flatten(1).sum(1).cpu()
    prior = 0.5 * (
        size * (math.log(variance) - 2 * math.log(sigma) + sigma**2 / variance - 1) + means / variance
    )
    return noise + prior


def _slope(
    denoise: Denoise, process: Gaussian, y: Tensor, log_s: Tensor, signs: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """Return dy / d log s, and how fast a volume grows, (B,)."""
    t = process.time_of_log_snr(-2 * log_s).expand(len(y))
    alpha = spread(process.alpha(t), y)
    with torch.enable_grad():
        state = y.detach().requires_grad_()
        guess = denoise((alpha * state).float(), t)
        traces = []
        for place, sign in enumerate(signs):
            again = place + 1 < len(signs)
            (turned,) = torch.autograd.grad((guess * sign).sum(), state, retain_graph=again)
            traces.append((turned * sign).flatten(1).sum(1).detach().cpu().double())
    trace = torch.stack(traces).mean(0)
    return y - guess.detach().double(), y[0].numel() - trace


def _per_dimension(nats: Tensor, size: int, kind: str) -> Likelihood:
    bits = np.asarray(nats.double().numpy() / (size * math.log(2)))
    error = float(bits.std(ddof=1) / math.sqrt(len(bits))) if len(bits) > 1 else math.inf
    value = float(bits.mean())
    reach = 1.96 * error if math.isfinite(error) else 0.0
    return Likelihood(value, (value - reach, value + reach), error, kind, size)
