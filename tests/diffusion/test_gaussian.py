import math

import pytest
import torch

from fromnoise.diffusion.denoiser import convert
from fromnoise.diffusion.gaussian import EDM, Cosine, Flow, Gaussian, ScaledLinear
from fromnoise.errors import ConfigError, RequestError
from fromnoise.seeds import Seeds

from .perfect import every_process

INSIDE = torch.linspace(0.001, 0.999, 50, dtype=torch.float64)
MORE = [*every_process(), Cosine(shift=0.5), ScaledLinear(zero_terminal_snr=False), EDM(sigma_max=500.0)]


@pytest.mark.parametrize("process", MORE, ids=repr)
def test_noise_grows_signal_never_does_and_both_are_float64(process: Gaussian) -> None:
    t = torch.linspace(0, 1, 101, dtype=torch.float64) * process.t_max
    alpha, sigma = process.alpha(t), process.sigma(t)
    assert alpha.dtype == sigma.dtype == torch.float64
    assert bool((alpha.diff() <= 0).all()) and bool((sigma.diff() > 0).all())
    assert bool((process.log_snr(t).diff() < 0).all())


@pytest.mark.parametrize("process", MORE, ids=repr)
def test_time_of_log_snr_is_the_inverse(process: Gaussian) -> None:
    t = INSIDE * process.t_max
    assert torch.allclose(process.time_of_log_snr(process.log_snr(t)), t, rtol=1e-9, atol=1e-12)
    assert float(process.time_of_log_snr(float(process.log_snr(0.5)))) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "process", [Cosine(), Cosine(0.5), ScaledLinear(), ScaledLinear(zero_terminal_snr=False)]
)
def test_variance_is_preserved(process: Gaussian) -> None:
    assert torch.allclose(process.alpha(INSIDE) ** 2 + process.sigma(INSIDE) ** 2, torch.ones_like(INSIDE))


@pytest.mark.parametrize("process", [Flow(), Cosine(), Cosine(0.5), ScaledLinear()], ids=repr)
def test_terminal_snr_is_exactly_zero(process: Gaussian) -> None:
    assert float(process.alpha(process.t_max)) == 0
    assert float(process.sigma(process.t_max)) == 1
    assert float(process.log_snr(process.t_max)) == -math.inf


def test_scaled_linear_follows_the_thousand_betas() -> None:
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    discrete = (1 - betas).log().cumsum(0).div(2).exp()
    t = torch.arange(1, 1001, dtype=torch.float64) / 1000
    assert torch.allclose(ScaledLinear(zero_terminal_snr=False).alpha(t), discrete, atol=2e-3)


def test_shifted_cosine_multiplies_the_snr() -> None:
    gap = Cosine(0.25).log_snr(INSIDE) - Cosine().log_snr(INSIDE)
    assert torch.allclose(gap, torch.full_like(gap, 2 * math.log(0.25)))


def test_flow_shift_moves_training_times_towards_noise() -> None:
    plain, shifted = (Flow(shift=shift).sample_time(Seeds.count_from(0, 50)) for shift in (1.0, 3.0))
    assert torch.allclose(shifted, 3 * plain / (1 + 2 * plain))


@pytest.mark.parametrize(
    ("process", "kind"), [(Flow(), "flow"), (Cosine(), "v"), (ScaledLinear(), "v"), (EDM(), "edm")]
)
def test_loss_is_the_plain_error_of_the_natural_target(process: Gaussian, kind: str) -> None:
    x0, t = torch.rand(4, 6, dtype=torch.float64), torch.tensor([0.1, 0.3, 0.7, 0.9], dtype=torch.float64)
    xt, guess = process.add_noise(x0, t), torch.rand(4, 6, dtype=torch.float64)
    said, truth = (convert(x, "x0", kind, xt, t, process) for x in (guess, x0))
    assert torch.allclose(process.loss(guess, x0, xt, t).double(), (said - truth).square().mean(1), rtol=1e-4)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Flow(time_std=0.0),
        lambda: Flow(shift=-1.0),
        lambda: Cosine(shift=0.0),
        lambda: ScaledLinear(beta_start=0.02, beta_end=0.01),
        lambda: EDM(sigma_min=0.0),
        lambda: EDM(sigma_max=math.nan),
        lambda: EDM(sigma_data=0.0),
        lambda: EDM(rho=0.0),
        lambda: EDM(P_std=0.0),
    ],
)
def test_settings_out_of_range_are_refused(build: object) -> None:
    with pytest.raises(ConfigError, match="must be|need"):
        build()  # type: ignore[operator]


@pytest.mark.parametrize("steps", [0, -3])
def test_grid_refuses_no_steps(steps: int) -> None:
    with pytest.raises(RequestError, match="at least 1"):
        Flow().grid(steps)


def test_unknown_grid_is_named_with_its_neighbours() -> None:
    with pytest.raises(ConfigError, match="did you mean uniform"):
        Flow().grid(3, "unifrom")
