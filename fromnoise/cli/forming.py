"""What text comes out of masks looks like on a terminal while it forms; and the text that is written anew."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fromnoise.errors import RequestError
from fromnoise.requests import MASKED, TextDraft


def watched(news: Iterator[Any]) -> Iterator[Any]:
    """Show every draft in the place of the one before, on a terminal only, and hand on all other news.

    It is shown on stderr, and gone when the text is there.
    """
    if not sys.stderr.isatty():
        yield from (piece for piece in news if not isinstance(piece, TextDraft))
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    held = []  # what is told comes after the drafts, in one piece
    with Live(console=Console(stderr=True), transient=True, auto_refresh=False) as live:
        for piece in news:
            if not isinstance(piece, TextDraft):
                held.append(piece)
                continue
            head = f"text {piece.item + 1}, step {piece.step} of {piece.of}\n\n"
            draft = Text.assemble((head, "dim"), piece.text.expandtabs())
            draft.highlight_regex(f"{MASKED}+", "dim")
            live.update(draft, refresh=True)
    yield from held


def read_text(path: Path | None) -> str | None:
    """Return the text of a file, or raise RequestError."""
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").rstrip("\n")
    except UnicodeDecodeError as error:
        raise RequestError(f"{path} is not UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise RequestError(f"no text at {path}: {error.strerror}") from None
