"""The loop with a model of a few numbers: stopped and resumed it is as if it had never stopped."""

import json
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from fromnoise.errors import CheckpointError, FromNoiseError, OutputError
from fromnoise.seeds import Seeds
from fromnoise.training.loop import Training, TrainingSettings
from fromnoise.training.state import STATE

SETTINGS = TrainingSettings(
    steps=6, batch=4, lr=0.01, matrix_lr=0.01, warmup=2, precision="fp32", validate_every=3, save_every=3
)


class Toy(nn.Module):
    """Guess the sum of three numbers, with noise of the seeds."""

    def __init__(self, width: int = 5) -> None:
        super().__init__()
        self.inner, self.data_out = nn.Linear(3, width), nn.Linear(width, 1)

    def loss(self, batch: Tensor, seeds: Seeds) -> Tensor:
        noisy = batch + 0.1 * seeds.normal(3)
        return (self.data_out(self.inner(noisy).tanh())[:, 0] - batch.sum(1)).square()


class Numbers:
    """A batch is a function of its step; `before` is called with every step."""

    def __init__(self, before: Callable[[int], None] = lambda step: None, held: int = 2) -> None:
        self.before, self.held = before, held

    def batch(self, step: int, size: int) -> Tensor:
        self.before(step)
        return torch.randn(size, 3, generator=torch.Generator().manual_seed(step))

    def validation(self, size: int) -> Sequence[Tensor]:
        return [torch.ones(size, 3) * index for index in range(self.held)]


def start(folder: Path, feed: Numbers | None = None, width: int = 5, **changes: float) -> Training:
    torch.manual_seed(0)
    folder.mkdir(exist_ok=True)
    return Training(Toy(width), feed or Numbers(), SETTINGS.model_copy(update=changes), folder)


def ignore(*news: object) -> None: ...


def weights(training: Training) -> list[Tensor]:
    return [*training.ema.weights.values(), *(p.detach() for p in training.model.parameters())]


def test_stopped_and_resumed_is_as_uninterrupted(tmp_path: Path) -> None:
    whole = start(tmp_path / "whole")
    whole.run(ignore, ignore)

    def fail(step: int) -> None:
        if step == 4:
            raise RuntimeError("the lights went out")

    killed = start(tmp_path / "parts", Numbers(fail))
    with pytest.raises(RuntimeError):
        killed.run(ignore, ignore)
    resumed = start(tmp_path / "parts")
    torch.nn.init.zeros_(resumed.model.inner.weight)  # type: ignore[union-attr, arg-type]
    resumed.resume()
    assert resumed.step == 3
    resumed.run(ignore, ignore)
    assert all(torch.equal(one, other) for one, other in zip(weights(whole), weights(resumed), strict=True))
    assert whole.best == resumed.best


def test_ctrl_c_ends_the_step_and_saves_it(tmp_path: Path) -> None:
    whole = start(tmp_path / "whole")
    whole.run(ignore, ignore)

    def press(step: int) -> None:
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    pressed = start(tmp_path / "parts", Numbers(press))
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        pressed.run(ignore, ignore)
    assert pressed.step == 4 and signal.getsignal(signal.SIGINT) is handler
    resumed = start(tmp_path / "parts")
    resumed.resume()
    assert resumed.step == 4
    resumed.run(ignore, ignore)
    assert all(torch.equal(one, other) for one, other in zip(weights(whole), weights(resumed), strict=True))


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    def press(step: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    training = start(tmp_path / "run", Numbers(press))
    with pytest.raises(KeyboardInterrupt):
        training.run(ignore, ignore)
    assert training.step == 0 and not (tmp_path / "run" / STATE).exists()


def test_training_learns_and_tells(tmp_path: Path) -> None:
    news: list[dict[str, float]] = []
    looks: list[int] = []
    start(tmp_path / "run", steps=50, sample_every=20).run(news.append, looks.append)
    assert [each["step"] for each in news] == list(range(1, 51))
    assert sum(each["loss"] for each in news[-10:]) < sum(each["loss"] for each in news[:10])
    assert looks == [20, 40, 50]
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log if "validation_loss" in line] == [*range(3, 50, 3), 50]


