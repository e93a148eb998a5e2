"""How a terminal is shown a picture, if it can be."""

from collections.abc import Callable

import pytest

from fromnoise.cli.terminal import iterm, kitty, picture_protocol


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({}, None),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-kitty"}, kitty),
        ({"KITTY_WINDOW_ID": "1"}, kitty),
        ({"TERM_PROGRAM": "WezTerm"}, iterm),
        ({"TERM_PROGRAM": "iTerm.app", "TMUX": "x"}, None),
    ],
)
def test_terminals_get_pictures_in_their_own_words(
    environment: dict[str, str], protocol: Callable[[bytes], str] | None
) -> None:
    assert picture_protocol(environment) is protocol


def test_kitty_takes_pictures_in_chunks() -> None:
    words = kitty(b"x" * 5000).split("\033\\")
    assert words[0].startswith("\033_Ga=T,f=100,m=1;")
    assert words[1].startswith("\033_Gm=0;")
    assert all(len(word) < 4096 + 30 for word in words)
    assert iterm(b"abc") == "\033]1337;File=inline=1;size=3:YWJj\a"
