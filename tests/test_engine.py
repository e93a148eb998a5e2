"""The one road: whoever asks, the words are checked, the result is stamped, and what happened is recorded."""

from collections.abc import Iterator
from typing import Any

import pytest

from fromnoise.engine import Engine, Outcome, words_of
from fromnoise.errors import RequestError, UnsafePromptError
from fromnoise.requests import ImageRequest, ImageResult, Progress, TextRequest

UNSAFE = "a naked woman"


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


def test_python_takes_the_same_road(model: Any) -> None:
    with pytest.raises(UnsafePromptError):
        model.generate(UNSAFE)
    with pytest.raises(UnsafePromptError):
        model.run(ask(prompt=UNSAFE))
