"""A word in all its forms: inflected, in code, mistyped, spelled as it sounds."""

import codecs
import re
from collections.abc import Iterable, Iterator

_ENDINGS = (
    "e", "s", "es", "ed", "d", "ing", "ion", "ions", "or", "ors", "er", "ers", "y", "ies", "ic", "ism", "ist",
    "ists", "al", "a", "o",
)  # fmt: skip
_VERB = ("s", "ed", "ing", "in", "er", "ers")
_DOUBLES = re.compile("[^aeiou][aeiou][bdglmnprt]")
"""Endings whose last letter is doubled: stab, stabbing."""
_VOWELS = re.compile("[aeiou]")
_REPEATS = re.compile(r"(.)\1+")
_REVERSED_ALPHABET = str.maketrans("abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba")
_SHORTEST = 4  # letters of a form that is looked for backwards, or in pieces
_LOSSY = 5  # letters of a form from which one may be missing
_SPELLED = (("ph", "f"), ("ck", "k"), ("oo", "u"), ("x", "ks"))
_SOUNDS = str.maketrans("cqz", "kks")


def inflected(entry: str) -> Iterator[str]:
    """Yield the forms of an entry: its plural; after a plus those of a verb, after a star any ending."""
    word = entry.rstrip("*+")
    yield word
    if entry[-1] == "*":
        yield from (word + ending for ending in _ENDINGS)
    if entry[-1] in "*+":
        yield from _conjugated(word)
    elif word.isascii() and word.isalpha():
        yield from (word + "s", word + "z") if word[-1] not in "sz" else ()
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        yield word[:-1] + "ies"


def all_inflected(entries: Iterable[str]) -> frozenset[str]:
    """Return the forms of many entries."""
    return frozenset(form for entry in entries for form in inflected(entry))


def _conjugated(verb: str) -> Iterator[str]:
    stem = verb
    if verb.endswith("e"):
        yield from (verb + "s", verb + "d", verb + "r", verb + "rs")
        stem = verb[:-1]
    elif verb.endswith("y"):
        yield from (verb[:-1] + ending for ending in ("ies", "ied"))
    yield from (stem + ending for ending in _VERB)
    if _DOUBLES.fullmatch(verb[-3:]):
        yield from (verb + verb[-1] + ending for ending in _VERB[1:])


def in_code(form: str) -> Iterator[str]:
    """Yield a form backwards, in rot13, by the alphabet backwards, and in pig Latin."""
    if len(form) >= _SHORTEST - 1:
        yield form[::-1]
        yield codecs.encode(form, "rot13")
    if len(form) >= _SHORTEST:
        yield form.translate(_REVERSED_ALPHABET)
        yield form[1:] + form[0] + "ay"
    if (first := _VOWELS.search(form)) and len(form) >= _SHORTEST:
        yield form[first.start() :] + form[: first.start()] + "ay"
        yield form[first.start() :] + form[: first.start()] + "way"


def mistyped(form: str, strong: bool) -> Iterator[str]:
    """Yield a form with two letters swapped, with one left out, and without vowels."""
    size = len(form)
    if size > _SHORTEST - strong:
        yield from (form[:at] + form[at + 1] + form[at] + form[at + 2 :] for at in range(1, size - 1))
    if size > _LOSSY + 2 * (not strong):
        yield from (form[:at] + form[at + 1 :] for at in range(1, size - 1))
    for bare in (form[0] + _VOWELS.sub("", form[1:]), _VOWELS.sub("", form)):
        if len(bare) >= _SHORTEST:
            yield bare


def shortened(word: str) -> Iterator[str]:
    """Yield a word with each letter but the first left out."""
    return (word[:at] + word[at + 1 :] for at in range(1, len(word)))


def one_off(token: str, form: str) -> bool:
    """Tell whether a token has one letter more than a form, or one other, where `shortened` has both."""
    if len(token) > len(form):
        return form in shortened(token)
    return len(token) == len(form) and sum(a != b for a, b in zip(token, form, strict=True)) == 1


def sound(word: str) -> str:
    """Return what stays of a word's spelling when letters that sound alike are one: fuk of phuck."""
    for letters, heard in _SPELLED:
        word = word.replace(letters, heard)
    word = _REPEATS.sub(r"\1", word.translate(_SOUNDS))
    return word[:-2] + "a" if word.endswith(("er", "ah", "or")) else word
