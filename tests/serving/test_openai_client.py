"""What OpenAI's own client asks and expects, against a fresh server."""

import base64
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

openai = pytest.importorskip("openai")
UNSAFE = "a naked woman"


def picture_of(told: str) -> Image.Image:
    return Image.open(BytesIO(base64.b64decode(told)))


def png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_models_are_listed_and_told_by_name_or_alias(client: Any) -> None:
    assert [model.id for model in client.models.list()] == ["tiny-pictures", "tiny-words"]
    assert client.models.retrieve("gpt-image-1").id == "tiny-pictures"


def test_pictures_are_those_of_the_command_line(client: Any, model: Any) -> None:
    made = client.images.generate(prompt="red circle", n=2, extra_body={"seed": 5})
    alone = model.generate("red circle", seed=5, count=2)
    assert [picture_of(one.b64_json).tobytes() for one in made.data] == [
        one.tobytes() for one in alone.images
    ]
    assert [one.seed for one in made.data] == [5, 6]
    assert made.size == "16x16" and made.usage.total_tokens > 0


def test_an_alias_and_the_default_are_models_too(client: Any) -> None:
    for options in ({}, {"model": "gpt-image-1"}):
        assert (
            client.images.generate(prompt="red circle", extra_body={"seed": 1}, **options).data[0].seed == 1
        )


def test_another_size_is_resampled_and_said(client: Any) -> None:
    made = client.images.generate(prompt="red circle", size="64x32", output_format="webp")
    picture = picture_of(made.data[0].b64_json)
    assert (picture.size, picture.format) == ((64, 32), "WEBP")
    assert "resampled" in made.warnings[0]


def test_a_url_leads_to_the_picture(client: Any, http: Any) -> None:
    made = client.images.generate(prompt="red circle", response_format="url", output_format="jpeg")
    sent = http.get(made.data[0].url)
    assert sent.headers["content-type"] == "image/jpeg"
    assert Image.open(BytesIO(sent.content)).size == (16, 16)


def test_a_gif_shows_it_appear(client: Any) -> None:
    made = client.images.generate(prompt="red circle", output_format="gif", extra_body={"frame_count": 3})
    assert picture_of(made.data[0].b64_json).n_frames == 3


def test_a_stream_tells_of_partial_images_then_of_the_whole(client: Any) -> None:
    events = list(
        client.images.generate(prompt="red circle", stream=True, partial_images=2, extra_body={"seed": 5})
    )
    assert [event.type for event in events] == [
        "image_generation.partial_image",
        "image_generation.partial_image",
        "image_generation.completed",
    ]
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    whole = client.images.generate(prompt="red circle", extra_body={"seed": 5}).data[0].b64_json
    assert picture_of(events[-1].b64_json).tobytes() == picture_of(whole).tobytes()
    assert events[-1].usage.total_tokens > 0


def test_a_picture_is_edited_where_the_mask_is_clear(client: Any) -> None:
    start = Image.fromarray(np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8))
    mask = Image.new("RGBA", (16, 16), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, 8, 16))
    made = client.images.edit(
        image=png(start), mask=png(mask), prompt="red circle", extra_body={"strength": 0.9, "seed": 3}
    )
    pixels = np.asarray(picture_of(made.data[0].b64_json))
    assert (pixels[:, 8:] == np.asarray(start)[:, 8:]).all()
    assert (pixels[:, :8] != np.asarray(start)[:, :8]).any()


def test_of_several_pictures_the_first_is_edited(client: Any) -> None:
    files = [png(Image.new("RGB", (20, 20), colour)) for colour in ("red", "blue")]
    assert len(client.images.edit(image=files, prompt="red circle").data) == 1
    *_, last = client.images.edit(image=files[0], prompt="red circle", stream=True, partial_images=1)
    assert last.type == "image_edit.completed"


def test_a_conversation_is_answered(client: Any) -> None:
    said = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "the cat"}]
    told = client.chat.completions.create(
        model="tiny-words", messages=said, max_tokens=6, seed=1, n=2, logprobs=True, top_logprobs=1
    )
    assert [choice.index for choice in told.choices] == [0, 1]
    assert told.choices[0].message.role == "assistant"
    assert len(told.choices[0].logprobs.content) == 6 and told.choices[0].finish_reason == "length"
    assert told.usage.total_tokens == told.usage.prompt_tokens + told.usage.completion_tokens


