"""From the fields of a body to requests for words."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fromnoise.errors import RequestError
from fromnoise.models.conversation import Conversation
from fromnoise.requests import TextRequest
from fromnoise.serving.pictures_asked import seed_of
from fromnoise.serving.problems import Problem
from fromnoise.serving.shapes import ChatBody, CompletionBody, FormatBody, Message, StudioTextBody, WordsBody

_SAME = (
    "style",
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "repetition_penalty",
    "guidance",
    "max_tokens",
    "steps",
    "solver",
    "block",
    "template",
    "rewrite",
    "strength",
)
SPEAKERS = {"system": "System", "developer": "System", "user": "User", "assistant": "Assistant"}
_WORDS = ("text", "refusal")
"""Parts of a message that are words."""
TURN = "\nUser:"
"""Where an answer ends that was asked for in the plain way."""


@dataclass(frozen=True)
class Ask:
    """One request for words, what it is made from beside its prompt, and how to make it."""

    request: TextRequest
    also: tuple[str, ...] = ()
    conversation: Conversation | None = None

    def work(self, request: TextRequest) -> Iterator[Any]:
        """Answer in the conversation."""
        assert self.conversation is not None
        return self.conversation.ask(request.prompt, request)


def require_words(messages: Sequence[Message]) -> None:
    """Raise Problem for a conversation with pictures or sound in it: no model of words sees or hears."""
    parts = (part for message in messages if isinstance(message.content, list) for part in message.content)
    other = next((part.type for part in parts if part.type not in _WORDS), None)
    if other is not None:
        said = "the models here read words; to make a picture from another one, ask /v1/images/edits"
        raise Problem(400, f"a part of type {other[:40]!r} can't be read: {said}", "unsupported", "messages")


def asks_of_chat(body: ChatBody, model: Any) -> list[Ask]:
    """Return the requests of a conversation: by the model's template, or written out in the plain way."""
    request = _request(body, body.messages[-1].text, _schema(body.response_format))
    also = tuple(message.text for message in body.messages)
    if getattr(model, "chat_template", None) is None:
        plain = replace(request, prompt=plain_text(body.messages), stop=(*request.stop, TURN))
        return [Ask(plain, also)]
    if body.messages[-1].role != "user":
        raise Problem(400, "the last message must be the user's", "invalid_value", "messages")
    system = "\n".join(one.text for one in body.messages if SPEAKERS[one.role] == "System") or None
    said = [
        {"role": one.role, "content": one.text}
        for one in body.messages[:-1]
        if SPEAKERS[one.role] != "System"
    ]
    return [
        Ask(
            replace(request, count=1, seed=request.seed + place),
            also,
            Conversation(model, system, list(said)),
        )
        for place in range(request.count)
    ]


def asks_of_completion(body: CompletionBody, model: Any) -> list[Ask]:
    """Return one request a prompt; token ids are read back as text, so that they are checked as text."""
    if body.suffix:
        raise Problem(400, "this server writes on; it fills no gaps here", "unsupported", "suffix")
    prompts = [body.prompt or ""] if not isinstance(body.prompt, list) else list(body.prompt)
    if prompts and isinstance(prompts[0], int):
        prompts = [_read_ids(prompts, model)]
    return [Ask(_request(body, str(prompt), None)) for prompt in prompts]


def asks_of_studio(body: StudioTextBody) -> list[Ask]:
    """Return the studio's one request."""
    return [Ask(_request(body, body.prompt, None))]


def plain_text(messages: Sequence[Message]) -> str:
    """Write a conversation out for a model that was taught none: a line a message, its turn last."""
    lines = [f"{SPEAKERS[message.role]}: {message.text.strip()}" for message in messages]
    return "\n".join([*lines, "Assistant:"])


def _request(body: WordsBody, prompt: str, schema: str | None) -> TextRequest:
    options = {name: value for name in _SAME if (value := getattr(body, name, None)) is not None}
    stop = [body.stop] if isinstance(body.stop, str) else body.stop or []
    return TextRequest(
        prompt=prompt,
        seed=seed_of(body),
        count=body.n or 1,
        stop=tuple(text for text in stop if text),
        json_schema=schema,
        **options,
    )


def _schema(form: FormatBody | None) -> str | None:
    if form is None or form.type == "text":
        return None
    if form.type == "json_object":
        return '{"type": "object"}'
    if form.json_schema is None or form.json_schema.schema_ is None:
        raise Problem(400, "json_schema needs a schema", "invalid_value", "response_format")
    try:
        return json.dumps(form.json_schema.schema_, allow_nan=False)
    except (ValueError, RecursionError):
        raise Problem(400, "the schema is no JSON", "invalid_value", "response_format") from None


def _read_ids(ids: Sequence[Any], model: Any) -> str:
    most = len(model.tokenizer)
    if any(id >= most for id in ids):
        raise RequestError(f"a token id must be below {most}")
    return str(model.tokenizer.decode(list(ids)))
