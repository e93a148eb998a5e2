"""`--prompts`: a JSONL file with one wish a line."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fromnoise.cli.image_options import check_text
from fromnoise.errors import RequestError, unknown

_KEYS: dict[str, type] = {"prompt": str, "style": str, "seed": int, "negative": str}


@dataclass(frozen=True)
class Line:
    """One wish and where it stands in the file, counted from 1."""

    number: int
    prompt: str
    style: str | None = None
    seed: int | None = None
    negative: str | None = None


def read_prompts(path: Path) -> list[Line]:
    """Read and check the whole file; raise RequestError with the number of the first bad line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise RequestError(f"no prompts file at {path}") from None
    except UnicodeDecodeError:
        raise RequestError(f"{path} is not text in UTF-8; give a JSONL file") from None
    except OSError as error:
        raise RequestError(f"can't read {path}: {error.strerror}") from None
    lines = [
        _line(f"{path} line {number}", number, line)
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]
    if not lines:
        raise RequestError(f'{path} has no lines; write one such as {{"prompt": "a red apple"}}')
    return lines


def _line(where: str, number: int, text: str) -> Line:
    try:
        tree: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{where} is not JSON: {error}") from None
    if not isinstance(tree, dict):
        raise RequestError(f'{where} is not an object such as {{"prompt": "a red apple"}}')
    for key, value in tree.items():
        if key not in _KEYS:
            raise RequestError(f"{where}: {unknown('key', key, _KEYS)}")
        if value is not None and (isinstance(value, bool) or not isinstance(value, _KEYS[key])):
            raise RequestError(
                f"{where}: {key} is {value!r}; it takes a {'whole number' if key == 'seed' else 'text'}"
            )
    if tree.get("prompt") is None:
        raise RequestError(f"{where} has no prompt")
    check_text(f"{where}: prompt", tree["prompt"])
    check_text(f"{where}: negative", tree.get("negative") or "nothing")
    return Line(number, **tree)
