"""Sentences and what in them can be checked: numbers, names, negation and the words that carry meaning."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

_ENGLISH: dict[str, Any] = tomllib.loads(
    files("fromnoise.guard").joinpath("english.toml").read_text(encoding="utf-8")
)
_ABBREVIATIONS = frozenset(_ENGLISH["abbreviations"].split())
_SMALL = frozenset(_ENGLISH["small"].split())
_ASKING = frozenset(_ENGLISH["asking"].split())
_POINTING = frozenset(_ENGLISH["pointing"].split())
_NEGATIONS = frozenset(_ENGLISH["negations"].split())
_NUMBERS = {word: value for value, word in enumerate(_ENGLISH["units"].split())}
_NUMBERS |= {word: 10 * place for place, word in enumerate(_ENGLISH["tens"].split(), start=2)}
_ORDINALS, _SCALES = _ENGLISH["ordinals"], _ENGLISH["scales"]
_MONTHS, _DAYS = _ENGLISH["months"].split(), _ENGLISH["days"].split()
_SHORT: dict[str, str] = {month[:3]: month for month in _MONTHS if month != "may"} | {"sept": "september"}

_APOSTROPHE = "['\u2019]"
_WORD = re.compile(rf"[^\W\d_]+(?:{_APOSTROPHE}[^\W\d_]+)*|\d[\d,.:/]*\d|\d|%|[$€£]")
_END = re.compile(r"[.!?][\"'\u201d\u2019)\]]*(?=\s)|\n\s*\n|\n(?=\s*(?:[-*#>|]|\d+[.)]))|$")
_SCOPE = 2  # words after a negation that it surely denies


@dataclass(frozen=True)
class Token:
    """One word, number or sign, where it stands, and what is compared of it."""

    text: str
    start: int
    end: int

    @cached_property
    def lower(self) -> str:
        """Return the word without case and possessive."""
        return re.sub(rf"{_APOSTROPHE}s$", "", self.text.lower())


@dataclass(frozen=True)
class Sentence:
    """A sentence of a text, by its span."""

    text: str
    start: int
    end: int

    @cached_property
    def tokens(self) -> list[Token]:
        """Return its words, numbers and signs."""
        return [Token(found.group(), found.start(), found.end()) for found in _WORD.finditer(self.text)]

    @cached_property
    def facts(self) -> list[str]:
        """Return its numbers, dates and names in their order, each in one spelling."""
        return [fact for fact, _ in self._facts]

    @cached_property
    def _facts(self) -> list[tuple[str, range]]:
        """Return facts with the tokens that they are made of."""
        found: list[tuple[str, range]] = []
        place = 0
        while place < len(self.tokens):
            value, after = _number(self.tokens, place)
            if value is not None:
                found.append((value, range(place, after)))
            elif name := _name(self.tokens, place):
                found.append((name, range(place, place + 1)))
            place = max(after, place + 1)
        return found

    @cached_property
    def mentions(self) -> list[str]:
        """Return its facts and its first word, which may be a name too."""
        first = self.tokens[0].lower if self.tokens else ""
        return self.facts if not first or first in self.facts[:1] else [first, *self.facts]

    @cached_property
    def words(self) -> list[str]:
        """Return the stems of the words that carry meaning and are no fact."""
        taken = {place for _, places in self._facts for place in places}
        lower = [token.lower for place, token in enumerate(self.tokens) if place not in taken]
        return [stem(word) for word in lower if _says(word)]

    @cached_property
    def denied(self) -> list[list[str]]:
        """Return, for every negation, the words that it denies: the next ones, or the last before it."""
        taken = {place: fact for fact, places in self._facts for place in places}
        said = [(place, taken.get(place) or stem(token.lower)) for place, token in enumerate(self.tokens)]
        said = [(place, word) for place, word in said if place in taken or _says(self.tokens[place].lower)]
        scopes = []
        for place, token in enumerate(self.tokens):
            if _negates(token.lower):
                after = [word for at, word in said if at > place][:_SCOPE]
                scopes.append(after or [word for at, word in said if at < place][-1:])
        return scopes


def sentences(text: str) -> Iterator[Sentence]:
    """Cut a text into sentences; headings, list items and table rows end with their line."""
    start = 0
    for found in _END.finditer(text):
        if found.group()[:1] == "." and _abbreviates(text[start : found.start()]):
            continue
        piece = text[start : found.end()]
        if piece.strip():
            lead = len(piece) - len(piece.lstrip())
            body = piece.strip()
            yield Sentence(body, start + lead, start + lead + len(body))
        start = found.end()


def clauses(sentence: Sentence) -> Iterator[Sentence]:
    """Cut a sentence at its semicolons."""
    start = 0
    for piece in sentence.text.split(";"):
        body = piece.strip()
        if body:
            at = sentence.start + sentence.text.index(body, start)
            yield Sentence(body, at, at + len(body))
        start += len(piece) + 1


def stem(word: str) -> str:
    """Cut what grammar adds to an English word."""
    for suffix, least in (("ies", 5), ("ing", 6), ("edly", 7), ("ed", 5), ("ly", 6), ("es", 5), ("s", 4)):
        if word.endswith(suffix) and len(word) >= least and not word.endswith("ss"):
            word = word[: -len(suffix)] + ("y" if suffix == "ies" else "")
            break
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def asks_for(question: str) -> list[str]:
    """Return the stems of what a question is about; of all its words when none carries meaning."""
    words = [word for word in re.findall(r"[^\W_]+", question.lower()) if len(word) > 1 or word.isdigit()]
    told = [word for word in words if word not in _SMALL and word not in _ASKING]
    return [stem(word) for word in told or words]


def points_back(question: str) -> bool:
    """Tell whether a question speaks of what was spoken of before: it, they, and what of ..."""
    return any(word in _POINTING for word in re.findall(r"[^\W_]+", question.lower()))


def _negates(word: str) -> bool:
    return word in _NEGATIONS or re.search(f"n{_APOSTROPHE}t$", word) is not None


def _says(word: str) -> bool:
    return word not in _SMALL and not _negates(word) and word[:1].isalpha()


def _abbreviates(before: str) -> bool:
    last = before.split()[-1].lower().lstrip("(\"'“") if before.split() else ""
    return last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha())


def _name(tokens: Sequence[Token], place: int) -> str | None:
    """Return a name's one spelling: a capitalised word that doesn't merely begin the sentence, or a day."""
    token = tokens[place]
    lower = token.lower
    if lower in _DAYS or (lower in _MONTHS and token.text[:1].isupper()):
        return lower
    if lower in _SHORT and token.text[:1].isupper() and len(token.text) <= 4:
        return _SHORT[lower]
    if lower in _SMALL or lower in _NEGATIONS or not token.text[:1].isupper():
        return None
    inside = any(letter.isupper() for letter in token.text[1:])
    follows = place + 1 < len(tokens) and tokens[place + 1].text[:1].isupper()
    return lower if place > 0 or inside or follows else None


def _number(tokens: Sequence[Token], place: int) -> tuple[str | None, int]:
    """Return the number that begins at a token, in digits with % or currency, and where it ends."""
    sign = tokens[place].text if tokens[place].text in "$€£" else ""
    after = place + 1 if sign else place
    value, after = _digits(tokens, after) if after < len(tokens) else (None, after)
    if value is None:
        value, after = _in_words(tokens, after)
    if value is None:
        return None, place + 1
    while after < len(tokens) and tokens[after].lower in _SCALES:
        value, after = value * _SCALES[tokens[after].lower], after + 1
    if after < len(tokens) and tokens[after].lower in ("%", "percent"):
        sign, after = "%", after + 1
    return f"{value:.12g}{sign}", after


def _digits(tokens: Sequence[Token], place: int) -> tuple[float | None, int]:
    text = tokens[place].text
    if not text[0].isdigit():
        return None, place
    plain = text.replace(",", "")
    try:
        value = float(plain)
    except ValueError:  # 12:30, 1/2, 3.11.2: compared as they are, by a number made of all their digits
        value = float("".join(letter for letter in plain if letter.isdigit()) + "5") * 10
    follows = place + 1 < len(tokens) and tokens[place + 1].lower in ("st", "nd", "rd", "th")
    return value, place + (2 if follows and tokens[place + 1].start == tokens[place].end else 1)


def _in_words(tokens: Sequence[Token], place: int) -> tuple[float | None, int]:
    total, after = None, place
    while after < len(tokens) and tokens[after].lower in _NUMBERS:
        part = _NUMBERS[tokens[after].lower]
        if total is not None and not (total % 10 == 0 and total >= 20 and part < 10):
            break
        total, after = (total or 0) + part, after + 1
    if total is None and place < len(tokens) and tokens[place].lower in _ORDINALS:
        return float(_ORDINALS[tokens[place].lower]), place + 1
    if total is None and place + 1 < len(tokens) and tokens[place].lower == "a":
        scaled = tokens[place + 1].lower in _SCALES
        return (1.0, place + 1) if scaled else (None, place)
    return (None if total is None else float(total)), after
