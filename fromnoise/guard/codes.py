"""Words in code: base64, base32, hexadecimal, numbers for letters, Morse."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator

_ENCODED = re.compile(r"(?:[0-9a-fA-F]{2}){4,}|[A-Za-z0-9+/_-]{6,}={0,2}|[A-Z2-7]{8,}={0,6}")
_SAID = re.compile(r"[a-zA-Z][a-zA-Z0-9 ,.:;!?'-]{2,}")
_NUMBERS = re.compile(r"(?:(?:0[xXbB])?[0-9][0-9a-fA-F]{0,7}(?:[\s,;:.|/_-]+|$)){3,}")
_TOGETHER = re.compile(r"(?:[01]{8}){3,}")
_MORSE = re.compile(r"(?:[.\u00b7\u2022\u2013\u2212-]{1,4}(?:[ /|]+|$)){3,}")
_SPLIT = re.compile(r"[\s,;:.|/_-]+")
_DASHES = str.maketrans("\u00b7\u2022\u2013\u2212", "..--")
_LETTERS_IN_MORSE = """.- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..-
...- .-- -..- -.-- --.."""
_OF_MORSE = dict(zip(_LETTERS_IN_MORSE.split(), "abcdefghijklmnopqrstuvwxyz", strict=True))


def decoded(token: str) -> Iterator[str]:
    """Yield the texts that a token may be in base64, base32 or hexadecimal."""
    if len(token) < 8 or not _ENCODED.fullmatch(token):
        return
    for decode in (bytes.fromhex, _base64, base64.b32decode):
        try:
            text = decode(token).decode("utf-8")
        except (ValueError, binascii.Error):
            continue
        if _SAID.fullmatch(text):
            yield text


def _base64(token: str) -> bytes:
    return base64.urlsafe_b64decode(token.replace("/", "_").replace("+", "-") + "==")


def spelled_out(text: str, means: Callable[[str], bool]) -> str:
    """Put words in place of rows of numbers and of dots and dashes that mean something."""
    if any(sign.isdigit() for sign in text):
        text = _TOGETHER.sub(lambda row: _meant(row[0], _bytes(row[0]), means), text)
        text = _NUMBERS.sub(lambda row: _meant(row[0], _letters(_SPLIT.split(row[0])), means), text)
    if ". " in text or "- " in text or "\u2013 " in text:
        text = _MORSE.sub(lambda row: _meant(row[0], _of_morse(row[0]), means), text)
    return text


def _meant(row: str, said: Iterator[str], means: Callable[[str], bool]) -> str:
    return next((f"{text} " for text in said if means(text)), row)


def _bytes(bits: str) -> Iterator[str]:
    yield "".join(_letter(int(bits[at : at + 8], 2)) for at in range(0, len(bits), 8)).lower()


def _letters(numbers: list[str]) -> Iterator[str]:
    """Yield what numbers say: bytes in binary, in tens or in hexadecimal, or places in the alphabet."""
    numbers = [number for number in numbers if number]
    for base, first in ((2, 0), (10, 0), (10, 96), (16, 0), (8, 0)):
        try:
            codes = [int(number, base) + first for number in numbers]
        except ValueError:
            continue
        if all(32 <= code < 127 for code in codes):
            yield "".join(map(_letter, codes)).lower()


def _letter(code: int) -> str:
    letter = chr(code)
    return letter if letter.isascii() and letter.isalpha() else " "


def _of_morse(row: str) -> Iterator[str]:
    signs = row.translate(_DASHES).replace("/", " ").replace("|", " ").split()
    if all(sign in _OF_MORSE for sign in signs):
        yield "".join(_OF_MORSE[sign] for sign in signs)