def test_without_held_out_data_there_is_no_validation(tmp_path: Path) -> None:
    news: list[dict[str, float]] = []
    start(tmp_path / "run", Numbers(held=0)).run(news.append, ignore)
    assert not any("validation_loss" in each for each in news)
    assert "NaN" not in (tmp_path / "run" / STATE).read_bytes().decode("latin1")


def test_looks_see_the_average_and_training_goes_on_without(tmp_path: Path) -> None:
    training = start(tmp_path / "run", sample_every=3)
    seen: list[bool] = []

    def look(step: int) -> None:
        averages = [*training.ema.weights.values()]  # swapped: these are now the trained weights
        seen.append(
            any(torch.equal(a, b) for a, b in zip(averages, training.model.parameters(), strict=True))
        )
        assert not training.model.training

    training.run(ignore, look)
    assert seen == [False, False] and training.model.training


def test_a_loss_that_is_no_number_stops_the_training(tmp_path: Path) -> None:
    training = start(tmp_path / "run")
    torch.nn.init.constant_(training.model.data_out.bias, float("nan"))  # type: ignore[union-attr, arg-type]
    with pytest.raises(FromNoiseError, match="the loss became nan at step 0; resume with a lower lr"):
        training.run(ignore, ignore)


def test_a_state_of_another_model_is_told(tmp_path: Path) -> None:
    start(tmp_path / "run").run(ignore, ignore)
    with pytest.raises(CheckpointError, match="is of another model than the recipe's"):
        start(tmp_path / "run", width=7).resume()


def test_a_broken_state_is_told(tmp_path: Path) -> None:
    training = start(tmp_path / "run")
    (tmp_path / "run" / STATE).write_bytes(b"half a fi")
    with pytest.raises(CheckpointError, match="can't be read .*; start again without --resume"):
        training.resume()


def test_a_state_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    training = start(tmp_path / "run")
    (tmp_path / "run").rmdir()
    with pytest.raises((OutputError, OSError), match="run"):
        training.save()
    assert not list(tmp_path.iterdir())


def test_the_best_weights_are_kept(tmp_path: Path) -> None:
    training = start(tmp_path / "run", keep_best=True, validate_every=1, steps=8, matrix_lr=0.5, lr=0.5)
    seen: dict[int, float] = {}
    training.run(lambda news: seen.update({int(news["step"]): news["validation_loss"]}), ignore)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = {0: lines[0]["validation_loss"], **seen}
    assert training.kept.loss == min(losses.values()) == losses[training.kept.step]
    training.settle()
    assert training._validate()["validation_loss"] == pytest.approx(training.kept.loss)


def test_a_training_stops_when_nothing_becomes_better(tmp_path: Path) -> None:
    training = start(
        tmp_path / "run", keep_best=True, patience=2, validate_every=1, steps=50, lr=9.0, matrix_lr=9.0
    )
    training.run(ignore, ignore)
    assert training.step == training.kept.step + 2 < 50
    resumed = start(tmp_path / "run", keep_best=True, patience=2, validate_every=1, steps=50)
    resumed.resume()
    resumed.run(ignore, ignore)
    assert (resumed.step, resumed.kept.step) == (training.step, training.kept.step)


def test_a_training_without_held_out_data_has_no_best_and_goes_to_its_end(tmp_path: Path) -> None:
    training = start(tmp_path / "run", Numbers(held=0), keep_best=True, patience=1)
    training.run(ignore, ignore)
    with training.averaged():
        average = [parameter.clone() for parameter in training.model.parameters()]
    training.settle()
    assert all(map(torch.equal, average, training.model.parameters()))


def test_a_training_stops_in_time(tmp_path: Path) -> None:
    training = start(tmp_path / "run", minutes=1e-9, steps=50)
    training.run(ignore, ignore)
    assert training.step == 1 and (tmp_path / "run" / STATE).exists()
