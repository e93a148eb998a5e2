"""Only what fits a JSON schema: which tokens may come next, as llguidance finds it.

Legend: B sequences, V vocabulary.
"""

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fromnoise.codecs.text_tokens import TextTokens
from fromnoise.errors import MissingPackageError, RequestError

_COMPACT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""One way to space it, or a small model may go on with blanks for ever."""


class JSONSchema:
    """Allow what goes on towards JSON of a schema, then the end; an `Allowed` of the decoding loop."""

    def __init__(self, schema: str, tokens: TextTokens, vocabulary: int, count: int) -> None:
        """Prepare for `count` texts; raise RequestError when the schema or the tokens won't do."""
        guidance = _llguidance()
        if not tokens.ends:
            raise RequestError("this model has no end token, so JSON would never end")
        self._vocabulary, self._ends = vocabulary, list(tokens.ends)
        read = guidance.LLTokenizer(
            tokens.tokenizer.to_str(), n_vocab=vocabulary, eos_token=list(tokens.ends)
        )
        try:
            grammar = guidance.LLMatcher.grammar_from_json_schema(schema_text(schema), defaults=_COMPACT)
        except ValueError as error:  # nested too deeply, say
            raise RequestError(f"the JSON schema can't be used: {error}") from None
        if problem := guidance.LLMatcher.validate_grammar(grammar, read):
            raise RequestError(f"the JSON schema can't be used: {problem}")
        self._matchers = [guidance.LLMatcher(read, grammar, log_level=0) for _ in range(count)]

    def __call__(self, step: int, chosen: Tensor) -> Tensor:
        """Return which tokens may follow those chosen so far (B, step): bool (B, V)."""
        if step:
            for matcher, token in zip(self._matchers, chosen[:, -1].tolist(), strict=True):
                if not matcher.is_stopped():
                    matcher.consume_token(token)
        return torch.stack([self._row(matcher) for matcher in self._matchers])

    def _row(self, matcher: Any) -> Tensor:
        if matcher.is_error():
            raise RequestError(f"the JSON schema can't be followed: {matcher.get_error()}")
        if matcher.is_stopped():
            row = torch.zeros(self._vocabulary, dtype=torch.bool)
            row[self._ends] = True
            return row
        bits = np.frombuffer(matcher.compute_bitmask(), np.uint8)
        return torch.from_numpy(np.unpackbits(bits, bitorder="little")[: self._vocabulary].astype(bool))


def schema_text(schema: str | Mapping[str, Any]) -> str:
    """Return a schema as JSON; raise RequestError when it is none."""
    try:
        tree = json.loads(schema) if isinstance(schema, str) else dict(schema)
        told = json.dumps(tree)
    except (ValueError, TypeError, RecursionError) as error:
        raise RequestError(f"the JSON schema is no JSON: {error}") from None
    if not isinstance(tree, dict):
        raise RequestError(f'a JSON schema is an object such as {{"type": "object"}}, got {told[:60]}')
    return told


def _llguidance() -> Any:
    try:
        return import_module("llguidance")
    except ImportError:
        raise MissingPackageError(
            'output by a JSON schema takes one more package: pip install "fromnoise[json]"'
        ) from None
