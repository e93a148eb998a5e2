"""Do our solvers walk as those of diffusers do, and where they part, which is nearer to the truth?

The data are a mixture of normal distributions, whose best denoiser is known in closed form: no network's
error hides a solver's. Needs `pip install diffusers`.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.peers import Peer, circular, paired, short_of_one, steep, straight, tabled
from benchmarks.report import Cell, run, save_result, table
from fromnoise.diffusion.denoiser import Denoise
from fromnoise.diffusion.gaussian import EDM, Flow, Gaussian, ScaledLinear
from fromnoise.diffusion.grids import karras
from fromnoise.diffusion.process import Time
from fromnoise.diffusion.sample import sample
from fromnoise.diffusion.solvers import SOLVERS, make_solver
from fromnoise.seeds import Seeds

X0 = {"prediction_type": "sample"}
FLOW = {"prediction_type": "flow_prediction", "use_flow_sigmas": True}
LATENT = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
"""The betas of Stable Diffusion, which are those of our ScaledLinear."""
UNCLIPPED = {**LATENT, "clip_sample": False}
SDE, THIRD = {"algorithm_type": "sde-dpmsolver++"}, {"solver_order": 3}
DPM, UNIPC, EDM_DPM = (f"{name}MultistepScheduler" for name in ("DPMSolver", "UniPC", "EDMDPMSolver"))


@dataclass(frozen=True)
class Pair:
    """A solver of ours and its counterpart, on one process."""

    solver: str
    process: Gaussian
    peer: Peer
    eta: float | None = None
    grid: str | None = None
    but_last: bool = False
    """Whether the counterpart takes another last step."""

    def walk(self, denoise: Denoise, xt: Tensor, times: Tensor, seeds: list[int]) -> list[Tensor]:
        """Walk with our solver; return x after every step."""
        solver = make_solver(self.solver, self.eta)
        return list(sample(denoise, self.process, solver, xt, times, Seeds(seeds)))


OLD = ScaledLinear(zero_terminal_snr=False)
SAME = [
    Pair("ddim", OLD, Peer("DDIMScheduler", tabled, "eps", UNCLIPPED)),
    Pair("ddim", OLD, Peer("DDIMScheduler", tabled, "v", {**UNCLIPPED, "prediction_type": "v_prediction"})),
    Pair("ddim", OLD, Peer("DDIMScheduler", tabled, "x0", {**UNCLIPPED, **X0}, eta=1.0), eta=1.0),
    Pair("ddpm", OLD, Peer("DDPMScheduler", tabled, "eps", UNCLIPPED)),
    Pair("euler", OLD, Peer("EulerDiscreteScheduler", steep, "eps", LATENT)),
    Pair("euler", Flow(), Peer("FlowMatchEulerDiscreteScheduler", straight, "flow")),
    Pair("euler", EDM(), Peer("EDMEulerScheduler", straight, "edm")),
    Pair("heun", Flow(), Peer("FlowMatchHeunDiscreteScheduler", straight, "flow")),
    Pair("heun", EDM(), Peer("HeunDiscreteScheduler", steep, "eps")),
    Pair("dpmpp-2m", OLD, Peer(DPM, circular, "eps", LATENT)),
    Pair("dpmpp-2m", Flow(), Peer(DPM, straight, "flow", FLOW)),
    Pair("dpmpp-2m", EDM(), Peer(EDM_DPM, straight, "edm")),
    Pair("dpmpp-2m-sde", OLD, Peer(DPM, circular, "eps", {**LATENT, **SDE})),
    Pair("dpmpp-2m-sde", Flow(), Peer(DPM, straight, "flow", {**FLOW, **SDE})),
    Pair("dpmpp-2m-sde", EDM(), Peer(EDM_DPM, straight, "edm", SDE)),
    Pair("ipndm", EDM(), Peer("IPNDMScheduler", paired, "v"), but_last=True),
    Pair(
        "ddim",
        OLD,
        Peer("DEISMultistepScheduler", circular, "eps", {**LATENT, "solver_order": 1}),
        but_last=True,
    ),
]
"""What must agree to float32 rounding."""
UNLIKE = [
    Pair("euler", Flow(), Peer("FlowMatchEulerDiscreteScheduler", straight, "flow")),
    Pair(
        "euler",
        Flow(),
        Peer("FlowMatchEulerDiscreteScheduler", straight, "flow", {"shift": 3.0}),
        grid="shifted",
    ),
    Pair("heun", Flow(), Peer("FlowMatchHeunDiscreteScheduler", straight, "flow")),
    Pair("dpmpp-2m", Flow(), Peer(DPM, straight, "flow", FLOW)),
    Pair("dpmpp-2m", Flow(), Peer(DPM, straight, "flow", {**FLOW, "flow_shift": 3.0}), grid="shifted"),
    Pair("dpmpp-3m", Flow(), Peer(DPM, straight, "flow", {**FLOW, **THIRD})),
    Pair("unipc", Flow(), Peer(UNIPC, short_of_one, "flow", FLOW)),
    Pair("unipc", Flow(), Peer(UNIPC, short_of_one, "flow", {**FLOW, **THIRD})),
    Pair("unipc", Flow(), Peer(UNIPC, short_of_one, "flow", {**FLOW, "flow_shift": 3.0}), grid="shifted"),
    Pair("ddim", OLD, Peer("DDIMScheduler", tabled, "eps", UNCLIPPED)),
    Pair("heun", OLD, Peer("HeunDiscreteScheduler", steep, "eps", LATENT)),
    Pair("dpmpp-2m", OLD, Peer(DPM, circular, "eps", LATENT)),
    Pair("dpmpp-3m", OLD, Peer(DPM, circular, "eps", {**LATENT, **THIRD})),
    Pair("unipc", OLD, Peer(UNIPC, circular, "eps", LATENT)),
    Pair("ipndm", OLD, Peer("DEISMultistepScheduler", circular, "eps", {**LATENT, **THIRD})),
]
"""What differs in a formula, or in the scheduler's own clock."""


