"""Ways to hide a word or a whole prompt, written last of all and looked at only as a figure."""

# ruff: noqa: RUF001
import base64
import codecs
import html
import random
from urllib.parse import quote

from benchmarks.guard_techniques import Technique, shifted

_ALIKE = {
    "a": "аαäåⓐａ4@", "b": "вƅьｂ8", "c": "сϲçｃ(", "d": "ԁđďｄ", "e": "еεéëｅ3€", "f": "ƒｆ", "g": "ɡğｇ9",
    "h": "һнħｈ",
    "i": "іιíｉ1!|", "j": "јｊ", "k": "кκķｋ", "l": "ӏłｌ1|", "m": "мｍ", "n": "пηñｎ", "o": "оοöøｏ0",
    "p": "рρｐ", "q": "ԛｑ", "r": "гřｒ", "s": "ѕšｓ5$",
    "t": "тτţｔ7+", "u": "υüｕ", "v": "νѵｖ", "w": "ωшｗ", "x": "хχｘ",
    "y": "уγýｙ", "z": "ᴢžｚ2",
}  # fmt: skip
_COMMON = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7+", "l": "1", "g": "9", "b": "8"}
_TURNED = str.maketrans("abcdefghijklmnopqrtuvwy", "ɐqɔpǝɟƃɥᴉɾʞןɯuodbɹʇnʌʍʎ")
_CYRILLIC = str.maketrans("aceopxyik", "асеорхуік")
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_MARKS = "\u0300\u0301\u0302\u0303\u0307\u0308\u030a\u0323\u0327\u0331\u0335\u0336"


def _chosen(table: dict[str, str], share: float) -> Technique:
    return lambda text, rng: "".join(
        rng.choice(table[letter]) if letter in table and rng.random() < share else letter for letter in text
    )


def _gaps(signs: tuple[str, ...]) -> Technique:
    return lambda text, rng: "".join(letter + rng.choice(signs) for letter in text[:-1]) + text[-1]


def _repeats(text: str, rng: random.Random) -> str:
    return "".join(letter * rng.choice((1, 1, 2, 3)) if letter.isalpha() else letter for letter in text)


def _cases(text: str, rng: random.Random) -> str:
    return "".join(rng.choice((letter.lower(), letter.upper())) for letter in text)


def _vowels(sign: str) -> Technique:
    return lambda text, _: "".join(sign if letter in "aeiou" else letter for letter in text)


def _letters(text: str, gap: str, between: str) -> str:
    return between.join(gap.join(word) for word in text.split())


def _cut(text: str, rng: random.Random, sign: str) -> str:
    at = rng.randrange(1, max(2, len(text) - 1))
    return text[:at] + sign + text[at:]


WORDS: dict[str, Technique] = {
    "any look-alike": _chosen(_ALIKE, 1),
    "some look-alikes": _chosen(_ALIKE, 0.4),
    "common digits": _chosen(_COMMON, 1),
    "some digits, any case": lambda text, rng: _cases(_chosen(_COMMON, 0.5)(text, rng), rng),
    "signs in the gaps": _gaps((".", "-", "_", " ", "*", "/")),
    "signs in some gaps": _gaps((".", "-", "", "")),
    "invisible in the gaps": lambda text, rng: "".join(letter + rng.choice(_INVISIBLE) for letter in text),
    "marks and look-alikes": lambda text, rng: "".join(
        letter + rng.choice(_MARKS) for letter in _chosen(_ALIKE, 0.3)(text, rng)
    ),
    "repeats here and there": _repeats,
    "repeats and digits": lambda text, rng: _repeats(_chosen(_COMMON, 0.5)(text, rng), rng),
    "stars for vowels": _vowels("*"),
    "emoji in the middle": lambda text, rng: _cut(text, rng, rng.choice("😂💕🌟")),
    "full stop in the middle": lambda text, rng: _cut(text, rng, "."),
    "tab in the middle": lambda text, rng: _cut(text, rng, "\t"),
    "spaced capitals": lambda text, _: _letters(text.upper(), " ", "   "),
    "reversed, upper case": lambda text, _: text[::-1].upper(),
    "in stars": lambda text, _: f"**{text}**",
}
PROMPTS: dict[str, Technique] = {
    "all in full width": shifted(0xFF41),
    "all in mathematical bold": shifted(0x1D41A),
    "all circled": shifted(0x24D0),
    "all in look-alikes": lambda text, _: text.translate(_CYRILLIC),
    "all in digits": _chosen(_COMMON, 1),
    "all spaced": lambda text, _: _letters(text, " ", "   "),
    "all dotted": lambda text, _: _letters(text, ".", " "),
    "all zero width": lambda text, _: "\u200b".join(text),
    "all marked": lambda text, rng: "".join(letter + rng.choice(_MARKS) for letter in text),
    "all in capitals by turns": lambda text, rng: _cases(text, rng),
    "all backwards": lambda text, _: text[::-1],
    "all upside down": lambda text, _: text.translate(_TURNED)[::-1],
    "all in rot13": lambda text, _: codecs.encode(text, "rot13"),
    "all in base64": lambda text, _: base64.b64encode(text.encode()).decode(),
    "all in hexadecimal": lambda text, _: text.encode().hex(),
    "all as entities": lambda text, _: "".join(f"&#{ord(letter)};" for letter in text),
    "all as an address": lambda text, _: quote(text),
    "all escaped": lambda text, _: html.escape(text).encode("unicode_escape").decode(),
    "all joined": lambda text, _: text.replace(" ", ""),
    "all under scores": lambda text, _: text.replace(" ", "_"),
    "all lines": lambda text, _: text.replace(" ", "\n"),
}
