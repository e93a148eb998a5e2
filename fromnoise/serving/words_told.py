"""The two forms in which OpenAI tells of words: messages of a conversation, and plain text."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fromnoise.requests import TextResult

Told = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """How choices, pieces and ends are written."""

    prefix: str
    object: str
    chunk_object: str
    first: Callable[[int], list[Told]]
    """What a choice's stream begins with."""
    piece: Callable[[int, str], Told]
    last: Callable[[int, str, Told | None], Told]
    choice: Callable[[int, str, str, Told | None], Told]
    likelihoods: Callable[[list[str], list[float], int], Told]


def usage_of(read: int, written: int) -> Told:
    """Return how many tokens were read and written."""
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def choice_logprobs(form: Form, result: TextResult, place: int, tokenizer: Any, top: int) -> Told:
    """Return the tokens of a text with their log-probabilities; of each, the chosen one alone is known."""
    tokens = [tokenizer.tokenizer.decode([id], skip_special_tokens=False) for id in result.tokens[place]]
    return form.likelihoods(tokens, result.log_probabilities[place], top)


def _chat_first(index: int) -> list[Told]:
    delta = {"role": "assistant", "content": ""}
    return [{"index": index, "delta": delta, "finish_reason": None, "logprobs": None}]


def _chat_piece(index: int, text: str) -> Told:
    return {"index": index, "delta": {"content": text}, "finish_reason": None, "logprobs": None}


def _chat_last(index: int, ending: str, likely: Told | None) -> Told:
    return {"index": index, "delta": {}, "finish_reason": ending, "logprobs": likely}


def _chat_choice(index: int, text: str, ending: str, likely: Told | None) -> Told:
    message = {"role": "assistant", "content": text.strip(), "refusal": None}
    return {"index": index, "message": message, "finish_reason": ending, "logprobs": likely}


def _chat_likelihoods(tokens: list[str], likely: list[float], top: int) -> Told:
    content = []
    for token, value in zip(tokens, likely, strict=True):
        one = {"token": token, "logprob": value, "bytes": list(token.encode())}
        content.append({**one, "top_logprobs": [one] if top else []})
    return {"content": content, "refusal": None}


def _plain_piece(index: int, text: str) -> Told:
    return {"index": index, "text": text, "finish_reason": None, "logprobs": None}


def _plain_last(index: int, ending: str, likely: Told | None) -> Told:
    return {"index": index, "text": "", "finish_reason": ending, "logprobs": likely}


def _plain_choice(index: int, text: str, ending: str, likely: Told | None) -> Told:
    return {"index": index, "text": text, "finish_reason": ending, "logprobs": likely}


def _plain_likelihoods(tokens: list[str], likely: list[float], top: int) -> Told:
    offsets = [0]
    for token in tokens:
        offsets.append(offsets[-1] + len(token))
    best = [{token: value} for token, value in zip(tokens, likely, strict=True)]
    return {
        "tokens": tokens,
        "token_logprobs": likely,
        "text_offset": offsets[:-1],
        "top_logprobs": best if top else None,
    }


CHAT = Form(
    "chatcmpl",
    "chat.completion",
    "chat.completion.chunk",
    _chat_first,
    _chat_piece,
    _chat_last,
    _chat_choice,
    _chat_likelihoods,
)
PLAIN = Form(
    "cmpl",
    "text_completion",
    "text_completion",
    lambda index: [],
    _plain_piece,
    _plain_last,
    _plain_choice,
    _plain_likelihoods,
)