def mixture(process: Gaussian, std: float, centres: int = 6, size: int = 12) -> Denoise:
    """Return E[x0 | xt] for data (B, size) spread by `std` around random centres, all equally likely."""
    middle = Seeds([0]).normal(centres, size)[0]  # (K, D)

    def denoise(xt: Tensor, t: Time) -> Tensor:
        alpha, sigma = float(process.alpha(t)), float(process.sigma(t))
        variance = (alpha * std) ** 2 + sigma**2
        away = xt[:, None] - alpha * middle  # (B, K, D)
        share = torch.softmax(-away.square().sum(2) / (2 * variance), dim=1)
        return (share[..., None] * (middle + alpha * std**2 / variance * away)).sum(1)

    return denoise


def parting(pair: Pair, steps: int = 20, count: int = 64) -> float:
    """Return the greatest difference on the way, as a share of the greatest value of its step."""
    process, seeds = pair.process, list(range(count))
    denoise, xt = mixture(process, std=0.5), process.prior((12,), Seeds(seeds))
    times = 0.999 * process.grid(steps)  # their flows begin there
    ours = pair.walk(denoise, xt, times, seeds)
    theirs = pair.peer.walk(process, denoise, xt, times, seeds)
    walks = list(zip(ours, theirs, strict=True))[: steps - pair.but_last]
    return max(float((a - b).abs().max() / a.abs().max()) for a, b in walks)


def truth(process: Gaussian, denoise: Denoise, xt: Tensor) -> Tensor:
    """Return where the probability flow takes xt: 600 steps of Heun in float64."""
    most = float(process.sigma(process.t_max) / process.alpha(process.t_max))
    times = karras(process, 600, noise_range=(1e-3, min(0.999 * most, 1e3)))
    *_, x = sample(denoise, process, make_solver("heun"), xt.double(), times, Seeds(()))
    return x


def main(
    *, std: float = 0.25, count: int = 256, calls: tuple[int, ...] = (5, 10, 20), name: str = "peer-solvers"
) -> None:
    """Print how far both walks part on the same times, and how far either ends from the exact solution.

    Errors come in threes: ours / theirs on our times / theirs on their own times.

    Parameters
    ----------
    std
        Spread of the data around their centres.
    count
        Noises to walk from; an error is the mean over them of the root mean square.
    """
    alike = [{**_names(pair), "parting": parting(pair)} for pair in SAME]
    print(table(tuple(alike[0]), [list(row.values()) for row in alike]), end="\n\n")
    errors = [_errors(pair, std, count, calls) for pair in UNLIKE]
    print(table(tuple(errors[0]), [list(row.values()) for row in errors]))
    path = save_result(name, {"std": std, "count": count, "parting": alike, "errors": errors})
    print(f"\nsaved {path}")


def _errors(pair: Pair, std: float, count: int, calls: tuple[int, ...]) -> dict[str, Cell]:
    """Return the mean errors at each number of calls: ours, theirs on our times, theirs on their own."""
    process, seeds = pair.process, list(range(count))
    denoise, xt = mixture(process, std), process.prior((12,), Seeds(seeds))
    exact = truth(process, denoise, xt)
    row: dict[str, Cell] = {**_names(pair), "grid": pair.grid or process.natural_grid}
    for budget in calls:
        steps = max(1, budget // SOLVERS[pair.solver].calls)
        times = process.grid(steps, pair.grid)
        ends = [
            pair.walk(denoise, xt, times, seeds)[-1],
            pair.peer.walk(process, denoise, xt, times, seeds)[-1],
            pair.peer.own_walk(process, denoise, xt / float(process.sigma(process.t_max)), steps),
        ]
        errors = [float((x - exact).square().mean(1).sqrt().mean()) for x in ends]
        row[f"{budget} calls"] = " / ".join(
            f"{error:.2g}" if math.isfinite(error) else "-" for error in errors
        )
    return row


def _names(pair: Pair) -> dict[str, Cell]:
    eta = "" if pair.eta is None else f", eta {pair.eta:g}"
    told = [
        f"{key} {value}"
        for key, value in pair.peer.settings.items()
        if key in ("solver_order", "shift", "flow_shift", "algorithm_type")
    ]
    return {
        "solver": pair.solver + eta,
        "process": type(pair.process).__name__,
        "diffusers": ", ".join([pair.peer.scheduler.removesuffix("Scheduler"), *told]),
        "says": pair.peer.says,
    }


if __name__ == "__main__":
    run(main)
