"""Where models lie on disk, what they are, and whether their bytes are the ones that were saved. Needs no torch.

A model is a folder: config.toml, weights.safetensors, whatever else it reads, checksums.json and card.md.
"""

import hashlib
import json
import math
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fromnoise.errors import CheckpointError, unknown
from fromnoise.home import home

CONFIG = "config.toml"
CHECKSUMS = "checksums.json"
MANIFEST = "manifest.json"
CHECKED = {".toml", ".json", ".safetensors"}
"""Suffixes of the files a model reads; cards and sample pictures may change freely."""


@dataclass(frozen=True)
class ModelInfo:
    """What can be said of a model without loading it."""

    name: str
    kind: str
    description: str
    parameters: int
    bytes: int
    path: Path
    origin: str
    """"yours" (the user's models folder), "installed" (fromnoise-weights) or "folder" (given by its path)."""


def find_model(name_or_path: str | Path) -> Path:
    """Return a model's folder: a path that holds config.toml, else the user's own model, else an installed one."""
    folder = Path(name_or_path).expanduser()
    if (folder / CONFIG).is_file():
        return folder
    name = str(name_or_path)
    if os.sep in name or name in ("", ".", ".."):
        raise CheckpointError(f"no model in {name!r}: a model is a folder with {CONFIG}")
    known = dict(_named_folders())
    if name in known:
        return known[name]
    hint = "" if _installed() else "; `pip install fromnoise-weights` brings the shipped models"
    raise CheckpointError(unknown("model", name, known) + hint)


def list_models() -> list[ModelInfo]:
    """Describe every model that can be asked for by name; the user's own hides an installed one of the same name."""
    return [model_info(folder) for _, folder in sorted(_named_folders())]


def model_info(folder: Path) -> ModelInfo:
    """Describe the model in a folder from its config and the headers of its weights."""
    config = read_config(folder)
    return ModelInfo(
        name=folder.resolve().name,
        kind=str(config.get("kind", "unknown")),
        description=str(config.get("description", "")),
        parameters=sum(_count_parameters(path) for path in sorted(folder.glob("*.safetensors"))),
        bytes=sum(path.stat().st_size for path in _checked_files(folder)),
        path=folder,
        origin=_origin(folder),
    )


def read_config(folder: Path) -> dict[str, Any]:
    """Read a model's config.toml as plain data."""
    try:
        return tomllib.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"no model in {str(folder)!r}: a model is a folder with {CONFIG}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{folder / CONFIG} is not valid TOML: {error}") from None


def verify(folder: Path) -> None:
    """Compare a model's files with its checksums, and with the manifest if it is an installed one.

    Raise CheckpointError naming the first file that is missing or has other bytes. A folder without checksums passes.
    """
    if (folder / CHECKSUMS).is_file():
        _verify_files(folder, _read_sums(folder / CHECKSUMS))
    if _origin(folder) == "installed":
        listed = _read_json(folder.parent / MANIFEST)
        if folder.name not in listed:
            raise CheckpointError(f"{folder.name} is not in {folder.parent / MANIFEST}; install fromnoise-weights again")
        _verify_files(folder, _checked_sums(listed[folder.name], folder.parent / MANIFEST))


def checksums(folder: Path) -> dict[str, str]:
    """Return {file: SHA-256} of every file in a folder that a model reads."""
    return {path.relative_to(folder).as_posix(): sha256(path) for path in _checked_files(folder)}


def write_checksums(folder: Path) -> None:
    """Write a model folder's checksums.json. Call it last, when every other file is in place."""
    _write_json(folder / CHECKSUMS, checksums(folder))


def write_manifest(package: Path) -> None:
    """Write manifest.json of a folder of models: {model: {file: SHA-256}}."""
    folders = sorted(path for path in package.iterdir() if (path / CONFIG).is_file())
    _write_json(package / MANIFEST, {folder.name: checksums(folder) for folder in folders})


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _named_folders() -> Iterator[tuple[str, Path]]:
    """Yield (name, folder), installed models first so that the user's own replace them in a dict."""
    found: dict[str, Path] = {}
    for root in (_installed(), home() / "models"):
        if root is not None and root.is_dir():
            found.update((path.name, path) for path in root.iterdir() if (path / CONFIG).is_file())
    yield from found.items()


def _installed() -> Path | None:
    """Return the folder of the fromnoise-weights package, without importing it; None when it is not installed."""
    spec = find_spec("fromnoise_weights")
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def _origin(folder: Path) -> str:
    parent, installed = folder.resolve().parent, _installed()
    if installed is not None and parent == installed.resolve():
        return "installed"
    return "yours" if parent == (home() / "models").resolve() else "folder"


def _checked_files(folder: Path) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.suffix in CHECKED and path.name != CHECKSUMS)
    return sorted(path for path in files if path.is_file())


def _count_parameters(weights: Path) -> int:
    """Sum the sizes in a safetensors header: eight bytes of length, little endian, then JSON."""
    with weights.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        try:
            if length > weights.stat().st_size:
                raise ValueError("the header is longer than the file")
            header = json.loads(file.read(length))
            return sum(math.prod(entry["shape"]) for key, entry in header.items() if key != "__metadata__")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise CheckpointError(f"{weights} is not a safetensors file, or is cut short") from None


def _verify_files(folder: Path, expected: dict[str, str]) -> None:
    for name, digest in expected.items():
        path = folder / name
        if not path.is_file():
            raise CheckpointError(f"{path} is missing; copy or install the model again")
        got = sha256(path)
        if got != digest:
            raise CheckpointError(
                f"{path} is not the file that was saved: expected SHA-256 {digest[:12]}..., got {got[:12]}...; "
                "copy or install the model again"
            )


def _read_sums(path: Path) -> dict[str, str]:
    return _checked_sums(_read_json(path), path)


def _checked_sums(sums: object, source: Path) -> dict[str, str]:
    if isinstance(sums, dict) and all(isinstance(digest, str) for digest in sums.values()):
        return sums
    raise CheckpointError(f"{source} must hold file names and their SHA-256; copy or install the model again")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; copy or install the model again") from None
    except ValueError as error:
        raise CheckpointError(f"{path} is not valid JSON: {error}") from None
    if not isinstance(tree, dict):
        raise CheckpointError(f"{path} must hold a JSON object; copy or install the model again")
    return tree


def _write_json(path: Path, tree: dict[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(tree, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(temporary, path)
