"""Ways to hide a word. Those in OPEN were looked at while the guard was written, those in UNSEEN were not."""

# ruff: noqa: RUF001
import base64
import codecs
import html
import random
from collections.abc import Callable
from urllib.parse import quote

Technique = Callable[[str, random.Random], str]

_CYRILLIC = str.maketrans("aceiopxysjhkmtbnr", "асеіорхуѕјһкмтьпг")
_GREEK = str.maketrans("aeiokntuvxpyw", "αειοκητυνχργω")
_SOUND = str.maketrans("abdefgiklmnoprstuz", "абдефгиклмнопрстуз")
_LEET = str.maketrans("aeiost", "431057")
_SIGNS = str.maketrans("aist", "@!$+")
_SMALL = str.maketrans("abcdeghijklmnoprtuvwz", "ᴀʙᴄᴅᴇɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡᴢ")
_RAISED = str.maketrans("abcdefghiklmnoprstuvwxyz", "ᵃᵇᶜᵈᵉᶠᵍʰⁱᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ")
_TURNED = str.maketrans("abcdefghijklmnopqrtuvwy", "ɐqɔpǝɟƃɥᴉɾʞןɯuodbɹʇnʌʍʎ")
_STROKES = str.maketrans("abdefghiklnoprstuz", "ⱥƀđɇƒǥħɨꝁłꞥøᵽɍȿŧʉƶ")
_ARMENIAN = str.maketrans("hnoqusgjl", "հոօզսѕցյւ")
_CHEROKEE = str.maketrans("abcdeghijklmprstvwyz", "ᎪᏴᏟᎠᎬᏀᎻᎥᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳᎩᏃ")
_BRAILLE = str.maketrans("abcdefghijklmnopqrstuvwxyz", "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵")


def shifted(first: int) -> Technique:
    """Hide a word in an alphabet of Unicode, which has its a at this place."""
    return lambda word, _: "".join(chr(first + ord(c) - 97) if "a" <= c <= "z" else c for c in word)


def between(*signs: str) -> Technique:
    """Put one of some signs between all letters."""
    return lambda word, rng: rng.choice(signs).join(word)


def _after_each(marks: str) -> Technique:
    return lambda word, rng: "".join(letter + rng.choice(marks) for letter in word)


def _somewhere(signs: str) -> Technique:
    def hide(word: str, rng: random.Random) -> str:
        at = rng.randrange(1, max(2, len(word)))
        return word[:at] + rng.choice(signs) + word[at:]

    return hide


def _repeated(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    return word[:at] + word[at] * rng.randrange(3, 7) + word[at + 1 :]


def _all_repeated(word: str, rng: random.Random) -> str:
    return "".join(letter * rng.randrange(2, 4) for letter in word)


def _mixed_case(word: str, rng: random.Random) -> str:
    first = rng.randrange(2)
    return "".join(letter.upper() if at % 2 == first else letter for at, letter in enumerate(word))


def _masked(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, max(2, len(word) - 1))
    return word[:at] + rng.choice("*#") + word[at + 1 :]


def partly(table: dict[int, str]) -> Technique:
    """Replace a part of the letters, at least one where that can be."""

    def hide(word: str, rng: random.Random) -> str:
        able = [at for at, letter in enumerate(word) if ord(letter) in table]
        chosen = set(rng.sample(able, max(1, len(able) // 2))) if able else set()
        return "".join(letter.translate(table) if at in chosen else letter for at, letter in enumerate(word))

    return hide


OPEN: dict[str, Technique] = {
    "Cyrillic look-alikes": lambda word, _: word.translate(_CYRILLIC),
    "full width": shifted(0xFF41),
    "mathematical bold": shifted(0x1D41A),
    "circled": shifted(0x24D0),
    "digits": lambda word, _: word.translate(_LEET),
    "some digits": partly(_LEET),
    "signs": lambda word, _: word.translate(_SIGNS),
    "spaces": between(" "),
    "dots": between(".", "-", "_"),
    "zero width": between("\u200b", "\u200d", "\u2060"),
    "combining marks": _after_each("\u0301\u0308\u0336\u0331"),
    "one letter repeated": _repeated,
    "mixed case": _mixed_case,
    "backwards": lambda word, _: word[::-1],
    "soft hyphen": _somewhere("\u00ad"),
    "HTML": lambda word, _: "".join(f"&#{ord(letter)};" for letter in word),
    "a star": _masked,
}
UNSEEN: dict[str, Technique] = {
    "some Cyrillic": partly(_CYRILLIC),
    "Greek look-alikes": partly(_GREEK),
    "Cyrillic by sound": lambda word, _: word.translate(_SOUND),
    "Armenian look-alikes": partly(_ARMENIAN),
    "Cherokee look-alikes": lambda word, _: word.translate(_CHEROKEE),
    "mathematical script": shifted(0x1D4EA),
    "Fraktur": shifted(0x1D586),
    "double-struck": shifted(0x1D552),
    "monospace": shifted(0x1D68A),
    "squared": shifted(0x1F130),
    "negative squared": shifted(0x1F170),
    "regional indicators": lambda word, _: "\u200c".join(
        chr(0x1F1E6 + ord(c) - 97) for c in word if c.isalpha()
    ),
    "small capitals": lambda word, _: word.translate(_SMALL),
    "superscript": lambda word, _: word.translate(_RAISED),
    "upside down": lambda word, _: word.translate(_TURNED)[::-1],
    "strokes": partly(_STROKES),
    "braille": lambda word, _: word.translate(_BRAILLE),
    "tags": shifted(0xE0061),
    "right to left": lambda word, _: f"\u202e{word[::-1]}\u202c",
    "emoji between": between("🔥", "✨", "😈"),
    "one space": _somewhere(" "),
    "one sign": _somewhere(".-_*~|/"),
    "a line break": _somewhere("\n"),
    "all letters repeated": _all_repeated,
    "variation selectors": _after_each("\ufe0f\ufe00"),
    "accents": lambda word, rng: word.translate(str.maketrans("aeioucn", rng.choice(("áéíóúçñ", "äëïöüčň")))),
    "rot13": lambda word, _: codecs.encode(word, "rot13"),
    "base64": lambda word, _: base64.b64encode(f"a {word} picture".encode()).decode(),
    "URL": lambda word, _: "".join(f"%{ord(letter):02x}" for letter in word),
    "half an entity": lambda word, _: html.unescape(word[:-1]) + f"&#x{ord(word[-1]):x};",
    "unicode escapes": lambda word, _: "".join(f"\\u{ord(letter):04x}" for letter in word),
    "quoted letters": lambda word, _: " ".join(f'"{letter}"' for letter in word),
    "slashes": between("/", "|", "~"),
    "wide spaces": between("\u2003", "\u00a0", "\u3000"),
    "glued": lambda word, _: f"the{word}picture",
    "in markup": lambda word, rng: f"{word[:2]}<b>{word[2:3]}</b>{word[3:]}",
    "two letters swapped": lambda word, _: (
        word[0] + word[2] + word[1] + word[3:] if len(word) > 4 else word[::-1]
    ),
    "escaped query": lambda word, _: quote(word).replace(word[0], f"%{ord(word[0]):X}", 1),
}
