"""Parity with diffusers: the same formula gives the same walk; where the formulas differ, this says how."""

import math
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor

from fromnoise.diffusion.gaussian import EDM, Cosine, Flow, ScaledLinear
from fromnoise.diffusion.grids import shifted
from fromnoise.diffusion.multistep import Corrected, Guess, UniPC, adams, hold, lean, place
from fromnoise.diffusion.sample import sample
from fromnoise.diffusion.solvers import make_solver
from fromnoise.seeds import Seeds

diffusers = pytest.importorskip("diffusers")
sys.path.insert(0, str(Path(__file__).parents[2]))  # the benchmarks are no part of the installed package
from benchmarks.peer_solvers import (  # noqa: E402
    DPM,
    LATENT,
    OLD,
    SAME,
    THIRD,
    UNIPC,
    X0,
    Pair,
    mixture,
    parting,
)
from benchmarks.peers import Peer, circular, paired, steep  # noqa: E402

ROUNDING = 5e-5
"""Of float32, in twenty steps that each divide by a small difference of two large numbers."""


def told(pair: Pair) -> str:
    return f"{pair.solver} {type(pair.process).__name__} {pair.peer.scheduler} {pair.peer.says}"


@pytest.mark.parametrize("pair", SAME, ids=told)
def test_the_same_formula_gives_the_same_walk(pair: Pair) -> None:
    assert parting(pair) < ROUNDING


# Schedules


def betas(**settings: object) -> Tensor:
    """Our alpha by their betas, at times 1/1000, 2/1000, ..., 1."""
    return diffusers.DDIMScheduler(**settings).alphas_cumprod.double().sqrt()


TIMES = torch.arange(1, 1001, dtype=torch.float64) / 1000


def test_scaled_linear_is_theirs_up_to_their_thousand_steps() -> None:
    assert (OLD.alpha(TIMES) - betas(**LATENT)).abs().max() < 1.5e-3


def test_zero_terminal_snr_is_theirs_up_to_their_thousand_steps() -> None:
    theirs = betas(**LATENT, rescale_betas_zero_snr=True)
    assert (ScaledLinear().alpha(TIMES) - theirs).abs().max() < 1.5e-3
    assert float(theirs[-1]) == float(ScaledLinear().alpha(1.0)) == 0


def test_cosine_is_theirs_but_for_their_offset_and_the_cap_of_the_last_beta() -> None:
    ours = Cosine().alpha((TIMES + 0.008) / 1.008) / Cosine().alpha(0.008 / 1.008)
    theirs = betas(beta_schedule="squaredcos_cap_v2")
    assert torch.allclose(ours[:-1], theirs[:-1], rtol=1e-4)
    assert float(ours[-1]) == 0 and 0 < float(theirs[-1]) < 1e-4  # their terminal SNR isn't quite zero
    assert (Cosine().alpha(TIMES) - theirs).abs().max() < 0.0125  # what the offset is worth


# Clocks


def test_karras_times_are_those_of_their_edm() -> None:
    scheduler = diffusers.EDMEulerScheduler()
    scheduler.set_timesteps(18)
    assert torch.allclose(EDM().grid(18), scheduler.sigmas.double(), rtol=1e-6)


def test_they_shift_flow_times_twice_and_spend_the_last_call_near_zero() -> None:
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0)
    scheduler.set_timesteps(20)
    once = shifted(Flow(), 1000)[-2]  # 1/1000, shifted
    twice = 3 * once / (1 + 2 * once)
    assert float(scheduler.sigmas[-2]) == pytest.approx(float(twice), rel=1e-4)
    assert float(Flow().grid(20, "shifted")[-2]) == pytest.approx(0.136, abs=1e-3)


def test_given_our_times_their_flow_keeps_them() -> None:
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler()
    scheduler.set_timesteps(sigmas=Flow().grid(8)[:-1].tolist())
    assert torch.allclose(scheduler.sigmas, Flow().grid(8).float())


def test_their_multistep_flows_tell_the_network_a_time_cut_to_thousandths() -> None:
    for name in (DPM, UNIPC):
        scheduler = getattr(diffusers, name)(prediction_type="flow_prediction", use_flow_sigmas=True)
        scheduler.set_timesteps(7)
        late = scheduler.sigmas[:-1] - scheduler.timesteps / 1000
        assert scheduler.timesteps.dtype == torch.int64 and bool((late > -1e-6).all())
        assert float(late.max()) > 5e-4


