"""More ways to hide a word, alone and mixed: written after the guard, to see what it makes of them."""

# ruff: noqa: RUF001
import base64
import codecs
import random
from collections.abc import Callable

from benchmarks.guard_techniques import OPEN, UNSEEN, Technique, between, partly, shifted

_LEET = {
    "a": ("4", "@", "/\\", "^", "λ"),
    "b": ("8", "6", "|3", "ß"),
    "c": ("(", "<", "¢", "{"),
    "d": ("|)", "cl", "[)", "ð"),
    "e": ("3", "€", "&", "ə"),
    "f": ("ph", "|=", "ƒ"),
    "g": ("6", "9", "&", "q"),
    "h": ("#", "|-|", "4", "}{"),
    "i": ("1", "!", "|", "¡"),
    "k": ("|<", "|{", "x", "ck"),
    "l": ("1", "|", "7", "£"),
    "m": ("|v|", "nn", "^^", "rn"),
    "n": ("|\\|", "^/", "И", "и"),
    "o": ("0", "()", "[]", "ø"),
    "p": ("|*", "|>", "9", "þ"),
    "q": ("9", "0_"),
    "r": ("|2", "2", "®", "я"),
    "s": ("5", "$", "z", "§"),
    "t": ("7", "+", "†", "1"),
    "u": ("v", "|_|", "µ", "oo"),
    "v": ("\\/", "u"),
    "w": ("vv", "\\/\\/", "uu"),
    "x": ("><", "%", "ks"),
    "y": ("j", "`/", "¥"),
    "z": ("2", "s"),
}
_MORSE_LETTERS = """.- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...-
.-- -..- -.-- --.."""
_MORSE = dict(zip("abcdefghijklmnopqrstuvwxyz", _MORSE_LETTERS.split(), strict=True))
_SUBSCRIPT = str.maketrans("aehijklmnoprstuvx", "ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_HOOKS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ąɓƈɖɛʄɠɦıʝƙƚɱŋơƥʠɾʂƭυʋɯҳყȥ")
_ASIAN = str.maketrans("abcdefghijklmnopqrstuvwxyz", "卂乃匚ᗪ乇千Ꮆ卄丨ﾌҜㄥ爪几ㄖ卩Ɋ尺丂ㄒㄩᐯ山乂ㄚ乙")
_MONEY = str.maketrans("abcdefghijklmnopqrstuvwxyz", "₳฿₵ĐɆ₣₲ⱧłJ₭Ⱡ₥₦Ø₱QⱤ₴₮ɄV₩ӾɎⱫ")
_SYLLABICS = str.maketrans("abcdeghijklmnopqrstuvwxyz", "ᗩᗷᑕᗪEGᕼIᒍKᒪᗰᑎOᑭᑫᖇᔕTᑌᐯᗯ᙭Yᘔ")
_RUNES = str.maketrans("abcdefghiklmnoprstuwxyz", "ᚨᛒᚲᛞᛖᚠᚷᚺᛁᚲᛚᛗᚾᛟᛈᚱᛋᛏᚢᚹᛪᛃᛉ")
_GREEK_SOUND = str.maketrans("abdefgiklmnoprstuxz", "αβδεφγικλμνοπρστυξζ")
_CYRILLIC = str.maketrans("aceiopxysjhkmtbnr", "асеіорхуѕјһкмтьпг")
_DIGITS = str.maketrans("aeiost", "431057")
_DOUBLES = (
    ("ck", "kk"),
    ("x", "ks"),
    ("c", "k"),
    ("ph", "f"),
    ("f", "ph"),
    ("s", "z"),
    ("er", "a"),
    ("u", "oo"),
)
_BUTTONS = {"a": "🅰️", "b": "🅱️", "o": "⭕", "m": "Ⓜ️", "p": "🅿️", "i": "ℹ️", "x": "❌"}


def _dialect(word: str, rng: random.Random, share: float = 1.0) -> str:
    return "".join(
        rng.choice(_LEET[letter]) if letter in _LEET and rng.random() < share else letter for letter in word
    )


def _then(*hides: Technique) -> Technique:
    def hide(word: str, rng: random.Random) -> str:
        for one in hides:
            word = one(word, rng)
        return word

    return hide


