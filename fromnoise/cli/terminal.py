"""What a terminal shows beside text: a progress bar, and the picture itself where it can."""

import base64
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

_CHUNK = 4096  # characters; the kitty protocol's limit
_TITLE = 40  # characters of the prompt beside the bar
Report = Callable[[float, float], None]


@contextmanager
def progress(title: str) -> Iterator[Report]:
    """Show a bar on stderr while the block runs, on a terminal only; the block reports (done, of)."""
    if not sys.stderr.isatty():
        yield lambda done, of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    console, shared = Console(stderr=True), sys.stdout.isatty()  # a piped stdout is not the bar's to print
    with Progress(*columns, console=console, transient=True, redirect_stdout=shared) as bar:
        task = bar.add_task(title[:_TITLE], total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def show(png: bytes) -> None:
    """Print a PNG in the terminal, when stdout is one that can show pictures."""
    protocol = picture_protocol(os.environ) if sys.stdout.isatty() else None
    if protocol:
        print(protocol(png), flush=True)


def picture_protocol(environment: Mapping[str, str]) -> Callable[[bytes], str] | None:
    """Choose how the terminal takes pictures; None when it takes none, or sits behind tmux or screen."""
    if "TMUX" in environment or environment.get("TERM", "").startswith("screen"):
        return None
    if "KITTY_WINDOW_ID" in environment or environment.get("TERM") in ("xterm-kitty", "xterm-ghostty"):
        return kitty
    return iterm if environment.get("TERM_PROGRAM") in ("iTerm.app", "WezTerm") else None


def kitty(png: bytes) -> str:
    """Word a PNG in kitty's graphics protocol."""
    text = base64.b64encode(png).decode("ascii")
    chunks = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    heads = ["a=T,f=100,"] + [""] * (len(chunks) - 1)
    more = [1] * (len(chunks) - 1) + [0]
    return "".join(
        f"\033_G{head}m={m};{chunk}\033\\" for head, m, chunk in zip(heads, more, chunks, strict=True)
    )


def iterm(png: bytes) -> str:
    """Word a PNG in iTerm2's inline image protocol."""
    return f"\033]1337;File=inline=1;size={len(png)}:{base64.b64encode(png).decode('ascii')}\a"
