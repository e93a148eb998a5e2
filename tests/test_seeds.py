import pytest
import torch

from fromnoise.seeds import Seeds


def test_an_item_draws_the_same_alone_and_in_any_batch() -> None:
    alone = Seeds([7]).normal(3, 4)
    among = Seeds([1, 7, 9]).normal(3, 4)
    assert torch.equal(alone[0], among[1])


def test_counting_from_a_seed_gives_item_i_seed_plus_i() -> None:
    assert torch.equal(Seeds.count_from(5, 3).normal(2)[2:], Seeds([7]).normal(2))


def test_streams_go_on_and_slices_share_them() -> None:
    seeds, whole = Seeds([1, 2]), Seeds([1, 2])
    first = seeds[1:].normal(2)
    assert torch.equal(first, whole.normal(2)[1:])
    assert torch.equal(seeds[1:].normal(2), whole.normal(2)[1:])


def test_a_training_step_depends_on_seed_step_and_place_alone() -> None:
    small, large = Seeds.for_step(0, 10, 2).normal(3), Seeds.for_step(0, 10, 4).normal(3)
    assert torch.equal(small, large[:2])
    assert not torch.equal(small, Seeds.for_step(0, 11, 2).normal(3))
    assert not torch.equal(small, Seeds.for_step(1, 10, 2).normal(3))


@pytest.mark.parametrize("seed", [0, -1, 2**63, 2**64 + 3])
def test_any_whole_number_is_a_seed(seed: int) -> None:
    assert Seeds([seed]).normal(2).shape == (1, 2)


def test_draws_have_the_promised_kind_and_range() -> None:
    seeds = Seeds.count_from(0, 4)
    uniform, integers = seeds.uniform(100), seeds.integers(3, 6, 100)
    assert (uniform.dtype, uniform.shape) == (torch.float64, (4, 100))
    assert uniform.min() >= 0 and uniform.max() < 1
    assert set(integers.unique().tolist()) == {3, 4, 5}
    assert len(seeds) == 4
