"""Find the user's pictures and what they show: metadata.jsonl, text files beside them, folder names."""

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fromnoise.errors import DataError

METADATA = "metadata.jsonl"
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
LONGEST_CAPTION = 1000  # characters
TEXT_KEYS = ("text", "caption")


@dataclass(frozen=True)
class Captioned:
    """One picture file and what it shows."""

    path: Path
    name: str
    """Path inside the folder, with forward slashes."""
    caption: str
    style: str | None = None


def find_pictures(source: Path) -> list[Path]:
    """Return all picture files in the folder and its subfolders, sorted; hidden ones are left out."""
    if not source.exists():
        raise DataError(f"no folder at {source}")
    if not source.is_dir():
        raise DataError(f"{source} is a file; give the folder that the pictures are in")
    files = (path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    shown = sorted(path for path in files if not _hidden(path.relative_to(source)))
    if not shown:
        raise DataError(f"no pictures in {source}; it takes {', '.join(SUFFIXES)} files")
    return shown


def find_captions(source: Path, pictures: list[Path]) -> list[Captioned]:
    """Return the pictures that have a caption: metadata.jsonl's, the text file's or the folder's."""
    listed = _read_metadata(source)
    found = []
    for path in pictures:
        name = path.relative_to(source).as_posix()
        caption, style = listed.get(name, (None, None))
        caption = caption or _beside(path) or _folder_name(source, path)
        if caption:
            found.append(Captioned(path, name, caption, style))
    if not found:
        raise DataError(
            f"no captions in {source}: write {METADATA} with lines like "
            f'{{"file_name": "{pictures[0].name}", "text": "a red apple"}}, or a .txt file beside each '
            f"picture, or put the pictures into folders named after what they show"
        )
    return found


def _hidden(relative: Path) -> bool:
    return any(part.startswith(".") for part in relative.parts)


def _read_metadata(source: Path) -> dict[str, tuple[str, str | None]]:
    """Read file name -> (caption, style); every line must name a picture that is there."""
    path = source / METADATA
    if not path.exists():
        return {}
    listed = {}
    for number, line in enumerate(_read_text(path).splitlines(), start=1):
        if line.strip():
            name, caption, style = _read_line(line, f"{path}, line {number}")
            if not (source / name).is_file():
                raise DataError(f"{path}, line {number}: no picture {name} in {source}")
            listed[name] = (caption, style)
    return listed


def _read_line(line: str, where: str) -> tuple[str, str, str | None]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} is not JSON: {error}") from None
    if not isinstance(entry, dict):
        raise DataError(f"{where}: expected an object with file_name and text, got {line[:40]}")
    name = _string(entry, ("file_name",), where)
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise DataError(f"{where}: file_name {name!r} leads out of the folder")
    style = _string(entry, ("style",), where) if entry.get("style") is not None else None
    return PurePosixPath(name).as_posix(), _clean(_string(entry, TEXT_KEYS, where), where), style


def _string(entry: dict[str, Any], keys: tuple[str, ...], where: str) -> str:
    """Return the first of `keys` that the entry has; it must be text that isn't empty."""
    for key in keys:
        if key in entry:
            value = entry[key]
            if not isinstance(value, str) or not value.strip():
                raise DataError(f"{where}: {key} should be text, got {value!r}")
            return value
    raise DataError(f"{where} has no {' or '.join(keys)}; it has {', '.join(entry) or 'nothing'}")


def _beside(picture: Path) -> str | None:
    path = picture.with_suffix(".txt")
    return _clean(_read_text(path), str(path)) if path.is_file() else None


def _folder_name(source: Path, picture: Path) -> str | None:
    """Return the words of the folder that the picture is in; None when that is `source` itself."""
    if picture.parent == source:
        return None
    return " ".join(picture.parent.name.replace("_", " ").replace("-", " ").split())


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror}") from None


def _clean(text: str, where: str) -> str:
    """Return the text in one line; an absurdly long one is refused."""
    line = " ".join(text.split())
    if len(line) > LONGEST_CAPTION:
        raise DataError(f"{where}: a caption has at most {LONGEST_CAPTION} characters, this one {len(line)}")
    return line
