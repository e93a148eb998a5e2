"""The one road: whoever asks, the words are checked, the result is stamped, and what happened is recorded."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fromnoise.engine import Engine, Outcome, words_of
from fromnoise.errors import RequestError, UnsafePromptError
from fromnoise.guard.copies import another_seed
from fromnoise.requests import ImageRequest, ImageResult, Progress, TextRequest, result_of

UNSAFE = "a naked woman"
INIT = np.zeros((16, 16, 3), np.uint8)


def ask(**options: Any) -> ImageRequest:
    return ImageRequest(**{"prompt": "red circle", "steps": 3, "seed": 5, **options})


def test_it_makes_what_the_model_makes(model: Any) -> None:
    *_, raw = model.stream(ask())
    made = Engine(model).run(ask())
    assert [image.tobytes() for image in made.images] == [image.tobytes() for image in raw.images]


def test_news_come_step_by_step_and_the_result_last(model: Any) -> None:
    *steps, result = Engine(model).stream(ask())
    assert [(news.step, news.of) for news in steps] == [(1, 3), (2, 3), (3, 3)]
    assert isinstance(result, ImageResult)


@pytest.mark.parametrize("options", [{"prompt": UNSAFE}, {"between": UNSAFE, "count": 2}])
def test_unsafe_words_are_refused_before_any_step(model: Any, options: dict[str, Any]) -> None:
    outcomes: list[Outcome] = []
    with pytest.raises(UnsafePromptError, match="^Unsafe prompt detected"):
        next(Engine(model, record=outcomes.append).stream(ask(**options)))
    assert [outcome.verdict for outcome in outcomes] == ["refused"]


def test_the_signs_of_gaps_are_no_words() -> None:
    assert words_of(TextRequest(template="The ___ sat__2__a__1__s."))[-1] == "The   sat a s."


def test_a_negative_prompt_may_name_what_is_not_wanted_unless_it_is_what_comes_out() -> None:
    assert words_of(ask(negative=UNSAFE)) == ["red circle"]
    assert words_of(ask(negative=UNSAFE, guidance=4.0)) == ["red circle"]
    assert UNSAFE in words_of(ask(negative=UNSAFE, guidance=0.5))


def test_every_text_of_a_request_is_checked_unless_it_names_a_choice() -> None:
    assert words_of(TextRequest(prompt="a", style="b", json_schema='{"c": 1}')) == ["a", '{"c": 1}']


def test_results_carry_what_is_told_and_a_stamp(model: Any) -> None:
    *_, raw = model.stream(ask(count=2))
    made = Engine(model, told={"init": "cat.png"}).run(ask(count=2))
    for before, after in zip(raw.settings, made.settings, strict=True):
        assert before.items() <= after.items()
        assert after["init"] == "cat.png"
        assert len(after) > len(before) + 1


def test_what_is_done_is_recorded_before_it_is_told(model: Any) -> None:
    outcomes: list[Outcome] = []
    for news in Engine(model, record=outcomes.append).stream(ask()):
        assert bool(outcomes) == isinstance(news, ImageResult)
    (outcome,) = outcomes
    assert outcome.verdict == "done" and outcome.result is news and outcome.seconds > 0


def test_closing_a_stream_stops_the_work_and_is_recorded(model: Any) -> None:
    outcomes: list[Outcome] = []
    seen: list[int] = []

    def work(request: ImageRequest) -> Iterator[Any]:
        for news in model.stream(request):
            seen.append(1)
            yield news

    stream = Engine(model, work, record=outcomes.append).stream(ask())
    assert isinstance(next(stream), Progress)
    stream.close()
    assert len(seen) == 1
    assert [outcome.verdict for outcome in outcomes] == ["cancelled"]


def test_a_mistake_is_recorded_with_its_reason(model: Any) -> None:
    outcomes: list[Outcome] = []
    with pytest.raises(RequestError):
        Engine(model, record=outcomes.append).run(ask(style="cubist"))
    assert outcomes[0].verdict == "failed" and "cubist" in outcomes[0].reason


def test_a_fault_in_the_program_is_recorded_and_not_hidden(model: Any) -> None:
    def broken(request: Any) -> Iterator[Any]:
        raise ZeroDivisionError
        yield

    outcomes: list[Outcome] = []
    with pytest.raises(ZeroDivisionError):
        Engine(model, broken, record=outcomes.append).run(ask())
    assert [outcome.verdict for outcome in outcomes] == ["failed"]


@pytest.fixture
def trained_on(model: Any, own_home: Path) -> Callable[..., Any]:
    """A model that was trained on what it makes of some seeds: `trained_on(5)`."""

    def prepared(*seeds: int) -> Any:
        folder = own_home / "data" / "blots"
        folder.mkdir(parents=True)
        made = [result_of(model.stream(ask(seed=seed))).images[0].resize((128, 128)) for seed in seeds]
        np.save(folder / "pictures.npy", np.stack([np.asarray(image) for image in made]))
        items = [json.dumps({"id": f"blot/{seed}", "split": "train"}) for seed in seeds]
        (folder / "items.jsonl").write_text("\n".join(items))
        return SimpleNamespace(name="blots-diffusion", weights_sha256="", stream=model.stream)

    return prepared


def test_a_near_copy_is_made_once_more_with_another_seed_and_says_so(
    model: Any, trained_on: Callable[..., Any]
) -> None:
    made = Engine(trained_on(6)).run(ask(seed=5, count=3))
    other = another_seed(6)
    assert [one["seed"] for one in made.settings] == [5, other, 7]
    assert made.settings[1]["instead_of"] == {"seed": 6, "near": "blot/6"}
    assert "picture 2" in made.warnings[0] and len(made.warnings) == 1
    for seed, image in zip((5, other, 7), made.images, strict=True):  # as it would be if asked for
        assert image.tobytes() == result_of(model.stream(ask(seed=seed))).images[0].tobytes()


def test_of_two_near_copies_the_first_is_kept_and_marked(trained_on: Callable[..., Any]) -> None:
    made = Engine(trained_on(6, another_seed(6))).run(ask(seed=6))
    assert made.settings[0]["seed"] == 6 and "instead_of" not in made.settings[0]
    assert "nearly equals the training picture blot/6" in made.warnings[0]


@pytest.mark.parametrize("options", [{"between": "red circle", "count": 2}, {"init": INIT, "strength": 1.0}])
def test_near_copies_that_no_seed_can_help_are_only_marked(
    trained_on: Callable[..., Any], options: dict[str, Any]
) -> None:
    made = Engine(trained_on(6)).run(ask(seed=6, **options))
    assert all("instead_of" not in one for one in made.settings)


def test_an_engine_may_be_told_to_mark_near_copies_alone(trained_on: Callable[..., Any]) -> None:
    made = Engine(trained_on(6), copies="mark").run(ask(seed=6))
    assert made.settings[0]["seed"] == 6 and "nearly equals" in made.warnings[0]


def test_making_once_more_is_told_step_by_step_and_can_be_stopped(trained_on: Callable[..., Any]) -> None:
    outcomes: list[Outcome] = []
    model = trained_on(6)
    *steps, _ = Engine(model).stream(ask(seed=6))
    assert [(news.step, news.of) for news in steps] == [(1, 3), (2, 3), (3, 3), (3, 3), (3, 3), (3, 3)]
    assert len(steps[-1].preview()) == 1
    stream = Engine(model, record=outcomes.append).stream(ask(seed=6))
    for _ in range(4):
        next(stream)
    stream.close()
    assert [outcome.verdict for outcome in outcomes] == ["cancelled"]


def test_python_takes_the_same_road(model: Any) -> None:
    with pytest.raises(UnsafePromptError):
        model.generate(UNSAFE)
    with pytest.raises(UnsafePromptError):
        model.run(ask(prompt=UNSAFE))
