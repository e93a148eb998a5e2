"""What may be asked for: a policy is data, and a text is checked against it before anything is made."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from fromnoise.errors import UnsafePromptError

Action = Literal["block", "warn", "allow"]
_FIRST = re.compile(r"\b(naked|nude|nudes|porn|nsfw|hentai|behead|gore|self-harm)\b")


@dataclass(frozen=True)
class Verdict:
    """What the policy says of a text, and which rule says so."""

    action: Action
    category: str = ""
    rule: str = ""
    matched: str = ""


def check(prompt: str) -> Verdict:
    """Judge a text by the policy in force."""
    found = _FIRST.search(unicodedata.normalize("NFKC", prompt).casefold())
    return Verdict("block", "sexual", "words", found.group()) if found else Verdict("allow")


def require_safe(*texts: str | None) -> list[str]:
    """Raise UnsafePromptError for the first text that the policy blocks; return its warnings about the others."""
    warnings = []
    for verdict in (check(text) for text in texts if text):
        said = f"{verdict.category} (rule {verdict.rule}: {verdict.matched!r})"
        if verdict.action == "block":
            raise UnsafePromptError(f"Unsafe prompt detected: {said}")
        if verdict.action == "warn":
            warnings.append(f"the prompt may be unsafe: {said}")
    return warnings


def is_safe_prompt(prompt: str) -> bool:
    """Say whether the policy lets a text through."""
    return check(prompt).action != "block"
