import math

import pytest
import torch
from torch import Tensor

from fromnoise.diffusion.masked import NOWHERE, Masked, lost, spread_times
from fromnoise.diffusion.sample import denoising_loss
from fromnoise.errors import RequestError
from fromnoise.seeds import Seeds

MASK = 2
PROCESS = Masked(MASK)
X0 = torch.tensor([[0, 1, 1, 0, 1, 0, 0, 1]])


def joint() -> Tensor:
    """Probabilities of all pairs of bits, far from independent."""
    return torch.tensor([[0.45, 0.05], [0.1, 0.4]], dtype=torch.float64)


def conditional(xt: Tensor) -> Tensor:
    """Return log p of every bit given the told ones of its pair, (B, 2, 2)."""
    shares = []
    for first, second in xt.tolist():
        table = joint()
        if first != MASK:
            table = table * torch.tensor([[first == 0], [first == 1]])
        if second != MASK:
            table = table * torch.tensor([second == 0, second == 1])
        shares.append(torch.stack([table.sum(1), table.sum(0)]) / table.sum())
    return torch.stack(shares).log()


def test_exactly_the_share_of_the_time_is_masked() -> None:
    for t, masks in ((0.0, 0), (0.01, 1), (0.5, 4), (0.51, 5), (1.0, 8)):
        assert int((PROCESS.add_noise(X0, t) == MASK).sum()) == masks
    assert torch.equal(PROCESS.add_noise(X0, 0.0), X0)
    assert torch.equal(PROCESS.prior((8,), Seeds([0])), PROCESS.add_noise(X0, 1.0))
    assert float(PROCESS.alpha(0.25)) == 0.75


def test_every_place_is_masked_as_often() -> None:
    rows = PROCESS.add_noise(X0.expand(4000, -1), 0.375)
    shares = (rows == MASK).double().mean(0)
    assert torch.allclose(shares, torch.full((8,), 0.375, dtype=torch.float64), atol=0.03)


def test_noise_takes_one_time_and_one_stream_per_item() -> None:
    t = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64)
    together = PROCESS.add_noise(X0.expand(3, -1), t, Seeds([5, 6, 7]))
    alone = [PROCESS.add_noise(X0, float(t[item]), Seeds([5 + item])) for item in range(3)]
    assert torch.equal(together, torch.cat(alone))
    with pytest.raises(ValueError, match="3 items"):
        PROCESS.add_noise(X0.expand(3, -1), 0.5, Seeds([0]))


def test_groups_are_masked_apart_and_weights_make_up_for_it() -> None:
    groups = torch.tensor([[0, 0, 0, 0, 1, 1, NOWHERE, NOWHERE]])
    places, weights = lost(torch.rand(1, 8, dtype=torch.float64), groups, torch.full((1, 1), 0.5))
    assert places[0, :4].sum() == 2 and places[0, 4:6].sum() == 1 and not places[0, 6:].any()
    assert float(weights[0, :4].sum()) == 4 and float(weights[0, 4:].sum()) == 2


def test_the_bound_of_the_true_conditionals_is_the_exact_likelihood_on_a_table() -> None:
    """The chain rule in either order, each half the time: both tokens masked, then the one or the other."""
    for first in (0, 1):
        for second in (0, 1):
            x0 = torch.tensor([[first, second]])
            exact = -math.log(float(joint()[first, second]))
            bounds = []
            for masked in ([True, True], [True, False], [False, True]):
                xt = x0.masked_fill(torch.tensor([masked]), MASK)
                bounds.append(2 * float(PROCESS.loss(conditional(xt), x0, xt, 0.5)))
            assert (bounds[0] + (bounds[1] + bounds[2]) / 2) / 2 == pytest.approx(exact, abs=1e-6)


def test_the_bound_by_the_shared_loss_comes_to_the_entropy_of_the_table() -> None:
    x0 = torch.multinomial(
        joint().flatten(), 4000, replacement=True, generator=torch.Generator().manual_seed(0)
    )
    pairs = torch.stack([x0 // 2, x0 % 2], 1)
    seeds = Seeds.count_from(0, len(pairs))
    nats = 2 * denoising_loss(lambda xt, t, cond: conditional(xt), PROCESS, pairs, None, seeds).mean()
    entropy = -(joint() * joint().log()).sum()
    assert float(nats) == pytest.approx(float(entropy), rel=0.03)


def test_training_times_may_leave_out_few_masks_and_bounds_do_not() -> None:
    times = Masked(MASK, least=0.2).sample_time(Seeds.count_from(0, 500))
    assert float(times.min()) > 0.2 and float(times.max()) <= 1
    assert float(PROCESS.sample_time(Seeds.count_from(0, 500)).min()) < 0.02
    spread = spread_times(Seeds.count_from(3, 8)).sort().values
    assert torch.allclose(spread.diff(), torch.full((7,), 1 / 8, dtype=torch.float64))


def test_the_grid_is_even() -> None:
    assert PROCESS.grid(4).tolist() == [1, 0.75, 0.5, 0.25, 0]
    with pytest.raises(RequestError, match="at least 1"):
        PROCESS.grid(0)
    with pytest.raises(RequestError, match="uniform"):
        PROCESS.grid(4, "karras")