def _once(word: str, rng: random.Random, change: Callable[[str], str], able: str = "") -> str:
    """Change one letter, never the first."""
    places = [at for at in range(1, len(word)) if word[at].isalpha() and (not able or word[at] in able)]
    if not places:
        return word[:-1] + "*"
    at = rng.choice(places)
    return word[:at] + change(word[at]) + word[at + 1 :]


def _by_sound(word: str, _: random.Random) -> str:
    for one, other in _DOUBLES:
        if one in word:
            return word.replace(one, other)
    return word + word[-1]


def _emphasised(word: str, rng: random.Random) -> str:
    mark = rng.choice(("*", "**", "_", "~~", "`"))
    middle = len(word) // 2
    return f"{word[:middle]}{mark}{word[middle]}{mark}{word[middle + 1 :]}"


def _cut_in(word: str, rng: random.Random, signs: tuple[str, ...]) -> str:
    at = rng.randrange(1, max(2, len(word)))
    return word[:at] + rng.choice(signs) + word[at:]


def _only(table: dict[int, str]) -> Technique:
    return lambda word, _: word.translate(table)


def _each(change: Callable[[str], str], joined: str = "") -> Technique:
    return lambda word, _: joined.join(change(letter) for letter in word if letter.isalnum())


def _between_words(word: str, rng: random.Random) -> str:
    return "".join(letter + rng.choice(("", " ", "  ")) for letter in word).strip()


