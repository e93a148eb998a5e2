"""Texts with their styles: documents cut from files, split by position, kept as one line of JSON each."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fromnoise.data.writing import check_absent, move_folder
from fromnoise.errors import DataError, OutputError
from fromnoise.files import file_sha256

FORMAT = 1
DOCUMENTS, SUMMARY = "documents.jsonl", "dataset.json"
LONGEST = 4000  # characters; longer texts are cut between paragraphs
FEWEST = 8  # documents


@dataclass(frozen=True, kw_only=True)
class Document:
    """A text and what is known of it."""

    id: str
    text: str
    split: str
    style: str | None = None
    source: str = ""


@dataclass(frozen=True)
class TextSet:
    """Documents of a dataset, or some of them."""

    folder: Path
    summary: dict[str, Any]
    documents: Sequence[Document]

    @classmethod
    def open(cls, folder: Path) -> "TextSet":
        """Open a dataset folder; raise DataError when it is missing, of another kind or incomplete."""
        try:
            summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
            with (folder / DOCUMENTS).open(encoding="utf-8") as lines:
                documents = [Document(**json.loads(line)) for line in lines]
        except (FileNotFoundError, NotADirectoryError):
            raise DataError(
                f"no texts at {folder}; make a dataset with: fromnoise data build text DIR"
            ) from None
        except (OSError, ValueError, TypeError) as error:
            raise DataError(
                f"{folder} is not a complete dataset of texts ({error}); build it again"
            ) from None
        if summary.get("format") != FORMAT or summary.get("kind") != "text":
            raise DataError(f"{folder} is not a dataset of texts of format {FORMAT}; build it again")
        if summary.get("count") != len(documents):
            raise DataError(f"{folder} should hold {summary.get('count')} documents, not {len(documents)}")
        return cls(folder, summary, documents)

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def styles(self) -> tuple[str, ...]:
        """Return the styles, sorted."""
        return tuple(sorted({document.style for document in self.documents if document.style}))

    def where(self, split: str | None = None, style: str | None = None) -> "TextSet":
        """Return a view of the documents that match everything that is not None."""
        kept = [
            document
            for document in self.documents
            if (split is None or document.split == split) and (style is None or document.style == style)
        ]
        return replace(self, documents=kept)


def build_texts(
    source: Path, out: Path, validation: float = 0.05, test: float = 0.05, overwrite: bool = False
) -> TextSet:
    """Cut the texts in `source` into documents and write them to `out`.

    `source` is a file or a folder of `STYLE.txt` files, or of .jsonl files whose lines have a `text` and
    perhaps a `style`. Of every style the last share by position is "test", the one before "validation":
    neighbours in a book stand on two sides only at the two borders. Documents that come twice are kept once.
    """
    if min(validation, test) < 0 or validation + test >= 1:
        raise DataError(f"validation and test are shares of the whole, not {validation} and {test}")
    check_absent(out, overwrite)
    found = list(read_documents(source))
    unique = {document.text: document for document in reversed(found)}
    documents = [document for document in found if unique[document.text] is document]
    if len(documents) < FEWEST:
        raise DataError(f"{source} has {len(documents)} different texts; training takes at least {FEWEST}")
    documents = split_by_position(documents, validation, test)
    return _write(out, documents, source.name, len(found) - len(documents))


def read_documents(source: Path) -> Iterator[Document]:
    """Read a file, or a folder of .txt and .jsonl files, and cut what is long; the split is "train"."""
    for path in _files(source):
        try:
            content = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
        except OSError as error:
            raise DataError(f"{path} can't be read: {error.strerror}") from None
        texts = _lines_of_json(path, content) if path.suffix == ".jsonl" else [(content, path.stem)]
        for place, (text, style) in enumerate(texts):
            for number, piece in enumerate(pieces(text)):
                name = f"{path.name}:{place}:{number}"
                yield Document(id=name, text=piece, split="train", style=style, source=path.name)


def _files(source: Path) -> list[Path]:
    if not source.exists():
        raise DataError(f"nothing at {source}")
    paths = [source] if source.is_file() else sorted(source.rglob("*"))
    texts = [path for path in paths if path.suffix in (".txt", ".jsonl") and path.is_file()]
    if not texts:
        raise DataError(f"no texts in {source}; it takes .txt and .jsonl files")
    return texts


def _lines_of_json(path: Path, content: str) -> Iterator[tuple[str, str | None]]:
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError:
            raise DataError(f"{path}, line {number}: not valid JSON") from None
        if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
            raise DataError(f'{path}, line {number}: expected {{"text": "..."}}, perhaps with a "style"')
        style = entry.get("style")
        if style is not None and not isinstance(style, str):
            raise DataError(f"{path}, line {number}: style must be a name")
        yield entry["text"], style


def pieces(text: str, longest: int = LONGEST) -> Iterator[str]:
    """Cut a text between paragraphs, else lines, else anywhere, into pieces of at most `longest` characters.

    Joined, the pieces are the text, but for blank lines at its ends.
    """
    rest = text.replace("\r\n", "\n").strip("\n")
    while len(rest) > longest:
        cut = rest.rfind("\n\n", longest // 2, longest)
        cut = cut + 2 if cut >= 0 else rest.rfind("\n", longest // 2, longest) + 1 or longest
        yield rest[:cut]
        rest = rest[cut:]
    if rest.strip():
        yield rest


def split_by_position(documents: Sequence[Document], validation: float, test: float) -> list[Document]:
    """Hold out the end of every style, by characters."""
    parts = []
    for style in dict.fromkeys(document.style for document in documents):
        own = [document for document in documents if document.style == style]
        total, before = sum(len(document.text) for document in own), 0
        for document in own:
            middle = (before + len(document.text) / 2) / total
            before += len(document.text)
            held_out = (
                "test" if middle >= 1 - test else "validation" if middle >= 1 - test - validation else ""
            )
            parts.append(replace(document, split=held_out or "train"))
    return parts


def _write(out: Path, documents: list[Document], name: str, twins: int) -> TextSet:
    out = Path(os.path.abspath(out))
    partial = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        partial.mkdir(parents=True)
        lines = "".join(json.dumps(asdict(document), ensure_ascii=False) + "\n" for document in documents)
        (partial / DOCUMENTS).write_text(lines, encoding="utf-8")
        summary = {
            "format": FORMAT,
            "kind": "text",
            "name": name,
            "count": len(documents),
            "bytes": sum(len(document.text.encode()) for document in documents),
            "twins_left_out": twins,
            "styles": dict(sorted(Counter(str(document.style) for document in documents).items())),
            "splits": dict(sorted(Counter(document.split for document in documents).items())),
            "sha256": {DOCUMENTS: file_sha256(partial / DOCUMENTS)},
        }
        (partial / SUMMARY).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
        move_folder(partial, out)
    except OSError as error:
        raise OutputError(f"can't write a dataset to {out}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return TextSet.open(out)
