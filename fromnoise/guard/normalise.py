"""Text to words, read as a person would: whatever is done to hide a word, the word comes out.

A word is hidden when it isn't written plainly: in letters that look or sound alike, with digits and signs
for letters, torn apart, repeated, backwards or in code. That somebody hides it says as much as the word.
"""

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from fromnoise.guard.codes import decoded, spelled_out
from fromnoise.guard.letters import LOOK, SEEN, SOUND
from fromnoise.guard.lexicon import DIGITS, LONGEST, Lexicon

_ESCAPE = re.compile(r"\\u\{?([0-9a-fA-F]{4,6})\}?|\\x([0-9a-fA-F]{2})|[uU]\+([0-9a-fA-F]{4,6})|\\([0-7]{3})")
_TAG = re.compile(r"<[!/a-zA-Z][^<>]{0,80}>")
_ENDS = ".,;:?!\"'()[]{}<>`~*_-/\\\u2018\u2019\u201c\u201d\u00ab\u00bb\u2013\u2014\u2015\u2026\u3002\u3001"
_QUOTES = ".,;:?\"'\u2018\u2019\u201c\u201d\u2026"
_ODD = re.compile(r"(?<=\w)[*#%~^|{}<>=+$@!\u2190-\u2bff\U0001f000-\U0001faff]+(?=\w)")
"""What stands between the letters of a word that is hidden, and never between words."""
_PLAIN = re.compile(r"[a-z\u00df-\u024f]+")
_PIECES = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_SEPARATORS = re.compile(r"[\W_]+")
_ALL_BUT_SIGNS = re.compile(r"[^\w@$!|+(<{\[]+|_")
_LATIN = re.compile("[a-z]+")
_CASES = re.compile(r"[a-z]+|[A-Z][a-z]*|[A-Z]+")
_HUMPS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MASKS = re.compile(r"[*#%?~^=_.\u2022\u00b7\u2588-]")
_NO_LETTERS = re.compile("[\u2190-\u2bff\U0001f000-\U0001faff]")
_DRAWN = {
    "|\\|": "n", "/\\/": "n", "\\/\\/": "w", "|\\/|": "m", "/\\/\\": "m", "/\\": "a", "/-\\": "a", "\\/": "v",
    "|_|": "u", "(_)": "u", "|-|": "h", "|)": "d", "|>": "p", "|*": "p", "|<": "k", "|{": "k", "|3": "b",
    "()": "o", "[]": "o", "><": "x", "|=": "f", "vv": "w", "uu": "w", "ph": "f", "|v|": "m", "^^": "m",
    "}{": "h", "|2": "r", "[)": "d", "`/": "y", "cl": "d", "rn": "m", "nn": "m", "^/": "n",
}  # fmt: skip
_DRAWING = re.compile("|".join(re.escape(signs) for signs in sorted(_DRAWN, key=len, reverse=True)))
_UPSIDE_DOWN = str.maketrans(
    "nudpbq\u0250\u01dd\u025f\u0183\u0265\u1d09\u0131\u027e\u029e\ua781\u05df\u026f\u0279\u0287\u028c\u028d\u028e\u0254",
    "unpdqbaefghiijkllmrtvwyc",
)
_TURNED = frozenset("\u0250\u01dd\u025f\u0265\u1d09\u029e\ua781\u026f\u0279\u0287\u028c\u028d\u028e\u0254")
_SHORTENED = re.compile(r"^([a-zA-Z]+)['\u2019](?:s|ll|re|ve|d|m|t)$")
_BREAKS = re.compile(r"[-/.,:;_()\u2013\u2014]+")
_FRAMED = re.compile(r"^([a-z])\1+([a-z]{3,}?)\1{2,}$")
_LONE_SIGNS = frozenset("@$!|+")
_GLUED = 10  # letters; longer tokens may be several words
_WHOLE = 3  # letters of a piece that may well be a word
_TORN = 9  # pieces of one word at most
_QUOTED = 3  # times a text may be escaped for an address


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is read, and whether it was hidden."""

    text: str
    hidden: bool = False


def read(text: str, lexicon: Lexicon) -> list[Word]:
    """Return the words of a text; hidden ones only when the lexicon has them."""
    folded = spelled_out(fold(text), lexicon.says)
    words = [word for chunk in folded.split() for word in _words_of(chunk, lexicon)]
    found = list(_mended(_unspelled(words, lexicon), lexicon))
    if folded == text:
        return found
    tokens = _LATIN.findall(text.lower())
    parts = (word for token in tokens for word in _words_of(token, lexicon))
    said = {*tokens, *(word.text for word in parts if not word.hidden)}
    return [
        Word(word.text, word.hidden or (word.text in lexicon.latin and word.text not in said))
        for word in found
    ]


def fold(text: str) -> str:
    """Undo escapes, take out what is invisible and all marks, and unify shapes; case and script stay."""
    text = _unescaped(text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", unicodedata.normalize("NFKD", text).translate(SEEN))
    elif not text.isprintable():
        text = text.translate(SEEN)
    return text


def _unescaped(text: str) -> str:
    if "&" in text:
        text = html.unescape(text)
    for _ in range(_QUOTED):
        text = _unquoted(text) if "%" in text else text
    if "\\" in text or "U+" in text or "u+" in text:
        text = _ESCAPE.sub(_character, text)
    if "<" in text and (tags := _TAG.findall(text)):
        text = " ".join([_TAG.sub("", text), *tags])
    return text


def _unquoted(text: str) -> str:
    """Undo an address's escapes; what they don't say in UTF-8 stays."""
    return unquote(text, errors="replace") if "\ufffd" not in unquote(text, errors="replace") else text


def _character(code: re.Match[str]) -> str:
    number = int(code[4], 8) if code[4] else int(code[1] or code[2] or code[3], 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else ""


def _words_of(chunk: str, lexicon: Lexicon) -> tuple[Word, ...]:
    return _short(chunk, lexicon) if len(chunk) <= LONGEST else tuple(_chunk(chunk, lexicon))


@lru_cache(maxsize=1 << 14)  # most words come again
def _short(chunk: str, lexicon: Lexicon) -> tuple[Word, ...]:
    return tuple(_chunk(chunk, lexicon))


def _chunk(chunk: str, lexicon: Lexicon) -> Iterator[Word]:
    """Read what stands between two spaces."""
    core = _SHORTENED.sub(r"\1", chunk.strip(_ENDS))
    if chunk[0] == "*" and chunk[-1] != "*" and (form := lexicon.masked("." + core.lower())):
        yield Word(form, hidden=True)
    elif core.isascii() and core.isalpha():
        yield from _letters(core, lexicon)
    elif not core:
        yield from (Word(sign) for sign in chunk if len(chunk) == 1 and sign in _LONE_SIGNS)
    elif found := _readings(chunk.strip(_QUOTES), lexicon) or _readings(core, lexicon):
        yield from (Word(form, hidden=True) for form in found)
    elif inside := _decoded(core, lexicon):
        yield from inside
    else:
        parts = [part for part in _BREAKS.split(core) if part]
        if len(parts) > 1:
            yield from (word for part in parts for word in _chunk(part, lexicon))
            return
        for piece in _PIECES.findall(core):
            yield from _piece(piece, lexicon)


def _letters(core: str, lexicon: Lexicon) -> Iterator[Word]:
    """Read a token of plain Latin letters."""
    token = core.lower()
    if token in lexicon.forms:
        yield Word(token, hidden=_CASES.fullmatch(core) is None)
    elif form := lexicon.unhidden(token):
        yield Word(form, hidden=True)
    elif (framed := _FRAMED.match(token)) and framed[2] in lexicon.forms:
        yield Word(framed[2], hidden=True)
    elif parts := _several(core, lexicon):
        yield from (Word(part) for part in parts)
    elif form := lexicon.meant(token):
        yield Word(form, hidden=True)
    else:
        yield Word(token)
    if len(token) > 7 and _CASES.fullmatch(core) is None:
        yield from _decoded(core, lexicon)


def _several(core: str, lexicon: Lexicon) -> list[str]:
    """Cut a token that is several words: at capitals, in two, or, when it is long, wherever words stand."""
    humps = _HUMPS.findall(core)
    if 1 < len(humps) < len(core) / 2:
        return [hump.lower() for hump in humps]
    token = core.lower()
    if token in lexicon.innocent or len(token) < 6:
        return []
    if parts := lexicon.cut(token):
        return parts
    return (
        [form for form in lexicon.spelled(token, 5) if form in lexicon.bold] if len(token) >= _GLUED else []
    )


def _piece(piece: str, lexicon: Lexicon) -> Iterator[Word]:
    """Read one run of letters and digits."""
    if piece.isascii() and piece.isalpha():
        yield from _letters(piece, lexicon)
    elif found := _readings(piece, lexicon):
        yield from (Word(form, hidden=True) for form in found)
    elif piece.casefold() in lexicon.forms:
        yield Word(piece.casefold())
    elif (bare := piece.strip("0123456789")).isascii() and bare.isalpha():
        yield from _letters(bare, lexicon)
    else:
        yield Word(piece.casefold())


def _readings(core: str, lexicon: Lexicon) -> list[str]:
    """Return the forms that a token with more than plain letters hides; [] for none."""
    token = core.casefold()
    if token in lexicon.forms or not any(letter.isalpha() or letter in "@$" for letter in token):
        return []
    pieces = _PIECES.findall(token)
    if len(pieces) > 1 and _all_ordinary(pieces, lexicon) and not _ODD.search(token):
        torn = "".join(pieces)
        return [torn] if torn in lexicon.strong and min(map(len, pieces)) < _WHOLE else []
    beside = []
    for candidate in _candidates(token):
        form = lexicon.unhidden(candidate)
        if form in lexicon.known:
            beside.append(form)
        elif form is not None:
            return [form]
    if beside and len(beside[0]) > 3:
        return beside[:1]
    look = token.translate(LOOK)
    for candidate in (_MASKS.sub(".", look), look, _NO_LETTERS.sub(".", look)):
        if form := lexicon.masked(candidate):
            return [form]
    if len(pieces) == 1 and not _PLAIN.fullmatch(token):
        for candidate in _candidates(token):
            if form := lexicon.meant(candidate):
                return [form]
    if all(len(piece) == 1 for piece in pieces) and len(pieces) > 2:
        return _spelled("".join(pieces).translate(LOOK), lexicon)
    return []


def _candidates(token: str) -> Iterator[str]:
    """Yield the ways to read a token as one word."""
    look = token if token.isascii() else token.translate(LOOK)
    yield _SEPARATORS.sub("", look)
    yield _ALL_BUT_SIGNS.sub("", look)
    if not token.isascii():
        yield _SEPARATORS.sub("", _SEPARATORS.sub("", token).translate(LOOK))
        yield _SEPARATORS.sub("", token.translate(SOUND).translate(LOOK))
        if not _TURNED.isdisjoint(token):
            yield token.translate(_UPSIDE_DOWN)[::-1]
    if _DRAWING.search(look):
        yield _ALL_BUT_SIGNS.sub("", _DRAWING.sub(lambda signs: _DRAWN[signs.group()], look))


def _decoded(core: str, lexicon: Lexicon) -> list[Word]:
    """Return the words of a token in code, the sensitive ones as hidden."""
    return [
        Word(word.text, word.text in lexicon.forms) for text in decoded(core) for word in read(text, lexicon)
    ]


def _spelled(letters: str, lexicon: Lexicon) -> list[str]:
    """Return the forms in letters that stood alone: all of them as one word, or words in a row."""
    ways = [way for digits in DIGITS for way in (letters.translate(digits), letters.translate(digits)[::-1])]
    for way in (letters, *ways):
        if form := lexicon.whole(way):
            return [form]
    return max(map(lexicon.spelled, ways), key=lambda found: sum(map(len, found)))


def _unspelled(words: Sequence[Word], lexicon: Lexicon) -> Iterator[Word]:
    """Join three and more letters that stand alone, when they spell something."""
    row: list[Word] = []
    for word in [*words, Word("")]:
        if len(word.text) == 1:
            row.append(word)
            continue
        forms = _spelled("".join(letter.text for letter in row), lexicon) if len(row) > 2 else []
        yield from (Word(form, hidden=True) for form in forms) if forms else row
        row = []
        if word.text:
            yield word


def _mended(words: Iterator[Word], lexicon: Lexicon) -> Iterator[Word]:
    """Put words together that were torn into pieces; pieces that are all ordinary words stay as they are."""
    row = list(words)
    at = 0
    while at < len(row):
        word = row[at]
        size = _pieces(row, at, lexicon) if word.text in lexicon.prefixes else 0
        if size:
            joined = "".join(piece.text for piece in row[at : at + size])
            yield Word(lexicon.joined(joined) or joined, hidden=True)
        else:
            yield word
        at += size or 1


def _pieces(row: Sequence[Word], at: int, lexicon: Lexicon) -> int:
    """Return how many words from here are pieces of a sensitive one; 0 for none."""
    joined = ""
    for size in range(1, min(_TORN, len(row) - at) + 1):
        joined += row[at + size - 1].text
        if len(joined) > LONGEST:
            return 0
        if joined.translate(DIGITS[0]) not in lexicon.prefixes and not lexicon.joined(joined):
            return 0
        pieces = [word.text for word in row[at : at + size]]
        if size > 1 and len(joined) > 2 and lexicon.joined(joined) and not _all_ordinary(pieces, lexicon):
            return size
    return 0


def _all_ordinary(pieces: Sequence[str], lexicon: Lexicon) -> bool:
    """Tell whether pieces are words by themselves."""
    return all(piece in lexicon.innocent or piece in lexicon.forms for piece in pieces)
