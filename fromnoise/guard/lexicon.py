"""The words that a policy speaks of, in all the ways they are hidden.

A form is a word as a policy means it, with its endings. The key of a token is what is left when letters that
stand in for others are put back (1, ! and | for i or l, 3 for e, ...) and repeats are one letter.
"""

import codecs
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

LONGEST = 24  # letters of a form
_REPEATED = 8  # times a letter may be repeated, on average
_STAND_INS = str.maketrans("0!|3456789@$+(<{[", "oileasgtbgastcccc")
_ALIKE = str.maketrans("i1", "ll")
_REPEATS = re.compile(r"(.)\1+")
_MASKED = re.compile(r"[a-z]*\.[a-z.]*")
_LONG = 10  # letters of a token that may hold short words too
_FILLERS = frozenset(["a", "an", "of", "to", "in", "on", "my", "me", "is"])
_VOWELS = re.compile("[aeiou]")
_ENDINGS = [
    "e",
    "s",
    "es",
    "ed",
    "d",
    "ing",
    "ion",
    "ions",
    "or",
    "ors",
    "er",
    "ers",
    "y",
    "ies",
    "ic",
    "ism",
    "ist",
    "ists",
    "al",
    "a",
    "o",
]
_LOSSY = 5  # letters of a form from which one may be missing
_SHORTEST = 4  # letters of a form that is looked for backwards, or in pieces


@dataclass(frozen=True)
class Lexicon:
    """Words of three weights; `innocent` are ordinary words that look like hidden ones."""

    strong: frozenset[str]
    """Meant wherever they stand."""
    weak: frozenset[str]
    """Meant only where somebody hides them."""
    known: frozenset[str]
    """Said beside others in a rule."""
    innocent: frozenset[str]
    within: frozenset[str]
    """Strong forms that stand inside ordinary words."""

    @cached_property
    def forms(self) -> frozenset[str]:
        """Return all forms."""
        return self.strong | self.weak | self.known

    @cached_property
    def bold(self) -> frozenset[str]:
        """Return the strong forms that are meant inside longer tokens too."""
        return self.strong - self.within

    @cached_property
    def latin(self) -> frozenset[str]:
        """Return the forms in plain Latin letters."""
        return frozenset(form for form in self.forms if form.isascii())

    @cached_property
    def _keys(self) -> dict[str, list[str]]:
        keys = defaultdict(list)
        for form in sorted(
            self.forms, key=lambda form: (form not in self.strong, form not in self.weak, form)
        ):
            if len(form) > 2:
                keys[_key(form)].append(form)
        return dict(keys)

    @cached_property
    def _hideable(self) -> frozenset[str]:
        """Return the forms that are long enough, or strong enough, to be known in pieces and in code."""
        return frozenset(
            form for form in self.strong | self.weak if len(form) >= _SHORTEST - (form in self.strong)
        )

    @cached_property
    def coded(self) -> dict[str, str]:
        """Return forms backwards, in rot13 and pig Latin, and mistyped."""
        taken = self.innocent | self.forms
        pairs = [
            (code, form)
            for form in sorted(self.latin & self.known)
            if len(form) > _SHORTEST
            for code in _whole_codes(form)
        ]
        for form in sorted(self.latin & self._hideable):
            pairs += [(code, form) for code in (*_whole_codes(form), *_slips(form, form in self.strong))]
        return {code: form for code, form in pairs if code not in taken and len(code) > 2}

    @cached_property
    def prefixes(self) -> frozenset[str]:
        """Return every beginning of a form that somebody may have torn apart."""
        return frozenset(form[:size] for form in self._hideable for size in range(1, len(form)))

    @cached_property
    def by_length(self) -> dict[int, str]:
        """Return the strong and weak forms of each length, one a line."""
        groups = defaultdict(list)
        for form in sorted(self.strong | self.weak):
            groups[len(form)].append(form)
        return {size: "\n".join(group) for size, group in groups.items()}

    def unhidden(self, token: str) -> str | None:
        """Return the form that a token stands for: letters replaced, repeated or coded; None for none."""
        if token in self.forms:
            return token
        if not 2 < len(token) <= LONGEST * _REPEATED or token in self.innocent:
            return None
        for form in self._keys.get(_key(token), ()):
            if _repeats(_stand_ins(token), _stand_ins(form)):
                return form
        return self.coded.get(token)

    def whole(self, token: str) -> str | None:
        """Return the strong or weak form that a token stands for."""
        form = self.unhidden(token)
        return form if form is not None and (form in self.strong or form in self.weak) else None

    def masked(self, token: str) -> str | None:
        """Return a form that fits a token in which some letters are dots; at least half must be said."""
        said = len(token) - token.count(".")
        if (
            not _MASKED.fullmatch(token)
            or said < max(2, 0.4 * len(token))
            or len(token) not in self.by_length
        ):
            return None
        found = re.search(f"^{token.replace('.', '[a-z]')}$", self.by_length[len(token)], re.MULTILINE)
        return found.group() if found else None

    def cut(self, token: str) -> list[str]:
        """Cut a token into forms and ordinary words that somebody glued together; [] when it is none."""
        before: dict[int, int] = {0: 0}  # a place that words reach -> where the last of them begins
        for at in range(len(token)):
            if at in before:
                for end in range(at + 1, min(at + LONGEST, len(token)) + 1):
                    if end not in before and self._glues(token[at:end], len(token)):
                        before[end] = at
        parts, end = [], len(token)
        while end and end in before:
            parts.append(token[before[end] : end])
            end = before[end]
        return parts[::-1] if end == 0 and any(len(part) > 3 and part in self.forms for part in parts) else []

    def _glues(self, piece: str, whole: int) -> bool:
        return (piece in _FILLERS and whole >= _LONG) or (
            len(piece) > 2 and (piece in self.forms or piece in self.innocent)
        )

    def spelled(self, letters: str, shortest: int = 3) -> list[str]:
        """Return the forms that a row of letters spells, those that explain most of it."""
        worth, chosen = [0] * (len(letters) + 1), [0] * (len(letters) + 1)  # of the letters from here on
        for at in range(len(letters) - 1, -1, -1):
            worth[at] = worth[at + 1]
            for size in range(shortest, min(LONGEST, len(letters) - at) + 1):
                form = letters[at : at + size]
                if form in self.forms:
                    gain = worth[at + size] + (size if form in self.known else 2 * size)
                    if gain > worth[at]:
                        worth[at], chosen[at] = gain, size
        found, at = [], 0
        while at < len(letters):
            found += [letters[at : at + chosen[at]]] if chosen[at] else []
            at += chosen[at] or 1
        return found


