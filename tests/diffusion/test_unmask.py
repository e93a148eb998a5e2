"""Unmasking with a denoiser in closed form: three letters of four, drawn from one table of all 64 words."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from fromnoise.autoregressive.choice import Choice
from fromnoise.diffusion.masked import Masked
from fromnoise.diffusion.sample import sample
from fromnoise.diffusion.unmask import UNMASKERS, Scores, guided, make_unmasker
from fromnoise.errors import FromNoiseError, RequestError
from fromnoise.seeds import Seeds

LETTERS, LENGTH = 4, 3
PROCESS = Masked(LETTERS)
WORDS = torch.cartesian_prod(*[torch.arange(LETTERS)] * LENGTH)  # (64, 3)
TABLE = torch.rand(len(WORDS), generator=torch.Generator().manual_seed(1), dtype=torch.float64) ** 3
SHARES = TABLE / TABLE.sum()
EXACT = list(set(UNMASKERS) - {"parallel"})


def denoise(xt: Tensor, t: float, shares: Tensor = SHARES) -> Scores:
    """Return the true log p of every letter given the told ones."""
    fits = ((xt[:, None] == WORDS) | (xt[:, None] == PROCESS.mask)).all(2)  # (B, 64)
    weights = fits * shares
    letters = torch.stack([weights @ (letter == WORDS).double() for letter in range(LETTERS)], 2)
    logits = (letters / weights.sum(1)[:, None, None]).log().float()
    return lambda places: logits[places]


def drawn(name: str, count: int, steps: int, guess: Callable[[Tensor, float], Scores] = denoise) -> Tensor:
    """Draw words, (count, 3)."""
    seeds, solver = Seeds.count_from(0, count), make_unmasker(name, Choice())
    *_, last = sample(guess, PROCESS, solver, PROCESS.prior((LENGTH,), seeds), PROCESS.grid(steps), seeds)
    assert not (last == PROCESS.mask).any()
    return last


def table(words: Tensor) -> Tensor:
    """Return the share of every word."""
    codes = (words * torch.tensor([LETTERS**2, LETTERS, 1])).sum(1)
    return torch.bincount(codes, minlength=len(WORDS)).double() / len(words)


@pytest.mark.parametrize("name", EXACT)
def test_every_order_reproduces_the_joint_table(name: str) -> None:
    found = table(drawn(name, 6000, 40))
    assert float((found - SHARES).abs().max()) < 0.01


@pytest.mark.parametrize("name", list(UNMASKERS))
def test_one_step_tells_all_and_knows_no_joint(name: str) -> None:
    alone = (SHARES[:, None, None] * (WORDS[..., None] == torch.arange(LETTERS))).sum(0)  # (3, 4)
    apart = torch.stack([alone[place, WORDS[:, place]] for place in range(LENGTH)]).prod(0)
    assert float((table(drawn(name, 4000, 1)) - apart).abs().max()) < 0.02


@pytest.mark.parametrize("name", list(UNMASKERS))
def test_a_word_is_the_same_alone_or_in_a_batch(name: str) -> None:
    together = drawn(name, 5, 8)
    for item in range(5):
        seeds = Seeds([item])
        prior = PROCESS.prior((LENGTH,), seeds)
        *_, alone = sample(denoise, PROCESS, make_unmasker(name, Choice()), prior, PROCESS.grid(8), seeds)
        assert torch.equal(alone[0], together[item])


@pytest.mark.parametrize("name", list(UNMASKERS))
def test_what_is_given_stays(name: str) -> None:
    given = torch.full((200, LENGTH), PROCESS.mask)
    given[:, 1] = 2
    solver, seeds = make_unmasker(name, Choice()), Seeds.count_from(0, 200)
    for xt in sample(denoise, PROCESS, solver, given, PROCESS.grid(12), seeds):
        assert (xt[:, 1] == 2).all()


def test_remasking_masks_again_what_it_told() -> None:
    seeds = Seeds.count_from(0, 300)
    walk = list(
        sample(
            denoise,
            PROCESS,
            make_unmasker("remdm", Choice()),
            PROCESS.prior((LENGTH,), seeds),
            PROCESS.grid(30),
            seeds,
        )
    )
    again = [(late == PROCESS.mask) & (soon != PROCESS.mask) for soon, late in pairwise(walk)]
    assert any(bool(masks.any()) for masks in again)
    left = torch.stack([(xt == PROCESS.mask).double().mean() for xt in walk])
    assert torch.allclose(left, PROCESS.grid(30)[1:], atol=0.06)  # the process's own share, all the same


def test_the_network_is_not_asked_when_nothing_is_told() -> None:
    asked = []

    def counted(xt: Tensor, t: float) -> Scores:
        asked.append(t)
        return denoise(xt, t)

    for name in ("ancestral", "confidence", "entropy"):
        asked.clear()
        drawn(name, 1, 200, counted)
        assert len(asked) <= LENGTH


def test_parallel_tells_what_is_sure_at_once() -> None:
    sure = torch.zeros(len(WORDS), dtype=torch.float64)
    sure[27] = 1.0
    asked = []

    def counted(xt: Tensor, t: float) -> Scores:
        asked.append(t)
        return denoise(xt, t, sure)

    assert torch.equal(drawn("parallel", 1, 50, counted)[0], WORDS[27])
    assert len(asked) == 1


def test_guidance_zero_is_the_weak_model_and_one_the_strong() -> None:
    other = SHARES.flip(0)
    places = torch.ones(1, LENGTH, dtype=torch.bool)
    xt = torch.full((1, LENGTH), PROCESS.mask)

    def weak(xt: Tensor, t: float) -> Scores:
        return denoise(xt, t, other)

    for scale, wanted in ((0.0, weak(xt, 1.0)), (1.0, denoise(xt, 1.0))):
        found = guided(denoise, weak, scale)(xt, 1.0)(places)
        assert torch.allclose(found.softmax(1), wanted(places).softmax(1), atol=1e-6)


def test_unknown_orders_and_pictures_are_refused() -> None:
    with pytest.raises(FromNoiseError, match="did you mean entropy"):
        make_unmasker("entropie", Choice())
    from fromnoise.diffusion.solvers import DDIM

    with pytest.raises(RequestError, match="can't step Masked"):
        sample(denoise, PROCESS, DDIM(), WORDS, PROCESS.grid(2), Seeds([0]))  # type: ignore[arg-type]
