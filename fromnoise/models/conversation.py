"""A conversation with a model: written as one text by the model's own template, in a sandbox."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from jinja2 import TemplateError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from fromnoise.errors import RequestError
from fromnoise.models.gpt import GPT
from fromnoise.requests import TextDelta, TextRequest, TextResult

LONGEST_TEMPLATE = 100_000  # characters
ANSWER = 256
"""Tokens kept free for an answer when nobody says how long it may be."""

TEMPERATURE, TOP_P = 0.2, 0.9
"""How boldly answers are chosen unless somebody says; from a context the likeliest one is taken."""

Message = Mapping[str, str]
"""role (system, user or assistant) and content."""


def written(template: str, messages: list[Message], special: Mapping[str, str]) -> str:
    """Write messages as one text that ends where the assistant is to speak.

    `special` are the texts of tokens that templates name, such as bos_token. The template can reach nothing
    of Python, and may refuse messages by raise_exception.
    """
    if len(template) > LONGEST_TEMPLATE:
        raise RequestError(f"the chat template is longer than {LONGEST_TEMPLATE} characters")

    def refuse(message: str) -> None:
        raise RequestError(f"the chat template refuses these messages: {message}")

    sandbox = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    sandbox.globals["raise_exception"] = refuse
    sandbox.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
    try:
        made = sandbox.from_string(template)
        return made.render(messages=list(messages), add_generation_prompt=True, **special)
    except SecurityError as error:
        raise RequestError(f"the chat template does what it may not do: {error}") from None
    except (TemplateError, TypeError, ValueError, OverflowError, MemoryError) as error:
        if isinstance(error, RequestError):
            raise
        raise RequestError(f"the chat template is broken: {error}") from None


def _calm(request: TextRequest, quoting: bool) -> TextRequest:
    """Fill in how boldly to choose."""
    if request.temperature is None:
        request = replace(request, temperature=0.0 if quoting else TEMPERATURE)
    return request if request.top_p is not None else replace(request, top_p=TOP_P)


@dataclass
class Conversation:
    """What was said so far, and the model that answers."""

    model: GPT
    system: str | None = None
    messages: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.model.chat_template is None:
            raise RequestError(
                f"{self.model.name!r} was not taught to converse (it has no chat template); "
                "`fromnoise text` lets it write on from a prompt"
            )

    def ask(
        self,
        words: str,
        request: TextRequest,
        context: str = "",
        draft: "GPT | Literal['lookup'] | None" = None,
    ) -> Iterator[TextDelta | TextResult]:
        """Say something and yield the answer as it comes; both are remembered.

        `context` is shown to the model with this question alone and not remembered. `request` says how to
        choose, `draft` what guesses ahead.
        """
        if not words.strip():
            raise RequestError("an empty message can't be answered")
        self.messages.append({"role": "user", "content": words})
        before = [] if context else self.messages[:-1]  # a small model would rather repeat itself than read
        shown = [*before, {"role": "user", "content": context + words}]
        try:
            prompt, forgotten = self._prompt(shown, request)
            answer = ""
            for news in self.model.answer(prompt, _calm(request, bool(context)), draft):
                if isinstance(news, TextResult):
                    answer = news.text
                    dropped = [f"the first {forgotten} messages no longer fit and were left out"]
                    news = replace(news, warnings=[*news.warnings, *dropped]) if forgotten else news
                yield news
        except BaseException:
            self.messages.pop()  # nothing was answered, so nothing was asked
            raise
        self.messages.append({"role": "assistant", "content": answer.strip()})

    def reset(self) -> None:
        """Forget what was said."""
        self.messages.clear()

    def _prompt(self, messages: list[dict[str, str]], request: TextRequest) -> tuple[list[int], int]:
        """Return the conversation in tokens, without its beginning if too long, and how much that is."""
        length = self.model.settings.net.length
        room = length - (request.max_tokens or min(ANSWER, length // 4))
        for forgotten in range(0, len(messages), 2):
            ids = self._tokens(messages[forgotten:])
            if len(ids) <= room:
                return ids, forgotten
        raise RequestError(
            f"the message has {len(ids)} tokens; with the answer there is room for {max(room, 0)}"
        )

    def _tokens(self, messages: list[dict[str, str]]) -> list[int]:
        begun = [{"role": "system", "content": self.system}] if self.system else []
        tokens = self.model.tokenizer
        special: dict[str, Any] = {"bos_token": "", "eos_token": ""}
        if tokens.start is not None:
            special["bos_token"] = tokens.tokenizer.id_to_token(tokens.start)
        if tokens.ends:
            special["eos_token"] = tokens.tokenizer.id_to_token(tokens.ends[0])
        text = written(str(self.model.chat_template), [*begun, *map(self._plain, messages)], special)
        return tokens.encode(text, control=True)

    def _plain(self, message: dict[str, str]) -> dict[str, str]:
        """Take control tokens out of what somebody said, so that nobody can speak for another."""
        content = message["content"]
        for token in self.model.tokenizer.controls:
            content = content.replace(token, "")
        return message | {"content": content}
