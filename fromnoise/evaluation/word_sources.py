"""Texts to be judged, from JSONL and .txt files or from a list."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fromnoise.errors import DataError

TEXT_FILES = {".jsonl", ".txt"}
PICTURE_FILES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"}
LONGEST = 4000
"""A .txt file with more characters than this is a book, and is judged in passages."""
_PASSAGE = re.compile(r".{500,2000}(?:\n\n|\Z)|.{500,2000}(?:\n|\Z)|.{1,2000}(?:\s|\Z)|.{1,2000}", re.DOTALL)


@dataclass(frozen=True)
class Texts:
    """A set of texts, each with something in it, and the style of each where one is known."""

    name: str
    items: tuple[str, ...]
    styles: tuple[str | None, ...]
    places: tuple[int, ...]
    """Where each stands among all that were given, blank ones included, from 0."""
    empty: int = 0
    """Texts of nothing but blanks: counted, not kept."""

    def __len__(self) -> int:
        return len(self.items)

    def take(self, indices: Iterable[int]) -> "Texts":
        """Return some of the texts."""
        chosen = [int(index) for index in indices]
        return Texts(
            self.name,
            tuple(self.items[i] for i in chosen),
            tuple(self.styles[i] for i in chosen),
            tuple(self.places[i] for i in chosen),
            self.empty,
        )

    @property
    def size(self) -> int:
        """Count the bytes of all texts, as UTF-8."""
        return sum(len(text.encode()) for text in self.items)


def as_texts(data: "Texts | Sequence[str] | str | Path", name: str) -> Texts:
    """Return texts from a path or a list of strings; raise DataError when there are none."""
    if isinstance(data, Texts):
        return data
    if isinstance(data, str | Path):
        return open_texts(data)
    if not isinstance(data, Iterable):
        raise DataError(f"{name} must be a path or a list of strings, not {type(data).__name__}")
    given: list[object] = list(data)
    rows: list[tuple[str, str | None]] = []
    for place, text in enumerate(given):
        if not isinstance(text, str):
            raise DataError(f"{name} must be strings; text {place} is {type(text).__name__}")
        _check_unicode(text, f"text {place} of {name}")
        rows.append((text, None))
    return texts_of(name, rows)


def open_texts(path: str | Path) -> Texts:
    """Read a .jsonl or .txt file, or a folder of them.

    A line of JSONL is an object with `text` and, if it has one, `style`. A .txt file is one text; one longer
    than `LONGEST` is cut into passages of at most 2,000 characters, at blank lines where it can be. In a
    folder, the subfolder of a .txt file is its style. Raise DataError for anything else.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path} doesn't exist; name a .jsonl or .txt file, or a folder of them")
    rows: list[tuple[str, str | None]] = []
    for file in _text_files(path):
        if file.suffix.lower() == ".jsonl":
            rows.extend(_lines(file))
        else:
            style = file.parent.name if path.is_dir() and file.parent != path else None
            rows.extend((text, style) for text in _passages(_decode(file.read_bytes(), file)))
    return texts_of(str(path), rows)


def _text_files(path: Path) -> list[Path]:
    if path.is_file():
        if path.suffix.lower() not in TEXT_FILES:
            raise DataError(f"{path} must be a .jsonl or .txt file, or a folder of them")
        return [path]
    seen = [p for p in sorted(path.rglob("*")) if p.is_file() and not p.name.startswith(".")]
    files = [p for p in seen if p.suffix.lower() in TEXT_FILES]
    pictures = [p for p in seen if p.suffix.lower() in PICTURE_FILES]
    if files and pictures:
        raise DataError(
            f"{path} holds both texts ({files[0].name}) and pictures ({pictures[0].name}); "
            "judge them one kind at a time, in folders of their own"
        )
    if not files:
        raise DataError(f"{path} holds no .jsonl or .txt files" + (", only pictures" if pictures else ""))
    return files


def _lines(file: Path) -> Iterator[tuple[str, str | None]]:
    for number, line in enumerate(file.read_bytes().split(b"\n"), start=1):
        where = f"line {number} of {file}"
        if not line.strip():
            continue
        try:
            row = json.loads(_decode(line, file, number))
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where} isn't JSON ({error}); each line must be one object") from None
        if not isinstance(row, dict) or "text" not in row:
            came = f"the keys {', '.join(sorted(row)) or 'none'}" if isinstance(row, dict) else f"{row!r:.40}"
            raise DataError(f"{where} must be an object with a `text` field, not {came}")
        text, style = row["text"], row.get("style")
        if not isinstance(text, str) or not isinstance(style, str | None):
            raise DataError(f"{where}: `text` and `style` must be strings")
        _check_unicode(text + (style or ""), where)
        yield text, style


def _decode(data: bytes, file: Path, line: int | None = None) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = line or data[: error.start].count(b"\n") + 1
        raise DataError(f"line {number} of {file} isn't UTF-8; save the file as UTF-8") from None
    return text.replace("\r\n", "\n")


def _check_unicode(text: str, where: str) -> None:
    """Refuse half of a surrogate pair, which JSON can spell and UTF-8 can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DataError(f"{where} holds half of a surrogate pair, which is no character") from None


def _passages(text: str) -> list[str]:
    return [text] if len(text) <= LONGEST else [piece.strip() for piece in _PASSAGE.findall(text)]


def texts_of(name: str, rows: Iterable[tuple[str, str | None]]) -> Texts:
    """Gather texts and their styles; raise DataError where all are blank."""
    rows = list(rows)
    kept = [(text, style, place) for place, (text, style) in enumerate(rows) if text.strip()]
    if not kept:
        raise DataError(f"{name} holds no texts" + (" but blank ones" if rows else ""))
    items, styles, places = zip(*kept, strict=True)
    return Texts(name, items, styles, places, len(rows) - len(kept))
