"""The tokenizer of a Hugging Face folder, and what its configuration says of beginnings, ends and chats."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from fromnoise.codecs.text_tokens import TextTokens
from fromnoise.errors import CheckpointError, OutputError, RequestError
from fromnoise.interop.foreign import read_json

TOKENIZER, SETTINGS = "tokenizer.json", "tokenizer_config.json"
GENERATION, TEMPLATE = "generation_config.json", "chat_template.jinja"


class NoTokens(TextTokens):
    """Stand for a tokenizer that didn't come with the weights: ids alone go in and out."""

    def __init__(self, where: str, vocabulary: int, ends: Sequence[int]) -> None:
        super().__init__(Tokenizer.from_str(_NOTHING), None, ends)
        self._where, self._vocabulary = where, vocabulary

    def __len__(self) -> int:
        return self._vocabulary

    def encode(self, text: str, control: bool = False) -> list[int]:
        """Raise RequestError."""
        raise RequestError(f"{self._where} has no {TOKENIZER}, so its model takes and gives token ids alone")

    def decode(self, ids: Sequence[int]) -> str:
        """Raise RequestError."""
        raise RequestError(f"{self._where} has no {TOKENIZER}, so its model takes and gives token ids alone")

    def save(self, path: Path) -> None:
        """Raise OutputError."""
        raise OutputError(f"{self._where} has no {TOKENIZER}; a model is kept together with its own")


_NOTHING = '{"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": {}, "merges": []}}'


@dataclass(frozen=True)
class Told:
    """What a folder's small files say."""

    tokens: TextTokens
    chat_template: str | None


def read_tokens(folder: Path, config: dict[str, Any], vocabulary: int) -> Told:
    """Read the tokenizer, its first and last tokens and its chat template."""
    told = _json_if_there(folder / SETTINGS)
    generation = _json_if_there(folder / GENERATION)
    tokenizer = _tokenizer(folder / TOKENIZER)
    ends = _below(vocabulary, _ids("eos_token_id", generation, config))
    template = _template(folder, told)
    if tokenizer is None:
        return Told(NoTokens(str(folder), vocabulary, ends), template)
    highest = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)
    if highest >= vocabulary:
        raise CheckpointError(
            f"{folder / TOKENIZER} has token {highest}, but the model knows {vocabulary} tokens"
        )
    ends = ends or _named(tokenizer, told.get("eos_token"))
    starts = _ids("bos_token_id", generation, config) or _named(tokenizer, told.get("bos_token"))
    return Told(TextTokens(tokenizer, _start(tokenizer, starts, told), ends), template)


def _start(tokenizer: Tokenizer, starts: Sequence[int], told: dict[str, Any]) -> int | None:
    """Return the token that the tokenizer puts before a text; a bos id alone doesn't say that it does."""
    before = tokenizer.encode("", add_special_tokens=True).ids[:1]
    if before and before[0] in starts:
        return int(before[0])
    return starts[0] if starts and told.get("add_bos_token") is True else None


def _tokenizer(path: Path) -> Tokenizer | None:
    if not path.is_file():
        return None
    try:
        return Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # tokenizers raises plain Exception for every fault of the file
        raise CheckpointError(f"{path} is no tokenizer: {error}") from None


def _ids(key: str, *trees: dict[str, Any]) -> tuple[int, ...]:
    """Return the id or ids under a key in the first tree that has it."""
    found: object = next((tree[key] for tree in trees if tree.get(key) is not None), [])
    listed = found if isinstance(found, list) else [found]
    if not all(isinstance(one, int) and not isinstance(one, bool) for one in listed):
        raise CheckpointError(f"{key} should be a token id or a list of them, got {found!r}")
    return tuple(listed)


def _below(vocabulary: int, ids: Sequence[int]) -> tuple[int, ...]:
    """Leave out ids that no text of this model has; small test models carry those of their big ones."""
    return tuple(one for one in ids if 0 <= one < vocabulary)


def _named(tokenizer: Tokenizer, token: object) -> tuple[int, ...]:
    content = token.get("content") if isinstance(token, dict) else token
    found = tokenizer.token_to_id(content) if isinstance(content, str) else None
    return () if found is None else (int(found),)


def _template(folder: Path, told: dict[str, Any]) -> str | None:
    path = folder / TEMPLATE
    if path.is_file():
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise CheckpointError(f"{path} is no UTF-8: {error}") from None
    found = told.get("chat_template")
    if isinstance(found, list):  # several by name; the one called default is meant
        named = {one.get("name"): one.get("template") for one in found if isinstance(one, dict)}
        found = named.get("default")
    return found if isinstance(found, str) else None


def _json_if_there(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}
