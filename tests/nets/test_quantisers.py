import torch
from torch.nn import functional as F

from fromnoise.nets.quantisers import FiniteScalarQuantiser, VectorQuantiser, nearest
from fromnoise.seeds import Seeds


def vectors(count: int = 400, channels: int = 4, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, channels, generator=torch.Generator().manual_seed(seed))


def learnt(codes: int = 16, steps: int = 30) -> VectorQuantiser:
    torch.manual_seed(0)
    quantiser = VectorQuantiser(codes, 4, decay=0.8)
    for step in range(steps):
        quantiser(vectors(seed=step), Seeds.for_step(0, step, 1))
    return quantiser


def test_a_code_is_the_nearest_of_its_table_by_angle() -> None:
    quantiser, given = learnt(), vectors(seed=99)
    chosen, codes, moved = quantiser(given)
    distances = torch.cdist(F.normalize(given, dim=1), quantiser.look_up(torch.arange(16)))
    assert torch.equal(codes, distances.argmin(1))
    assert torch.allclose(chosen, quantiser.look_up(codes), atol=1e-6)
    assert torch.allclose(moved, distances.amin(1).square(), atol=1e-5)


def test_length_says_nothing() -> None:
    quantiser, given = learnt(), vectors(seed=99)
    assert torch.equal(quantiser(given)[1], quantiser(1000 * given)[1])


def test_all_codes_come_into_use_and_lie_nearer_than_drawn_ones() -> None:
    quantiser, given = learnt(), vectors(2000, seed=99)
    _, codes, moved = quantiser(given)
    assert len(codes.unique()) == 16
    torch.manual_seed(1)
    assert moved.mean() < 0.8 * VectorQuantiser(16, 4)(given)[2].mean()


def test_a_dead_code_comes_back_to_where_vectors_are() -> None:
    quantiser = learnt()
    away = F.normalize(torch.tensor([1.0, 1.0, 1.0, 1.0]), dim=0)
    only = F.normalize(away + 0.1 * vectors(seed=1), dim=1)  # all that comes lies on one side from now on
    for step in range(40):
        quantiser(only, Seeds.for_step(1, step, 1))
    assert (quantiser.look_up(torch.arange(16)) @ away).min() > 0.8


def test_learning_draws_by_the_seeds_alone() -> None:
    assert torch.equal(learnt().table_in, learnt().table_in)


def test_looking_changes_nothing() -> None:
    quantiser = learnt()
    before = {key: value.clone() for key, value in quantiser.state_dict().items()}
    quantiser(vectors(seed=7))
    assert all(torch.equal(value, before[key]) for key, value in quantiser.state_dict().items())


def test_gradients_pass_straight_through() -> None:
    for quantiser in (learnt(), FiniteScalarQuantiser((8, 5, 5, 5))):
        given = vectors(8).requires_grad_()
        quantiser(given)[0].sum().backward()
        assert given.grad is not None and given.grad.abs().sum() > 0


def test_every_code_of_finite_scalars_is_its_own_vector_and_comes_back() -> None:
    quantiser = FiniteScalarQuantiser((8, 5, 5, 5))
    codes = torch.arange(quantiser.codes)
    table = quantiser.look_up(codes)
    assert quantiser.codes == 1000 and len(table.unique(dim=0)) == 1000
    assert table.min() == -1 and table.max() == 1
    logits = torch.logit(((table + 1) / 2).clamp(1e-4, 1 - 1e-4))
    chosen, found, _ = quantiser(logits)
    assert torch.equal(found, codes) and torch.allclose(chosen, table, atol=1e-3)


def test_the_nearest_is_found_in_32_bits_whatever_the_context() -> None:
    given = F.normalize(vectors(300), dim=1)
    table = F.normalize(vectors(64, seed=5), dim=1)
    plain = nearest(given, table)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(nearest(given, table), plain)
