import itertools

import pytest
import torch
from torch import Tensor

from fromnoise.diffusion.denoiser import PARAMETERIZATIONS, GaussianDenoiser, Guided, clipped, convert
from fromnoise.diffusion.gaussian import EDM, Flow, Gaussian
from fromnoise.errors import RequestError
from fromnoise.seeds import Seeds

from .perfect import every_process

PROCESSES = pytest.mark.parametrize("process", every_process(), ids=repr)
T = torch.tensor([0.02, 0.4, 0.97], dtype=torch.float64)


@PROCESSES
@pytest.mark.parametrize(("kind", "to"), list(itertools.product(PARAMETERIZATIONS, repeat=2)))
def test_conversion_there_and_back_is_the_identity(process: Gaussian, kind: str, to: str) -> None:
    xt, guess = torch.rand(2, 3, 5, dtype=torch.float64)
    there = convert(guess, kind, to, xt, T, process)
    assert torch.allclose(convert(there, to, kind, xt, T, process), guess)


@PROCESSES
@pytest.mark.parametrize("kind", list(PARAMETERIZATIONS))
def test_every_kind_means_its_formula(process: Gaussian, kind: str) -> None:
    x0, eps = torch.rand(2, 3, 5, dtype=torch.float64)
    alpha, sigma = process.alpha(T)[:, None], process.sigma(T)[:, None]
    xt, data = alpha * x0 + sigma * eps, process.sigma_data
    formulas = {
        "x0": x0,
        "eps": eps,
        "v": (alpha * eps - sigma * x0) / torch.hypot(alpha, sigma),
        "flow": eps - x0,
        "edm": (sigma / data * x0 - alpha * data * eps) / torch.hypot(alpha * data, sigma),
    }
    assert torch.allclose(convert(x0, "x0", kind, xt, T, process), formulas[kind])


@PROCESSES
@pytest.mark.parametrize("kind", list(PARAMETERIZATIONS))
def test_nothing_is_infinite_at_either_end(process: Gaussian, kind: str) -> None:
    def net(x: Tensor, c_noise: Tensor, cond: None) -> Tensor:
        assert x.dtype == c_noise.dtype == torch.float32 and c_noise.shape == (3,)
        assert bool(x.isfinite().all()) and bool(c_noise.isfinite().all())
        return torch.ones_like(x)

    denoise = GaussianDenoiser(net, process, kind)
    x = torch.rand(3, 2, 2)
    for t in (0.0, process.t_max, torch.tensor([0.0, 0.5, process.t_max], dtype=torch.float64)):
        guess = denoise(x, t)
        assert guess.dtype == torch.float32 and bool(guess.isfinite().all())
        for to in PARAMETERIZATIONS:
            assert bool(convert(x, kind, to, x, t, process).isfinite().all())
    if kind != "x0":  # the data are there already
        assert torch.equal(denoise(x, 0.0), x)


@pytest.mark.parametrize("kind", list(PARAMETERIZATIONS))
def test_a_network_means_the_same_on_every_process(kind: str) -> None:
    """States of one log-SNR differ by a factor alone; what the network sees and says doesn't differ."""

    def net(x: Tensor, c_noise: Tensor, cond: None) -> Tensor:
        return x * c_noise[:, None] + 1

    x0, guesses = torch.rand(2, 3, dtype=torch.float64), []
    for process in (Flow(sigma_data=0.5), EDM(sigma_data=0.5)):
        t = process.time_of_log_snr(0.3)
        xt = process.add_noise(x0, float(t))
        guesses.append(GaussianDenoiser(net, process, kind)(xt, float(t)))
    assert torch.allclose(*guesses)


def test_edm_coefficients_are_those_of_the_paper() -> None:
    sigma = torch.tensor([0.01, 1.0, 40.0], dtype=torch.float64)
    c_skip, c_out, c_in, c_noise = PARAMETERIZATIONS["edm"](torch.ones_like(sigma), sigma, 0.5)
    assert torch.allclose(c_skip, 0.25 / (sigma**2 + 0.25))
    assert torch.allclose(c_out, sigma * 0.5 / (sigma**2 + 0.25).sqrt())
    assert torch.allclose(c_in, 1 / (sigma**2 + 0.25).sqrt())
    assert torch.allclose(c_noise, sigma.log() / 4)


def test_flow_network_sees_the_state_and_the_time_of_the_flow() -> None:
    seen = []
    net = lambda x, c_noise, cond: seen.append((x, c_noise, cond)) or x  # noqa: E731
    x = torch.rand(2, 3)
    guess = GaussianDenoiser(net, Flow(), "flow")(x, 0.25, "a cat")
    assert torch.equal(seen[0][0], x) and seen[0][1].tolist() == [0.25, 0.25] and seen[0][2] == "a cat"
    assert torch.allclose(guess, x - 0.25 * x)


def strong(xt: Tensor, t: object) -> Tensor:
    return xt * 2


def weak(xt: Tensor, t: object) -> Tensor:
    return xt + 1


def never(xt: Tensor, t: object) -> Tensor:
    raise AssertionError("the weak denoiser has no say here")


X = Seeds.count_from(0, 3).uniform(2, 4)


def test_guidance_is_one_line_through_both_guesses() -> None:
    assert torch.equal(Guided(strong, never, 1.0)(X, 0.5), strong(X, 0.5))
    assert torch.allclose(Guided(strong, weak, 0.0)(X, 0.5), weak(X, 0.5))
    assert torch.allclose(Guided(strong, weak, 3.0)(X, 0.5), 3 * strong(X, 0.5) - 2 * weak(X, 0.5))


def test_guidance_keeps_to_its_closed_interval() -> None:
    inside = Guided(strong, weak, 3.0, interval=(0.2, 0.8), t_max=80.0)
    outside = Guided(strong, never, 3.0, interval=(0.2, 0.8), t_max=80.0)
    for t in (0.0, 15.9, 64.1, 80.0):
        assert torch.equal(outside(X, t), strong(X, t))
    for t in (16.0, 40.0, 64.0):
        assert torch.allclose(inside(X, t), 3 * strong(X, t) - 2 * weak(X, t))
    mixed = inside(X, torch.tensor([0.0, 40.0, 80.0], dtype=torch.float64))
    assert torch.equal(mixed[::2], strong(X, 0.0)[::2]) and not torch.equal(mixed[1], strong(X, 0.0)[1])


def test_rescale_restores_the_spread_of_each_item() -> None:
    full = Guided(strong, weak, 4.0, rescale=1.0)(X, 0.5)
    assert torch.allclose(full.flatten(1).std(1), strong(X, 0.5).flatten(1).std(1))
    none, half = (Guided(strong, weak, 4.0, rescale=share)(X, 0.5) for share in (0.0, 0.5))
    assert torch.allclose(half, (none + full) / 2)


@pytest.mark.parametrize(
    "settings",
    [{"scale": float("nan")}, {"rescale": 2.0}, {"rescale": float("nan")}, {"interval": (0.8, 0.2)}],
)
def test_bad_guidance_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(RequestError, match="guidance"):
        Guided(**{"strong": strong, "weak": weak, "scale": 2.0, **settings})  # type: ignore[arg-type]


def test_clipped_keeps_the_guess_in_range() -> None:
    assert float(clipped(strong, 0.0, 0.5)(X, 0.5).max()) == 0.5
