"""The words that a policy speaks of, in all the ways they are hidden.

A form is a word as a policy means it, with its endings. The key of a token is what is left when letters that
stand in for others are put back (1, ! and | for i or l, 3 for e, ...) and repeats are one letter.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from fromnoise.guard.forms import in_code, mistyped, one_off, shortened, sound

DIGITS = tuple(str.maketrans("01!|3456789@$+", letters) for letters in ("oiiieasgtbgast", "ollleasgtbgast"))
LONGEST = 24  # letters of a form
_REPEATED = 8  # times a letter may be repeated, on average
_STAND_INS = str.maketrans("0!|3456789@$+(<{[", "oileasgtbgastcccc")
_ALIKE = str.maketrans("i1", "ll")
_REPEATS = re.compile(r"(.)\1+")
_MASKED = re.compile(r"[a-z.0-9&#@$!+]+")
_SURE = re.compile("[a-z]")
_MAYBE = {
    "1": "[ilt]", "2": "[rsz]", "4": "[ah]", "6": "[bg]", "7": "[tl]", "9": "[gpq]", "&": "[eg]",
    "#": "[a-z]", "0": "[o]", "3": "[e]", "5": "[s]", "8": "[b]", "@": "[a]", "$": "[s]", "!": "[il]",
    "+": "[t]", ".": "[a-z]",
}  # fmt: skip
_LONG = 10  # letters of a token that may hold short words too
_FILLERS = frozenset(["a", "an", "of", "to", "in", "on", "my", "me", "is"])
_SHORTEST = 4  # letters of a form that is looked for in pieces
_TYPED = 6  # letters of a strong form that may have one wrong or too many; of a weak one, two more
_HEARD = 5  # letters of a strong form that may be spelled as it sounds; of a weak one, two more


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

    def says(self, text: str) -> bool:
        """Tell whether letters in a row hold a form, and one that is no chance."""
        return any(len(form) >= _SHORTEST or form in self.strong for form in self.spelled(text))

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
            for code in in_code(form)
        ]
        for form in sorted(self.latin & self._hideable):
            pairs += [(code, form) for code in (*in_code(form), *mistyped(form, form in self.strong))]
        return {code: form for code, form in pairs if code not in taken and len(code) > 2}

    @cached_property
    def _heard(self) -> dict[str, str]:
        """Return forms by their sound, strong ones before weak ones."""
        forms = sorted(self._lasting(_HEARD), key=lambda form: (form in self.strong, form))
        return {sound(form): form for form in forms}

    @cached_property
    def _shuffled(self) -> dict[str, str]:
        """Return forms by their letters, of which the first and the last stay where they are."""
        return {_letters(form): form for form in sorted(self._lasting(_HEARD))}

    @cached_property
    def _shortened(self) -> dict[str, list[str]]:
        """Return forms by what is left when any letter but the first is left out, and by themselves."""
        found = defaultdict(list)
        for form in sorted(self._lasting(_TYPED)):
            for short in (form, *shortened(form)):
                found[short].append(form)
        return dict(found)

    def _lasting(self, letters: int) -> set[str]:
        """Return the strong Latin forms of so many letters, and the weak ones of two more."""
        forms = (self.strong | self.weak) & self.latin
        return {form for form in forms if len(form) >= letters + 2 * (form in self.weak) and form[-1] != "z"}

    @cached_property
    def prefixes(self) -> frozenset[str]:
        """Return every beginning of a form that somebody may have torn apart."""
        return frozenset(form[:size] for form in self._hideable for size in range(1, len(form)))

    @cached_property
    def by_length(self) -> dict[int, str]:
        """Return the strong and weak forms of each length, one a line."""
        groups = defaultdict(list)
        for form in sorted(self.strong) + sorted(self.weak):
            groups[len(form)].append(form)
        return {size: "\n".join(group) for size, group in groups.items()}

    def unhidden(self, token: str) -> str | None:
        """Return the form that a token stands for: letters replaced, repeated or coded; None for none."""
        if form := self.replaced(token):
            return form
        if not 2 < len(token) <= LONGEST or token in self.innocent:
            return None
        ways = [token] if token.isalpha() else [token.translate(digits) for digits in DIGITS]
        return next((self.coded[way] for way in ways if way in self.coded), None)

    def replaced(self, token: str) -> str | None:
        """Return the form that a token is, when letters that were replaced or repeated are put back."""
        if token in self.forms:
            return token
        if not 2 < len(token) <= LONGEST * _REPEATED or token in self.innocent:
            return None
        for form in self._keys.get(_key(token), ()):
            if _repeats(_stand_ins(token), _stand_ins(form)):
                return form
        return None

    def meant(self, token: str) -> str | None:
        """Return the strong or weak form that a token misspells: as it sounds, or with one letter wrong."""
        if token in self.innocent or token in self.forms or not _HEARD <= len(token) <= LONGEST:
            return None
        if form := self._heard.get(sound(token)) or self._shuffled.get(_letters(token)):
            return form
        for short in (token, *shortened(token)):
            for form in self._shortened.get(short, ()):
                if one_off(token, form):
                    return form
        return None

    def whole(self, token: str) -> str | None:
        """Return the strong or weak form that a token stands for."""
        form = self.unhidden(token)
        return form if form in self.strong or form in self.weak else None

    def joined(self, pieces: str) -> str | None:
        """Return the strong or weak form that pieces make, which are not in code as well."""
        form = self.replaced(pieces)
        return form if form in self.strong or form in self.weak else None

    def masked(self, token: str) -> str | None:
        """Return a form that fits a token in which dots stand for any letter, and signs for some."""
        sure, unsaid = len(_SURE.findall(token)), token.count(".")
        if len(token) not in self.by_length or token in self.innocent or sure < (2 if unsaid else 1):
            return None
        if not _MASKED.fullmatch(token) or len(token) - unsaid < 0.4 * len(token):
            return None
        letters = "".join(_MAYBE.get(sign, sign) for sign in token)
        found = re.search(f"^{letters}$", self.by_length[len(token)], re.MULTILINE)
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


def _stand_ins(token: str) -> str:
    return token.translate(_STAND_INS)


def _letters(token: str) -> str:
    return token[0] + "".join(sorted(token[1:-1])) + token[-1]


def _key(token: str) -> str:
    return _REPEATS.sub(r"\1", token.translate(_STAND_INS)).translate(_ALIKE)


def _repeats(token: str, form: str) -> bool:
    """Tell whether the token has each letter as often in a row as the form; their keys are equal."""
    if len(token) < len(form):
        return False
    return all(one <= other for one, other in zip(_runs(form), _runs(token), strict=True))


def _runs(token: str) -> list[int]:
    return [len(run.group()) for run in re.finditer(r"(.)\1*", token)]
