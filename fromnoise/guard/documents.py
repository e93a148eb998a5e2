"""The user's documents: read, cut into passages, and searched by the words of a question (BM25)."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

import bm25s

from fromnoise.errors import DataError, MissingPackageError
from fromnoise.guard.sentences import asks_for, sentences, stem

SUFFIXES = (".txt", ".md", ".html", ".htm", ".pdf")
LONGEST = 400  # characters of a passage
HEADING = 4  # words; what has no more is rather a heading than a sentence
LARGEST_FILE = 20_000_000  # bytes
SPEAKS = 0.3
"""Share of what a question is about, by weight of its words, that a passage must have to be shown."""
_SKIPPED = ("script", "style", "head", "nav")
_BLOCKS = ("p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "br", "section", "article", "table")


@dataclass(frozen=True)
class Excerpt:
    """A passage of a document, by its span of characters in the document's text."""

    name: str
    text: str
    start: int
    end: int


class Documents:
    """Passages of a folder's documents, and which of them speak of a question."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts
        self.excerpts = [part for name, text in texts.items() for part in excerpts(name, text)]
        if not self.excerpts:
            raise DataError("the documents have no text")
        self._index: Any = bm25s.BM25()
        words = [_words(part.text) or ["_"] for part in self.excerpts]
        self._found = [frozenset(part) for part in words]
        counts = Counter(word for part in self._found for word in part)
        self._weights = {word: math.log(1 + len(words) / count) for word, count in counts.items()}
        self._unknown = math.log(1 + len(words))
        self._index.index(words, show_progress=False)

    @classmethod
    def open(cls, path: Path) -> "Documents":
        """Read a folder's documents (.txt, .md, .html and, with the extra `pdf`, .pdf), or one."""
        files = [path] if path.is_file() else sorted(path.rglob("*")) if path.is_dir() else []
        found = [one for one in files if one.suffix.lower() in SUFFIXES and one.is_file()]
        if not found:
            raise DataError(f"no documents at {path}; it takes {', '.join(SUFFIXES)} files")
        base = path if path.is_dir() else path.parent
        return cls({one.relative_to(base).as_posix(): read_document(one) for one in found})

    def search(self, question: str, count: int = 2) -> list[Excerpt]:
        """Return the passages that share most with a question, best first; none that hardly speaks of it."""
        asked = asks_for(question)
        words = [word for word in asked if word in self._weights]
        if not words:
            return []
        found = self._index.retrieve([words], k=min(count, len(self.excerpts)), show_progress=False)
        places = [int(place) for place in found.documents[0]]
        return [self.excerpts[one] for one in places if self._share(asked, self._found[one]) >= SPEAKS]

    def quote(self, question: str, found: Sequence[Excerpt]) -> Excerpt | None:
        """Return the sentence of some passages that shares most with a question; of several the shortest."""
        asked = asks_for(question)
        said = [
            Excerpt(part.name, one.text, part.start + one.start, part.start + one.end)
            for part in found
            for one in sentences(part.text)
        ]

        def fit(one: Excerpt) -> tuple[float, bool, int]:
            words = _words(one.text)
            return self._share(asked, words), len(words) > HEADING, -len(words)

        return max(said, key=fit, default=None)

    def _share(self, asked: Sequence[str], words: Collection[str]) -> float:
        """Return the share of the words asked for, by weight, that are among `words`."""
        weights = [(word in words, self._weights.get(word, self._unknown)) for word in asked]
        return sum(weight for has, weight in weights if has) / sum(weight for _, weight in weights)


def read_document(path: Path) -> str:
    """Return a document's text; raise DataError when it can't be read."""
    if path.stat().st_size > LARGEST_FILE:
        raise DataError(f"{path} is larger than {LARGEST_FILE // 10**6} MB")
    if path.suffix.lower() == ".pdf":
        return _read_pdf(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror}") from None
    return _plain(text) if path.suffix.lower() in (".html", ".htm") else text


def excerpts(name: str, text: str) -> Iterator[Excerpt]:
    """Cut a text at the ends of its sentences into passages of at most about LONGEST characters."""
    start: int | None = None
    end = 0
    for sentence in sentences(text):
        if start is not None and sentence.end - start > LONGEST:
            yield Excerpt(name, text[start:end], start, end)
            start = None
        start, end = sentence.start if start is None else start, sentence.end
    if start is not None:
        yield Excerpt(name, text[start:end], start, end)


def quoted(found: Sequence[Excerpt]) -> str:
    """Write passages for a model to answer from."""
    if not found:
        return ""
    told = "\n\n".join(part.text for part in found)
    return f"Context:\n{told}\n\nUsing only the context, answer briefly: "


def _words(text: str) -> list[str]:
    return [stem(word) for word in re.findall(r"[^\W_]+", text.lower()) if len(word) > 1 or word.isdigit()]


def _read_pdf(path: Path) -> str:
    try:
        pdf: Any = import_module("pypdf")
    except ImportError:
        raise MissingPackageError('PDF files take one more package: pip install "fromnoise[pdf]"') from None
    try:
        return "\n\n".join(page.extract_text() for page in pdf.PdfReader(path).pages)
    except (pdf.errors.PyPdfError, OSError, ValueError) as error:
        raise DataError(f"{path} can't be read as PDF: {error}") from None


def _plain(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.parts))


class _Reader(HTMLParser):
    """Collect a page's visible text."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line at a block, and hide what isn't text."""
        self._hidden += tag in _SKIPPED
        if tag in _BLOCKS:
            self.parts.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        """Show again what follows."""
        self._hidden -= tag in _SKIPPED and self._hidden > 0

    def handle_data(self, data: str) -> None:
        """Keep visible text."""
        if not self._hidden:
            self.parts.append(data)