# Formulas that differ


def test_their_third_order_counts_half_the_curvature() -> None:
    process, times = EDM(), torch.tensor([4.0, 2.0, 1.0, 0.5, 0.0], dtype=torch.float64)
    peer = Peer(DPM, circular, "x0", {**X0, **THIRD, "lower_order_final": False})

    def parabola(xt: Tensor, t: float) -> Tensor:
        return torch.full_like(xt, place(process, float(t)) ** 2)

    xt = torch.full((1, 4), 3.0)
    _, before, after, _ = peer.walk(process, parabola, xt, times, [0])
    guesses = [Guess(place(process, t), parabola(xt, t)) for t in (1.0, 2.0, 4.0)]
    width = math.log(2)
    share = 1 - 2 / width * (1 - 0.5 / width)  # of the curvature's weight in the integral over this step
    exact = adams(process, before, guesses, 1.0, 0.5)
    assert torch.allclose(after, exact - share / 2 * width**2, atol=1e-6)


@dataclass(frozen=True)
class TheirUniPC(UniPC):
    """UniPC with their simplifications: 1/2 as the weight that predicts and as the first that corrects."""

    def step(self, process, denoise, xt, t, s, memory, seeds):  # type: ignore[no-untyped-def]
        guesses = [Guess(place(process, t), denoise(xt, t)), *(memory.guesses if memory else [])][:3]
        if len(guesses) == 2:
            mean = (guesses[0].x0 + guesses[1].x0) / 2
            xt = hold(process, memory.xt, mean, memory.t, t, 0.0, seeds)
        elif memory:
            xt = adams(process, memory.xt, guesses, memory.t, t)
        middle = lean(process, guesses[0].x0, guesses[1] if memory else None, t, s)
        return hold(process, xt, middle, t, s, 0.0, seeds), Corrected(xt, t, guesses)


@pytest.mark.parametrize("process", [OLD, EDM()], ids=lambda process: type(process).__name__)
def test_their_unipc_takes_one_half_for_two_exact_weights(process: ScaledLinear | EDM) -> None:
    denoise, xt = mixture(process, std=0.5), process.prior((12,), Seeds(range(16)))
    times = process.grid(20)
    theirs = Peer(UNIPC, circular, "x0", X0).walk(process, denoise, xt, times, range(16))
    simplified, exact = (
        list(sample(denoise, process, solver, xt, times, Seeds(()))) for solver in (TheirUniPC(), UniPC())
    )
    assert apart(simplified, theirs) < ROUNDING < 10 * ROUNDING < apart(exact, theirs)


@pytest.mark.parametrize(
    ("name", "peer"),
    [
        ("heun", Peer("HeunDiscreteScheduler", steep, "eps", LATENT)),
        ("ipndm", Peer("IPNDMScheduler", paired, "v")),
    ],
)
def test_theirs_walk_x_over_alpha_where_ours_walk_x(name: str, peer: Peer) -> None:
    denoise, xt, times = mixture(OLD, std=0.5), OLD.prior((12,), Seeds(range(16))), OLD.grid(20)
    alphas, ratios = OLD.alpha(times), OLD.sigma(times) / OLD.alpha(times)

    def seen(steep: Tensor, ratio: float) -> Tensor:
        t = float(OLD.time_of_log_snr(-2 * math.log(ratio)))
        return denoise(steep * float(OLD.alpha(t)), t)

    walk = sample(seen, EDM(), make_solver(name), xt / alphas[0], ratios, Seeds(()))
    ours = [x * alpha for x, alpha in zip(walk, alphas[1:], strict=True)]
    theirs = peer.walk(OLD, denoise, xt, times, range(16))
    plain = list(sample(denoise, OLD, make_solver(name), xt, times, Seeds(())))
    assert apart(ours[:-1], theirs[:-1]) < ROUNDING < 10 * ROUNDING < apart(plain[:-1], theirs[:-1])


def apart(ours: list[Tensor], theirs: list[Tensor]) -> float:
    return max(float((a - b).abs().max() / a.abs().max()) for a, b in zip(ours, theirs, strict=True))