MIXED: dict[str, Technique] = {
    "leet, any dialect": lambda word, rng: _dialect(word, rng),
    "leet, half the letters": lambda word, rng: _dialect(word, rng, 0.5),
    "leet, a few letters": lambda word, rng: _once(word, rng, lambda c: rng.choice(_LEET.get(c, (c,)))),
    "digits and spaces": _then(_only(_DIGITS), between(" ")),
    "digits and dots": _then(_only(_DIGITS), between(".", "-", "_")),
    "digits and repeats": _then(_only(_DIGITS), lambda word, rng: _once(word, rng, lambda c: c * 3)),
    "Cyrillic and digits": _then(partly(_DIGITS), partly(_CYRILLIC)),
    "Cyrillic and zero width": _then(partly(_CYRILLIC), between("\u200b", "\u2062", "\ufeff")),
    "full width and spaces": _then(shifted(0xFF41), between(" ")),
    "full width capitals": lambda word, rng: shifted(0xFF41)(word, rng).upper(),
    "accents and spaces": _then(UNSEEN["accents"], between(" ")),
    "backwards and digits": _then(_only(_DIGITS), OPEN["backwards"]),
    "backwards and spaces": _then(OPEN["backwards"], between(" ")),
    "spaces, two between": between("  ", "   "),
    "spaces, uneven": _between_words,
    "upper case and dots": lambda word, _: ".".join(word.upper()),
    "commas": between(",", ";", ":"),
    "commas and spaces": between(", ", " - ", " . ", " / "),
    "pluses and carets": between("+", "^", "="),
    "stars between": between("*", "★", "•", "·"),
    "hearts between": between("♥", "❤️", "🖤"),
    "long dashes": between("—", "–", "…"),
    "in brackets": _each(lambda c: f"[{c}]"),
    "in round brackets": _each(lambda c: f"({c})"),
    "one in brackets": lambda word, rng: _once(
        word, rng, lambda c: rng.choice((f"({c})", f"[{c}]", f"{{{c}}}"))
    ),
    "one quote inside": lambda word, rng: _cut_in(word, rng, ("'", '"', "`", "’")),
    "one dash inside": lambda word, rng: _cut_in(word, rng, ("-", "–", "\u2011", "\u2027")),
    "one emoji inside": lambda word, rng: _cut_in(word, rng, ("💀", "🍑", "🌸", "❄️")),
    "one emoji for a letter": lambda word, rng: _once(word, rng, lambda _: rng.choice("💣⚽🌸🔥"), "aeiou"),
    "two spaces inside": lambda word, rng: _cut_in(_cut_in(word, rng, (" ",)), rng, (" ",)),
    "hyphen and space": lambda word, rng: _cut_in(word, rng, ("- ", " -", "-\n")),
    "invisible": between("\u3164", "\u180e", "\u2063", "\U000e0020"),
    "joiners": between("\u034f", "\u200c", "\u061c"),
    "Markdown": _emphasised,
    "HTML comment": lambda word, rng: _cut_in(word, rng, ("<!-- -->", "<br>", "<wbr>", "&shy;", "&nbsp;")),
    "HTML, hexadecimal": _each(lambda c: f"&#x{ord(c):X};"),
    "heaped marks": lambda word, rng: "".join(
        c + "".join(chr(rng.randrange(0x300, 0x36F)) for _ in range(8)) for c in word
    ),
    "struck through": _each(lambda c: c + "\u0336"),
    "underlined": _each(lambda c: c + "\u0332"),
    "keycaps": _each(lambda c: c + "\u20e3"),
    "subscript": _only(_SUBSCRIPT),
    "hooks": _only(_HOOKS),
    "Asian signs": _only(_ASIAN),
    "money signs": _only(_MONEY),
    "syllabics": _only(_SYLLABICS),
    "runes": _only(_RUNES),
    "Greek by sound": _only(_GREEK_SOUND),
    "sans serif bold": shifted(0x1D5EE),
    "italic": shifted(0x1D622),
    "parenthesised": shifted(0x249C),
    "negative circled": shifted(0x1F150),
    "regional indicators, spaced": _each(lambda c: chr(0x1F1E6 + ord(c) - 97) if "a" <= c <= "z" else c, " "),
    "emoji buttons": lambda word, _: "".join(_BUTTONS.get(c, c) for c in word),
    "without vowels": lambda word, _: word[0] + "".join(c for c in word[1:] if c not in "aeiou"),
    "vowels starred": lambda word, _: "".join("*" if c in "aeiou" else c for c in word),
    "first letter starred": lambda word, _: "*" + word[1:],
    "an underscore for a letter": lambda word, rng: _once(word, rng, lambda _: rng.choice("_-.#%")),
    "one letter missing": lambda word, rng: (
        _once(word, rng, lambda _: "") if len(word) > 5 else word + word[-1]
    ),
    "one letter too many": lambda word, rng: _once(word, rng, lambda c: c + rng.choice("aeiourst")),
    "one letter wrong": lambda word, rng: _once(word, rng, lambda c: "xqzjvw"[ord(c) % 6], "aeioubcdfgh"),
    "one vowel wrong": lambda word, rng: _once(word, rng, lambda c: "eioua"["aeiou".index(c)], "aeiou"),
    "by sound": _by_sound,
    "shuffled inside": lambda word, rng: (
        word[0] + "".join(rng.sample(word[1:-1], len(word) - 2)) + word[-1] if len(word) > 4 else word[::-1]
    ),
    "last letter first": lambda word, _: word[1:] + word[0] + "ay",
    "stuttered": lambda word, _: f"{word[0]}-{word[0]}-{word}",
    "doubled": lambda word, _: word + word,
    "drawn out": lambda word, rng: word[:-1] + word[-1] * rng.randrange(4, 12),
    "framed": lambda word, _: f"xX{word}Xx",
    "with digits": lambda word, rng: f"{word}{rng.randrange(1, 999)}",
    "as a hashtag": lambda word, _: f"#{word}pics",
    "as a file": lambda word, _: f"{word}_image.jpg",
    "as an address": lambda word, _: f"www.{word}.com",
    "snake": lambda word, _: f"my_{word}_picture",
    "camel": lambda word, _: f"my{word.capitalize()}Picture",
    "added up": lambda word, _: f"'{word[:2]}' + '{word[2:]}'",
    "base64, the word": lambda word, _: base64.b64encode(word.encode()).decode(),
    "base32": lambda word, _: base64.b32encode(f"a {word}".encode()).decode(),
    "hexadecimal, spaced": _each(lambda c: f"{ord(c):02x}", " "),
    "hexadecimal, 0x": _each(lambda c: f"0x{ord(c):02x}", " "),
    "binary": _each(lambda c: f"{ord(c):08b}", " "),
    "decimal": _each(lambda c: str(ord(c)), " "),
    "places in the alphabet": _each(lambda c: str(ord(c) - 96) if "a" <= c <= "z" else c, "-"),
    "Morse": _each(lambda c: _MORSE.get(c, c), " "),
    "URL, twice": _each(lambda c: f"%25{ord(c):02x}"),
    "octal": _each(lambda c: f"\\{ord(c):03o}"),
    "rot13, capitals": lambda word, _: codecs.encode(word, "rot13").upper(),
    "back from z": _each(lambda c: chr(219 - ord(c)) if "a" <= c <= "z" else c),
}
