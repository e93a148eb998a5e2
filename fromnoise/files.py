"""Files that are whole or not there, and how to tell one from another. Needs no torch."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from fromnoise.errors import OutputError


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write all files or, on any failure, none: drafts beside them first, then one rename each."""
    drafts: list[Path] = []
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f".fromnoise-{os.getpid()}-{len(drafts)}")
            with draft.open("wb") as file:
                drafts.append(draft)
                file.write(content)
        for draft, path in zip(drafts, files, strict=True):
            os.replace(draft, path)
    except OSError as error:
        raise OutputError(f"can't write {path}: {error.strerror}") from None
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)