def inflected(entry: str) -> Iterator[str]:
    """Yield the forms of an entry: itself and its plural; after a star with every ending."""
    if entry.endswith("*"):
        yield entry[:-1]
        yield from (entry[:-1] + ending for ending in _ENDINGS)
        return
    yield entry
    if entry.isascii() and entry.isalpha() and entry[-1] not in "sz":
        yield from (entry + "s", entry + "z")
    if entry.endswith("y") and entry[-2:-1] not in "aeiou":
        yield entry[:-1] + "ies"


def all_inflected(entries: Iterable[str]) -> frozenset[str]:
    """Return the forms of many entries."""
    return frozenset(form for entry in entries for form in inflected(entry))


def _whole_codes(form: str) -> Iterator[str]:
    """Yield a form backwards, in rot13 and in pig Latin."""
    if len(form) >= _SHORTEST - 1:
        yield form[::-1]
        yield codecs.encode(form, "rot13")
    if (first := _VOWELS.search(form)) and len(form) >= _SHORTEST:
        yield form[first.start() :] + form[: first.start()] + "ay"
        yield form[first.start() :] + form[: first.start()] + "way"


def _slips(form: str, strong: bool) -> Iterator[str]:
    """Yield a form with two letters swapped, with one left out, and without vowels."""
    size = len(form)
    if size > _SHORTEST - strong:
        yield from (form[:at] + form[at + 1] + form[at] + form[at + 2 :] for at in range(1, size - 1))
    if size > _LOSSY + 2 * (not strong):
        yield from (form[:at] + form[at + 1 :] for at in range(1, size - 1))
    for bare in (form[0] + _VOWELS.sub("", form[1:]), _VOWELS.sub("", form)):
        if len(bare) >= _SHORTEST:
            yield bare


def _stand_ins(token: str) -> str:
    return token.translate(_STAND_INS)


def _key(token: str) -> str:
    return _REPEATS.sub(r"\1", token.translate(_STAND_INS)).translate(_ALIKE)


def _repeats(token: str, form: str) -> bool:
    """Tell whether the token has each letter as often in a row as the form; their keys are equal."""
    if len(token) < len(form):
        return False
    return all(one <= other for one, other in zip(_runs(form), _runs(token), strict=True))


def _runs(token: str) -> list[int]:
    return [len(run.group()) for run in re.finditer(r"(.)\1*", token)]