def test_an_answer_comes_in_pieces_that_join_to_it(client: Any) -> None:
    ask: dict[str, Any] = {
        "model": "tiny-words",
        "messages": [{"role": "user", "content": "the cat"}],
        "max_tokens": 8,
        "seed": 1,
    }
    whole = client.chat.completions.create(**ask).choices[0].message.content
    pieces = list(client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
    assert text.strip() == whole
    assert pieces[0].choices[0].delta.role == "assistant"
    assert pieces[-2].choices[0].finish_reason == "length"
    assert pieces[-1].usage.completion_tokens == 8


def test_texts_are_written_on(client: Any) -> None:
    told = client.completions.create(
        model="tiny-words", prompt=["the cat", "the mat"], n=2, max_tokens=5, seed=1, logprobs=1, echo=True
    )
    assert [choice.index for choice in told.choices] == [0, 1, 2, 3]
    assert told.choices[2].text.startswith("the mat")
    assert len(told.choices[0].logprobs.tokens) == 5
    by_ids = client.completions.create(model="tiny-words", prompt=[40, 41], max_tokens=2, seed=1)
    assert by_ids.choices[0].finish_reason in ("stop", "length")


def test_completions_stream(client: Any) -> None:
    ask: dict[str, Any] = {"model": "tiny-words", "prompt": "the cat", "max_tokens": 5, "seed": 1}
    pieces = client.completions.create(**ask, stream=True)
    assert (
        "".join(piece.choices[0].text for piece in pieces) == client.completions.create(**ask).choices[0].text
    )


def test_a_stop_string_ends_a_text(client: Any) -> None:
    ask: dict[str, Any] = {"model": "tiny-words", "prompt": "the cat", "max_tokens": 20, "seed": 1}
    whole = client.completions.create(**ask).choices[0].text
    stopped = client.completions.create(**ask, stop=[whole[3:5]]).choices[0]
    assert stopped.finish_reason == "stop" and whole.startswith(stopped.text)


def test_texts_have_embeddings(client: Any) -> None:
    told = client.embeddings.create(model="tiny-pictures", input=["red circle", "red  circle", "blue square"])
    vectors = np.array([one.embedding for one in told.data])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    plain = client.embeddings.create(model="tiny-pictures", input="red circle", encoding_format="float")
    assert np.allclose(plain.data[0].embedding, vectors[0], atol=1e-6)
    short = client.embeddings.create(model="tiny-pictures", input="red circle", dimensions=4)
    assert len(short.data[0].embedding) == 4


def test_texts_are_moderated(client: Any) -> None:
    told = client.moderations.create(input=[UNSAFE, "a red apple"])
    assert [one.flagged for one in told.results] == [True, False]
    assert told.results[0].categories.sexual


@pytest.mark.parametrize(
    ("options", "error", "code"),
    [
        ({"prompt": UNSAFE}, openai.BadRequestError, "unsafe_prompt"),
        ({"model": "dall-e-9"}, openai.NotFoundError, "model_not_found"),
        ({"n": 11}, openai.BadRequestError, "invalid_value"),
        ({"size": "17x9000"}, openai.BadRequestError, "invalid_value"),
        ({"background": "transparent"}, openai.BadRequestError, "unsupported"),
        ({"extra_body": {"style": "cubist"}}, openai.BadRequestError, "invalid_value"),
        ({"extra_body": {"seed": 2**63}}, openai.BadRequestError, "invalid_value"),
        ({"prompt": "red " * 2000}, openai.BadRequestError, "invalid_value"),
    ],
)
def test_every_mistake_has_its_error(client: Any, options: Any, error: type[Exception], code: str) -> None:
    with pytest.raises(error) as caught:
        client.images.generate(**{"prompt": "red circle", **options})
    assert caught.value.code == code  # type: ignore[attr-defined]


def test_unsafe_words_are_refused_wherever_they_come_in(client: Any) -> None:
    said = [{"role": "user", "content": "hello"}, {"role": "user", "content": UNSAFE}]
    start = png(Image.new("RGB", (16, 16)))
    for ask in (
        lambda: client.images.edit(image=start, prompt=UNSAFE),
        lambda: list(client.images.generate(prompt=UNSAFE, stream=True)),
        lambda: client.chat.completions.create(model="tiny-words", messages=said),
        lambda: client.chat.completions.create(model="tiny-words", messages=said[::-1]),
        lambda: list(client.chat.completions.create(model="tiny-words", messages=said, stream=True)),
        lambda: client.completions.create(model="tiny-words", prompt=UNSAFE),
        lambda: client.completions.create(model="tiny-words", prompt=["hello", UNSAFE]),
    ):
        with pytest.raises(openai.APIError, match="Unsafe prompt detected"):
            ask()


def test_unknown_fields_are_ignored_and_wrong_types_are_not(client: Any) -> None:
    client.images.generate(prompt="red circle", extra_body={"invented": {"a": 1}})
    with pytest.raises(openai.BadRequestError, match="steps"):
        client.images.generate(prompt="red circle", extra_body={"steps": "many"})
    with pytest.raises(openai.BadRequestError, match="n: "):
        client.images.generate(prompt="red circle", extra_body={"n": True})


def test_what_is_not_there_is_a_404(client: Any, server: SimpleNamespace) -> None:
    with pytest.raises(openai.NotFoundError):
        client.post("/responses", cast_to=object, body={"input": "hello"})


@pytest.mark.parametrize(
    "options",
    [{}, {"output_format": "jpeg"}, {"output_format": "webp", "output_compression": 50}, {"size": "48x32"}],
)
def test_what_is_sent_bears_a_seal_on_itself(client: Any, options: dict[str, Any], tmp_path: Path) -> None:
    from fromnoise.guard.provenance import verify

    told = client.images.generate(prompt="red circle", **options).data[0].b64_json
    path = tmp_path / f"made.{options.get('output_format', 'png')}"
    path.write_bytes(base64.b64decode(told))
    assert verify(path).state == "unaltered"
