import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from fromnoise.data.augment import LABEL
from fromnoise.data.feed import CaptionedBatch
from fromnoise.errors import RequestError
from fromnoise.models import checkpoint
from fromnoise.models.image_tokens import ImageTokens
from fromnoise.models.token_asking import open_cells
from fromnoise.models.token_drawing import SOLVERS, by_next_token, by_passes
from fromnoise.models.token_pictures import APART, _task
from fromnoise.requests import ImageRequest, ImageResult, Progress
from fromnoise.seeds import Seeds

STYLES = ("flat", "noto")
CODES, SIDE, PIXELS = 24, 4, 16


@pytest.fixture
def model(tokens_model: ImageTokens) -> ImageTokens:
    return tokens_model


def batch(count: int = 6) -> CaptionedBatch:
    codes = Seeds.count_from(0, count).integers(0, CODES, 1, SIDE, SIDE)
    captions, styles = ["a red apple"] * count, ["noto", None] * (count // 2)
    return CaptionedBatch(codes, captions, styles, torch.zeros(count, LABEL))


def picture(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (PIXELS, PIXELS, 3), np.uint8)


def made(model: ImageTokens, **options: Any) -> np.ndarray:
    return np.stack([np.asarray(image) for image in model.generate("a red apple", **options).images])


def codes_of(model: ImageTokens, **options: Any) -> torch.Tensor:
    request = model.check(ImageRequest(prompt="a red apple", **options))
    task = _task(model, request, None, torch.ones(1, SIDE, SIDE, dtype=torch.bool))
    *_, codes = by_next_token(model, task, [request.seed])
    return codes[0]


def test_cached_decoding_equals_the_full_pass(model: ImageTokens) -> None:
    options: dict[str, Any] = {"temperature": 0, "top_p": 1.0, "guidance": 2.0, "guidance_start": 1.0}
    request = model.check(ImageRequest(prompt="a red apple", style="noto", **options))
    task = _task(model, request, None, torch.ones(1, SIDE, SIDE, dtype=torch.bool))
    *_, (codes,) = by_next_token(model, task, [0])
    with torch.no_grad():
        read = (codes + model.layout.first).tolist()
        strong, weak = (
            model.scores(model.net(torch.tensor([[*begun, *read]])))[0] for begun in (task.begun, task.null)
        )
    scales = torch.tensor(task.scales(SIDE**2))[:, None]
    assert torch.equal((weak + scales * (strong - weak)).argmax(1), codes)


def test_only_codes_come_whatever_the_vocabulary_holds(model: ImageTokens) -> None:
    for seed in range(5):
        codes = codes_of(model, seed=seed, temperature=5.0, top_p=1.0)
        assert int(codes.min()) >= 0 and int(codes.max()) < CODES


@pytest.mark.parametrize("solver", ["next-token", "masked"])
def test_a_picture_is_the_same_alone_and_in_a_batch(model: ImageTokens, solver: str) -> None:
    together = made(model, seed=3, count=3, solver=solver, steps=4)
    alone = np.concatenate([made(model, seed=3 + index, solver=solver, steps=4) for index in range(3)])
    assert np.array_equal(together, alone)


@pytest.mark.parametrize("half", ["top", "bottom", "left", "right"])
def test_completion_leaves_the_given_half_as_its_codes_show_it(model: ImageTokens, half: str) -> None:
    init = picture()
    trip = model.codec.decode(model.codec.encode(torch.from_numpy(init)[None]))[0].numpy()
    middle = PIXELS // 2
    part = {
        "top": np.s_[:middle],
        "bottom": np.s_[middle:],
        "left": np.s_[:, :middle],
        "right": np.s_[:, middle:],
    }[half]
    one, other = made(model, init=init, keep=half, count=2, steps=3)
    assert np.array_equal(one[part], trip[part]) and np.array_equal(other[part], trip[part])
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("solver", ["next-token", "masked"])
def test_painting_changes_nothing_outside_the_cells_of_the_mask(model: ImageTokens, solver: str) -> None:
    init, mask = picture(), np.zeros((PIXELS, PIXELS), np.bool_)
    mask[5, 6] = True  # one pixel: its whole cell is made anew
    trip = model.codec.decode(model.codec.encode(torch.from_numpy(init)[None]))[0].numpy()
    painted = made(model, init=init, mask=mask, solver=solver, steps=3)[0]
    painted[4:8, 4:8] = trip[4:8, 4:8]
    assert np.array_equal(painted, trip)


def test_a_variation_opens_the_share_of_cells_that_strength_says(model: ImageTokens) -> None:
    init = picture()
    trip = model.codec.decode(model.codec.encode(torch.from_numpy(init)[None]))[0].numpy()
    assert np.array_equal(made(model, init=init, strength=0.0, steps=2)[0], trip)
    one, other = made(model, init=init, strength=0.5, steps=2, count=2)
    assert not np.array_equal(one, trip) and not np.array_equal(one, other)
    for strength, count in ((0.0, 0), (0.5, SIDE**2 // 2), (1.0, SIDE**2)):
        request = ImageRequest(prompt="a red apple", init=init, strength=strength)
        assert int(open_cells(request, SIDE, 7).sum()) == count


def test_passes_fill_all_cells_and_leave_given_codes_alone(model: ImageTokens) -> None:
    request = model.check(ImageRequest(prompt="a red apple", solver="masked", steps=5))
    given = torch.arange(SIDE**2)
    cells = torch.rand(SIDE, SIDE, generator=torch.Generator().manual_seed(0)) < 0.5
    task = _task(model, request, given[None], cells[None])
    states = [codes for (codes,) in by_passes(model, task, [0])]
    hidden = [int((codes == -1).sum()) for codes in states]
    assert len(states) == 5 and hidden == sorted(hidden, reverse=True) and hidden[-1] == 0
    assert torch.equal(states[-1][~cells.flatten()], given[~cells.flatten()])


def test_a_code_is_guessed_from_those_before_it_alone(model: ImageTokens) -> None:
    first = batch(2)
    other = replace(first, x0=first.x0.clone())
    other.x0[:, 0, -1, -1] = (other.x0[:, 0, -1, -1] + 1) % CODES
    begun = model.layout.beginnings(model.tokens, first.captions, first.styles)
    with torch.no_grad():
        nats = [
            model._nats(begun, one.x0.flatten(1) + model.layout.first, one.x0.flatten(1))
            for one in (first, other)
        ]
    assert torch.equal(nats[0][:, :-1], nats[1][:, :-1]) and not torch.equal(nats[0], nats[1])


def test_the_loss_of_a_model_at_rest_draws_nothing(model: ImageTokens) -> None:
    losses = [model.loss(batch(), Seeds.count_from(seed, 6)) for seed in (0, 1)]
    assert losses[0].shape == (6,) and torch.equal(losses[0], losses[1])


def test_training_lowers_the_loss(model: ImageTokens) -> None:
    torch.manual_seed(0)
    fresh = ImageTokens(model.settings, model.codec, model.tokens).train()
    optimizer = torch.optim.Adam(fresh.net.parameters(), 0.01)
    losses = []
    for step in range(8):
        loss = fresh.loss(batch(), Seeds.for_step(0, step, 6)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]


def test_every_token_is_told_and_the_picture_can_be_looked_at_on_the_way(model: ImageTokens) -> None:
    *steps, result = model.stream(ImageRequest(prompt="a red apple"))
    assert isinstance(result, ImageResult) and all(isinstance(step, Progress) for step in steps)
    assert [(step.step, step.of) for step in steps] == [(n, SIDE**2) for n in range(1, SIDE**2 + 1)]
    half = np.asarray(steps[SIDE**2 // 2 - 1].preview()[0])
    assert (half[PIXELS // 2 :] == 255).all() and not (half[: PIXELS // 2] == 255).all()


def test_the_best_of_several_tries_is_kept_and_shown_on_the_way(
    model: ImageTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    likes_the_second = SimpleNamespace(merits=lambda pictures, prompt, style: torch.tensor([0.1, 0.7, 0.3]))
    monkeypatch.setattr(checkpoint, "load", lambda name, device: likes_the_second)
    picky = copy.copy(model)
    picky.settings = model.settings.model_copy(update={"scorer": "any"})
    *steps, result = picky.stream(ImageRequest(prompt="a red apple", seed=3, count=2, best_of=3))
    assert [one["score"] for one in result.settings] == pytest.approx([0.7, 0.7])
    second = made(model, seed=3 + APART)[0]
    shown = [np.asarray(image) for image in (result.images[0], steps[-1].preview()[0])]
    assert np.allclose(shown[0].astype(int), second.astype(int), atol=1)
    assert not np.array_equal(second, made(model, seed=3)[0])
    assert np.array_equal(shown[0], shown[1])


def test_a_picture_remembers_what_it_takes_to_make_it_again(model: ImageTokens) -> None:
    result = model.generate("a red apple", style="flat", seed=5, count=2, guidance=2.0, top_k=5)
    told = result.settings[1]
    again = model.generate(
        told["prompt"],
        **{
            key: told[key]
            for key in ("style", "seed", "guidance", "guidance_start", "temperature", "top_k", "top_p")
        },
    )
    assert np.array_equal(np.asarray(again.images[0]), np.asarray(result.images[1]))


REFUSED = {
    "grid": ({"grid": "karras"}, "grid means nothing"),
    "eta": ({"eta": 0.5}, "eta means nothing"),
    "between": ({"between": "a pear"}, "between means nothing"),
    "solver": ({"solver": "maskd"}, "did you mean masked"),
    "style": ({"style": "noot"}, "did you mean noto"),
    "keep": ({"keep": "top"}, "give init too"),
    "half": ({"keep": "tpo", "init": picture()}, "did you mean top"),
    "size": ({"init": picture()[:8]}, "init must be an array"),
    "temperature": ({"temperature": -1.0}, "temperature must be"),
    "top_k": ({"top_k": 0}, "top_k must be at least 1"),
    "guidance": ({"guidance": float("nan")}, "guidance must be a number"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_refused_in_one_line(model: ImageTokens, case: str) -> None:
    options, told = REFUSED[case]
    with pytest.raises(RequestError, match=told) as error:
        model.check(ImageRequest(prompt="a red apple", **options))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("code", [-1, CODES])
def test_codes_out_of_range_are_refused(model: ImageTokens, code: int) -> None:
    wrong = batch(2)
    wrong.x0[0, 0, 1, 1] = code
    with pytest.raises(RequestError, match=f"a code must be from 0 to {CODES - 1}, got {code}"):
        model.loss(wrong, Seeds.count_from(0, 2))
    with pytest.raises(RequestError, match="a code must be"):
        model.codec.decode(wrong.x0)


def test_a_prompt_that_is_too_long_is_cut_with_a_warning(model: ImageTokens) -> None:
    warnings = model.run(ImageRequest(prompt="a house on a hill " * 9)).warnings
    assert "only the first 6 were read" in warnings[0]


@pytest.mark.parametrize("solver", list(SOLVERS))
def test_every_solver_ends_with_a_whole_picture(model: ImageTokens, solver: str) -> None:
    assert made(model, solver=solver, steps=3).shape == (1, PIXELS, PIXELS, 3)
