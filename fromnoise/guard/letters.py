"""One letter at a time: what is invisible, what it looks like, how it sounds."""

import re
import tomllib
import unicodedata
from collections.abc import Callable
from functools import cache
from importlib.resources import files

_TABLES: dict[str, dict[str, str]] = tomllib.loads(
    files("fromnoise.guard").joinpath("letters.toml").read_text(encoding="utf-8")
)
_NAMED = re.compile(
    r"(?:LATIN|REGIONAL INDICATOR|TAG|NEGATIVE|CIRCLED|SQUARED|PARENTHESIZED|CROSSED)"
    r".*?\b(?:LETTER |SYMBOL LETTER )"
    r"(?:SMALL |CAPITAL |[A-Z]+ED |[A-Z]+LESS |SIDEWAYS |SCRIPT |OPEN |LONG |INSULAR )*"
    r"([A-Z])(?: .*)?"
)
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5\u0640")
"""Letters by their category, and nothing to see."""
_SPACES = frozenset("\t\n\r\v\f\x85\u2028\u2029")
_KEEPS_MARKS = range(0x0900, 0x1000)  # the scripts of India, Thai, Lao, Tibetan: their vowels are marks


def _turned(tables: dict[str, str]) -> dict[str, str]:
    return {letter: read for read, letters in tables.items() for letter in letters.casefold()}


_LOOKS, _SOUNDS, _DOTS = (_turned(_TABLES[name]) for name in ("look", "sound", "dots"))


class Letters:
    """A table for str.translate whose entries are worked out when they are first asked for."""

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read = read

    def __getitem__(self, code: int) -> str:
        return self._read(chr(code))


@cache
def _seen(letter: str) -> str:
    """Return a letter as it is seen: nothing for what is invisible, plain letters for framed ones."""
    if letter in _SPACES:
        return " "
    if letter in _BLANK or unicodedata.category(letter) in ("Cf", "Cc", "Cn", "Co"):
        tag = ord(letter) - 0xE0000
        return chr(tag) if 0x20 <= tag < 0x7F else ""
    if unicodedata.category(letter) in ("Mn", "Me"):
        return letter if ord(letter) in _KEEPS_MARKS else ""
    if unicodedata.category(letter) == "So" and (framed := _NAMED.fullmatch(unicodedata.name(letter))):
        return framed[1].lower()
    return _DOTS.get(letter, letter)


@cache
def _look(letter: str) -> str:
    """Return the Latin letter that a folded letter looks like, or itself."""
    if letter < "\x80":
        return letter
    if letter in _LOOKS:
        return _LOOKS[letter]
    named = _NAMED.fullmatch(unicodedata.name(letter, ""))
    return named[1].lower() if named else letter


@cache
def _sound(letter: str) -> str:
    return _SOUNDS.get(letter, letter)


SEEN, LOOK, SOUND = Letters(_seen), Letters(_look), Letters(_sound)
