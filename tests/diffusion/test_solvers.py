"""Laws of single solvers and the contract of all: a new line in the registry is tested without a new test."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from fromnoise.diffusion.gaussian import EDM, Cosine, Flow, Gaussian
from fromnoise.diffusion.sample import sample
from fromnoise.diffusion.solvers import DDIM, DDPM, SOLVERS, Euler, Solver, make_solver, takes_eta
from fromnoise.errors import ConfigError, RequestError
from fromnoise.seeds import Seeds

from .perfect import (
    MEAN,
    SPREAD,
    every_process,
    fitted_order,
    last,
    normal_denoiser,
    order_cases,
)

ANCESTRAL = ["ddpm"]
"""Solvers that have no setting without fresh noise."""
EVERY = pytest.mark.parametrize("name", list(SOLVERS))
ON_EVERY = pytest.mark.parametrize("process", every_process(), ids=repr)


def noiseless(name: str) -> Solver:
    return make_solver(name, eta=0.0 if takes_eta(name) else None)


@pytest.mark.parametrize("case", order_cases(), ids=lambda case: case[0])
@pytest.mark.parametrize("name", [name for name in SOLVERS if name not in ANCESTRAL])
def test_error_falls_with_the_declared_order(name: str, case: tuple) -> None:  # type: ignore[type-arg]
    _, process, grid = case
    solver = noiseless(name)
    order = fitted_order(process, solver, grid)
    if solver.order == 1:
        assert order == pytest.approx(1, abs=0.15)
    else:
        assert order >= solver.order - (0.3 if solver.order == 2 else 0.5)


@EVERY
@ON_EVERY
def test_normal_data_are_recovered(name: str, process: Gaussian) -> None:
    x = many(process, make_solver(name))
    assert x.dtype == torch.float32
    assert float(x.mean()) == pytest.approx(MEAN, abs=0.04)
    assert float(x.std()) == pytest.approx(SPREAD, rel=0.05)


def many(process: Gaussian, solver: Solver) -> Tensor:
    """Draw 4,096 numbers with a perfect denoiser; solvers of the first order need more steps for it."""
    seeds = Seeds.count_from(0, 16)
    grid = process.grid(400 if solver.order == 1 else 100, "karras")
    return last(sample(normal_denoiser(process), process, solver, process.prior((256,), seeds), grid, seeds))


@EVERY
@ON_EVERY
@pytest.mark.parametrize("grid", ["uniform", "log-snr"])
def test_every_step_is_finite_and_the_last_is_the_guess(name: str, process: Gaussian, grid: str) -> None:
    guesses = []

    def denoise(xt: Tensor, t: float) -> Tensor:
        guesses.append(normal_denoiser(process)(xt, t))
        return guesses[-1]

    for steps in (1, 2, 3, 7):
        xs = list(walk_of(denoise, process, make_solver(name), steps, grid))
        assert len(xs) == steps and all(bool(x.isfinite().all()) for x in xs)
        assert torch.allclose(xs[-1], guesses[-1], atol=1e-6)


def walk_of(denoise, process, solver, steps, grid="uniform"):  # type: ignore[no-untyped-def]
    seeds = Seeds.count_from(0, 2)
    return sample(denoise, process, solver, process.prior((3,), seeds), process.grid(steps, grid), seeds)


@EVERY
def test_calls_are_counted_truly(name: str) -> None:
    count = 0

    def denoise(xt: Tensor, t: float) -> Tensor:
        nonlocal count
        count += 1
        return normal_denoiser(Flow())(xt, t)

    solver = make_solver(name)
    last(walk_of(denoise, Flow(), solver, 9))
    assert solver.calls * 8 + 1 == count


@EVERY
@pytest.mark.parametrize("process", [Flow(), EDM()], ids=repr)
def test_batch_never_changes_a_result(name: str, process: Gaussian) -> None:
    def walk(numbers: list[int]) -> Tensor:
        seeds = Seeds(numbers)
        xt = process.prior((3, 5, 7), seeds)
        return last(sample(normal_denoiser(process), process, make_solver(name), xt, process.grid(6), seeds))

    assert torch.equal(walk([3, 1, 4, 15]), torch.cat([walk([number]) for number in (3, 1, 4, 15)]))


@EVERY
def test_float64_states_stay_float64(name: str) -> None:
    x = torch.rand(2, 3, dtype=torch.float64)
    denoise = normal_denoiser(Cosine())
    walk = sample(denoise, Cosine(), make_solver(name), x, Cosine().grid(4), Seeds([0, 1]))
    assert last(walk).dtype == torch.float64


@ON_EVERY
def test_ddim_with_all_fresh_noise_is_ddpm(process: Gaussian) -> None:
    denoise = normal_denoiser(process)
    ancestral, ddim = (last(walk_of(denoise, process, solver, 12)) for solver in (DDPM(), DDIM(eta=1.0)))
    assert torch.allclose(ancestral, ddim, atol=1e-5)


@ON_EVERY
def test_euler_is_ddim_without_fresh_noise(process: Gaussian) -> None:
    denoise = normal_denoiser(process)
    euler, ddim = (last(walk_of(denoise, process, solver, 12)) for solver in (Euler(), DDIM()))
    assert torch.allclose(euler, ddim, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in SOLVERS if takes_eta(name)])
@pytest.mark.parametrize("eta", [0.3, 0.7, 1.0])
def test_any_share_of_fresh_noise_recovers_the_data(name: str, eta: float) -> None:
    x = many(Flow(), make_solver(name, eta=eta))
    assert float(x.mean()) == pytest.approx(MEAN, abs=0.04)
    assert float(x.std()) == pytest.approx(SPREAD, rel=0.05)


def test_eta_is_refused_where_it_means_nothing() -> None:
    with pytest.raises(RequestError, match="heun takes no eta"):
        make_solver("heun", eta=0.0)
    for eta in (-0.1, 1.5, math.nan):
        with pytest.raises(RequestError, match="between 0"):
            make_solver("ddim", eta=eta)


def test_unknown_solver_is_named_with_its_neighbours() -> None:
    with pytest.raises(ConfigError, match="did you mean dpmpp-2m"):
        make_solver("dpm++-2m")


DOCS = Path(__file__).parents[2] / "docs" / "solvers.md"


@EVERY
def test_docs_say_what_the_solver_declares(name: str) -> None:
    row = next(
        line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` |")
    )
    order, calls, suits, eta = (cell.strip() for cell in row.split("|")[2:6])
    solver = make_solver(name)
    assert (order, calls, suits) == (str(solver.order), str(solver.calls), solver.suits.__name__)
    assert eta == (f"{solver.eta:g}" if takes_eta(name) else "always 1" if name in ANCESTRAL else "-")  # type: ignore[attr-defined]
