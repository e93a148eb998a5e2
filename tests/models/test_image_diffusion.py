"""The laws of making pictures, with a tiny model that was never trained."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from fromnoise.data.augment import LABEL
from fromnoise.data.feed import CaptionedBatch
from fromnoise.diffusion.denoiser import PARAMETERIZATIONS, clipped
from fromnoise.diffusion.process import PROCESSES, Time
from fromnoise.diffusion.sample import sample
from fromnoise.diffusion.solvers import SOLVERS, make_solver
from fromnoise.errors import ConfigError, RequestError
from fromnoise.models.checkpoint import save
from fromnoise.models.image_diffusion import ImageDiffusion
from fromnoise.models.image_settings import ProcessSettings
from fromnoise.nets.dit import DiTSettings
from fromnoise.requests import ImageRequest, ImageResult, Progress
from fromnoise.seeds import Seeds

PROMPT = "a red circle"


def pixels(result: ImageResult) -> np.ndarray:
    return np.stack([np.asarray(image) for image in result.images])


def draw(model: ImageDiffusion, prompt: str = PROMPT, **options: Any) -> np.ndarray:
    return pixels(model.generate(prompt, **options))


def rebuilt(model: ImageDiffusion, **changes: Any) -> ImageDiffusion:
    settings = model.settings.model_copy(update=changes)
    return ImageDiffusion(settings, model.codec, model.conditioner.tokens).eval()


@pytest.fixture
def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)


# Seeds


@pytest.mark.parametrize("solver", ["dpmpp-2m", "ddpm", "dpmpp-2m-sde"])
def test_a_picture_is_the_same_alone_in_a_batch_and_again(model: ImageDiffusion, solver: str) -> None:
    five = draw(model, seed=7, count=5, solver=solver)
    alone = np.concatenate([draw(model, seed=7 + index, solver=solver) for index in range(5)])
    assert np.array_equal(five, alone)
    assert np.array_equal(five[3:], draw(model, seed=10, count=2, solver=solver))
    assert len({picture.tobytes() for picture in five}) == 5


@pytest.mark.parametrize("seed", [-3, 2**64 + 5])
def test_any_whole_number_is_a_seed(model: ImageDiffusion, seed: int) -> None:
    assert draw(model, seed=seed, steps=1).shape == (1, 16, 16, 3)


def test_the_settings_told_make_the_picture_again(model: ImageDiffusion) -> None:
    result = model.generate(PROMPT, style="plain", seed=4, count=2, guidance=2.0, solver="ddim", eta=0.5)
    known = {field.name for field in fields(ImageRequest)}
    told = {name: value for name, value in result.settings[1].items() if name in known}
    assert (told["seed"], told["count"], told["steps"]) == (5, 1, 3)
    assert {"init", "mask", "strength"}.isdisjoint(result.settings[1])
    assert {"model", "weights_sha256", "version"} <= result.settings[1].keys()
    assert np.array_equal(pixels(model.run(ImageRequest(**told)))[0], pixels(result)[1])


# Solvers and processes


@pytest.mark.parametrize("name", list(SOLVERS))
def test_every_solver_gives_finite_data(model: ImageDiffusion, name: str) -> None:
    seeds = Seeds.count_from(0, 2)
    xt = model.process.prior(model.shape, seeds)

    def denoise(state: Tensor, t: Time) -> Tensor:
        return model.predict(state, t, PROMPT)

    *_, x0 = sample(denoise, model.process, make_solver(name), xt, model.process.grid(4), seeds)
    assert torch.isfinite(x0).all()
    assert draw(model, solver=name, steps=4).std() > 0


@pytest.mark.parametrize("parameterization", list(PARAMETERIZATIONS))
@pytest.mark.parametrize("process", list(PROCESSES))
def test_every_process_works_in_every_parameterization(
    model: ImageDiffusion, process: str, parameterization: str
) -> None:
    other = rebuilt(model, process=ProcessSettings(kind=process), parameterization=parameterization)
    x0 = torch.randn(2, *other.shape)
    assert torch.isfinite(other.training_step(x0))
    assert torch.isfinite(other.predict(x0, other.process.t_max)).all()
    assert draw(other, steps=2).shape == (1, 16, 16, 3)


# Guidance


def plainly(model: ImageDiffusion, prompt: str, style: str | None) -> np.ndarray:
    """Draw without guidance, from the parts."""
    seeds = Seeds([0])
    xt = model.process.prior(model.shape, seeds)
    assert model.codec.bounds is not None
    denoise = clipped(lambda xt, t: model.predict(xt, t, prompt, style), *model.codec.bounds)
    solver = make_solver(model.settings.sampling.solver)
    *_, x0 = sample(denoise, model.process, solver, xt, model.process.grid(3), seeds)
    return model.codec.decode(x0).numpy()


def test_guidance_1_is_the_prompt_and_guidance_0_is_nothing_said(model: ImageDiffusion) -> None:
    assert np.array_equal(draw(model, style="plain", guidance=1), plainly(model, PROMPT, "plain"))
    assert np.array_equal(draw(model, style="plain", guidance=0), plainly(model, "", None))
    assert not np.array_equal(draw(model, guidance=0), draw(model, guidance=1))


def test_guidance_works_within_its_interval_alone(model: ImageDiffusion) -> None:
    whole, none = draw(model, guidance=4), draw(model, guidance=1)
    assert np.array_equal(draw(model, guidance=4, guidance_interval=(0, 1)), whole)
    assert np.array_equal(draw(model, guidance=4, guidance_interval=(0, 0)), none)
    some = draw(model, guidance=4, guidance_interval=(0, 0.5))
    assert not np.array_equal(some, whole) and not np.array_equal(some, none)


def test_a_negative_prompt_takes_the_place_of_nothing_said(model: ImageDiffusion) -> None:
    assert not np.array_equal(draw(model, negative="blue square"), draw(model))
    assert np.array_equal(draw(model, negative=PROMPT, style="plain"), draw(model, guidance=1, style="plain"))


def test_rescaled_guidance_is_another_picture(model: ImageDiffusion) -> None:
    assert not np.array_equal(draw(model, guidance=9, guidance_rescale=0.7), draw(model, guidance=9))


def test_a_weaker_model_takes_the_place_of_nothing_said(
    model: ImageDiffusion, make_model: Callable[[], ImageDiffusion], tmp_path: Path
) -> None:
    worse = make_model()
    torch.nn.init.zeros_(worse.net.patch_out.weight)
    save(model, tmp_path / "same")
    save(worse, tmp_path / "worse")
    assert np.array_equal(draw(model, weaker=str(tmp_path / "same")), draw(model, guidance=1))
    pictures = [draw(model, weaker=str(tmp_path / "worse")), draw(model, guidance=1), draw(model)]
    assert len({picture.tobytes() for picture in pictures}) == 3


def test_a_weaker_model_must_work_on_the_same_data(model: ImageDiffusion, tmp_path: Path) -> None:
    save(rebuilt(model, process=ProcessSettings(kind="cosine")), tmp_path / "other")
    with pytest.raises(RequestError, match="can't guide this model: it works on other data or noise"):
        draw(model, weaker=str(tmp_path / "other"))
    with pytest.raises(RequestError, match="leave one out"):
        draw(model, weaker=str(tmp_path / "other"), negative="blue")


def test_words_and_styles_matter(model: ImageDiffusion) -> None:
    pictures = [
        draw(model),
        draw(model, "blue square"),
        draw(model, style="plain"),
        draw(model, style="outline"),
    ]
    assert len({picture.tobytes() for picture in pictures}) == 4


def test_a_prompt_reads_the_same_beside_others(model: ImageDiffusion) -> None:
    both = model.conditioner.encode([PROMPT, "blue"], ["plain", None])
    alone = model.conditioner.encode(["blue"], [None])
    assert torch.equal(both.tokens[1:], alone.tokens) and torch.equal(both.vector[1:], alone.vector)


# Starting from a picture


def test_strength_goes_from_keeping_to_forgetting(model: ImageDiffusion, photo: np.ndarray) -> None:
    assert np.array_equal(draw(model, init=photo, strength=0.0)[0], photo)
    assert np.array_equal(draw(model, init=photo, strength=1.0), draw(model))
    between = draw(model, init=photo, strength=0.4)
    assert not np.array_equal(between[0], photo) and not np.array_equal(between, draw(model))


def test_pixels_outside_the_mask_stay(model: ImageDiffusion, photo: np.ndarray) -> None:
    mask = np.zeros((16, 16), np.bool_)
    mask[3:9, 5:14] = True
    made = draw(model, init=photo, mask=mask, strength=1.0, count=2)
    assert np.array_equal(made[:, ~mask], np.stack([photo[~mask]] * 2))
    assert (made[:, mask] != photo[mask]).mean() > 0.5


def test_a_picture_that_cannot_be_written_to_is_read_in_silence(
    model: ImageDiffusion, photo: np.ndarray, recwarn: pytest.WarningsRecorder
) -> None:
    mask = np.ones((16, 16), np.bool_)
    photo.flags.writeable = mask.flags.writeable = False
    draw(model, init=photo, mask=mask)
    assert not recwarn.list


# From one prompt to another


def test_the_way_between_two_prompts_begins_and_ends_at_them(model: ImageDiffusion) -> None:
    result = model.generate(PROMPT, between="blue square", count=3, seed=2, style="plain")
    frames = pixels(result)
    assert np.array_equal(frames[0], draw(model, seed=2, style="plain")[0])
    assert np.array_equal(frames[2], draw(model, "blue square", seed=2, style="plain")[0])
    assert not np.array_equal(frames[1], frames[0]) and not np.array_equal(frames[1], frames[2])
    assert [told["frame"] for told in result.settings] == [0, 1, 2]
    assert {told["seed"] for told in result.settings} == {2}


# Step by step


def test_predict_gives_back_what_has_no_noise(model: ImageDiffusion) -> None:
    clean = torch.randn(2, *model.shape)
    assert torch.allclose(model.predict(clean, 0.0), clean, atol=1e-5)


def test_predict_takes_one_time_or_one_for_each(model: ImageDiffusion) -> None:
    noisy = torch.randn(2, *model.shape)
    both = model.predict(noisy, torch.tensor([0.3, 0.8]), PROMPT, "plain")
    assert torch.equal(both[1:], model.predict(noisy[1:], 0.8, PROMPT, "plain"))
    assert not torch.equal(both, model.predict(noisy, 0.8))


def test_reverse_noise_goes_all_the_way_down(model: ImageDiffusion) -> None:
    noisy = torch.randn(2, *model.shape)
    clean = model.reverse_noise(noisy, 0.5, PROMPT, steps=3)
    assert clean.shape == noisy.shape and torch.isfinite(clean).all()
    assert torch.equal(clean[1:], model.reverse_noise(noisy[1:], 0.5, PROMPT, steps=3))


@pytest.mark.parametrize(
    "batch",
    [
        torch.zeros(2, 16, 16, 3, dtype=torch.uint8),
        torch.zeros(2, 3, 16, 16),
        CaptionedBatch(torch.zeros(2, 3, 16, 16), ["red", ""], ["plain", None], torch.zeros(2, LABEL)),
    ],
    ids=["pictures", "encoded", "captioned"],
)
def test_a_training_step_learns_from_any_batch(
    make_model: Callable[[], ImageDiffusion], batch: CaptionedBatch | Tensor
) -> None:
    model = make_model().train()
    loss = model.training_step(batch)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.shape == () and model.net.patch_in.weight.grad is not None


def test_the_loss_is_a_function_of_its_seeds(model: ImageDiffusion) -> None:
    x0 = torch.randn(3, *model.shape)
    first, same, other = (
        float(model.training_step(x0, Seeds.count_from(at, 3)).detach()) for at in (0, 0, 9)
    )
    assert first == same != other


# What is told on the way


def test_every_step_is_told_and_can_be_looked_at(model: ImageDiffusion) -> None:
    *steps, result = model.stream(ImageRequest(prompt=PROMPT, count=2, solver="euler"))
    assert isinstance(result, ImageResult)
    progress = [step for step in steps if isinstance(step, Progress)]
    assert [(step.step, step.of) for step in progress] == [(1, 3), (2, 3), (3, 3)]
    last = [np.asarray(image) for image in progress[-1].preview()]
    assert np.array_equal(np.stack(last), pixels(result))


def test_a_stream_left_early_leaves_nothing_switched(model: ImageDiffusion) -> None:
    stream = model.stream(ImageRequest(prompt=PROMPT))
    next(iter(stream))
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()


@pytest.mark.parametrize("option", ["prompt", "negative", "between"])
def test_a_prompt_far_too_long_is_told(model: ImageDiffusion, option: str) -> None:
    words = {"prompt": PROMPT, "count": 2, option: "red " * 500}
    (warning,) = model.generate(**words).warnings
    assert "tokens; only the first 8 were read" in warning and len(warning) < 200
    assert not model.generate(PROMPT).warnings


# Settings that can't be


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"parameterization": "flw"}, "unknown parameterization 'flw'; did you mean flow"),
        ({"process": ProcessSettings(kind="edn")}, "unknown process 'edn'; did you mean edm"),
        (
            {"process": ProcessSettings(values={"shif": 1.0})},
            "unknown value of process flow 'shif'; did you mean",
        ),
        ({"process": ProcessSettings(values={"shift": -1.0})}, "shift must be over 0, not -1"),
        (
            {"net": DiTSettings(context_width=64)},
            "context_width and text.width must be the same, not 64 and 32",
        ),
    ],
)
def test_impossible_settings_are_told(model: ImageDiffusion, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        rebuilt(model, **changes)
