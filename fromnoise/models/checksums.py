"""Whether a model's bytes are the ones that were saved. Needs no torch.

A model folder says it of itself in checksums.json; a folder of models says it of all in manifest.json.
"""

import json
from pathlib import Path
from typing import Any

from fromnoise.errors import CheckpointError
from fromnoise.files import file_sha256, write_all

CHECKSUMS = "checksums.json"
MANIFEST = "manifest.json"
CHECKED = {".toml", ".json", ".safetensors"}
"""Suffixes of the files a model reads; cards and sample pictures may change freely."""
REMEDY = "copy or install the model again"


def checked_files(folder: Path) -> list[Path]:
    """Return the files of a model folder that the model reads."""
    files = (path for path in folder.rglob("*") if path.suffix in CHECKED and path.name != CHECKSUMS)
    return sorted(path for path in files if path.is_file())


def checksums(folder: Path) -> dict[str, str]:
    """Return {file: SHA-256} of the files of a model folder that the model reads."""
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in checked_files(folder)}


def write_checksums(folder: Path) -> None:
    """Write a model folder's checksums.json. Call it last, when every other file is in place."""
    _write_json(folder / CHECKSUMS, checksums(folder))


def write_manifest(models: Path) -> None:
    """Write the manifest.json of a folder of models: {model: {file: SHA-256}}."""
    folders = sorted(path for path in models.iterdir() if path.is_dir())
    listed = {folder.name: checksums(folder) for folder in folders}
    _write_json(models / MANIFEST, {name: sums for name, sums in listed.items() if sums})


def verify_checksums(folder: Path) -> None:
    """Raise CheckpointError unless the files are those in checksums.json; pass when there is none."""
    source = folder / CHECKSUMS
    if source.is_file():
        _verify(folder, _read_json(source), source)


def verify_manifest(folder: Path) -> None:
    """Raise CheckpointError unless the files are those that the manifest.json beside the folder lists."""
    source = folder.parent / MANIFEST
    listed = _read_json(source)
    if folder.name not in listed:
        raise CheckpointError(f"{source} does not list {folder.name!r}; {REMEDY}")
    _verify(folder, listed[folder.name], source)


def _verify(folder: Path, expected: object, source: Path) -> None:
    if not isinstance(expected, dict) or not all(isinstance(digest, str) for digest in expected.values()):
        raise CheckpointError(f"{source} must hold file names with their SHA-256; {REMEDY}")
    for name, digest in expected.items():
        path = folder / name
        if not path.is_file():
            raise CheckpointError(f"{path} is missing; {REMEDY}")
        got = file_sha256(path)
        if got != digest:
            change = f"expected SHA-256 {digest[:12]}..., got {got[:12]}..."
            raise CheckpointError(f"{path} is not the file that was saved: {change}; {REMEDY}")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; {REMEDY}") from None
    except ValueError as error:
        raise CheckpointError(f"{path} is not valid JSON: {error}; {REMEDY}") from None
    if not isinstance(tree, dict):
        raise CheckpointError(f"{path} must hold a JSON object; {REMEDY}")
    return tree


def _write_json(path: Path, tree: dict[str, Any]) -> None:
    write_all({path: (json.dumps(tree, indent=2, sort_keys=True) + "\n").encode()})
