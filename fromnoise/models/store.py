"""Where models lie on disk and what they are, told without loading them. Needs no torch.

A model is a folder: config.toml, weights.safetensors, whatever else it reads, checksums.json and card.md.
"""

import json
import math
import os
import tomllib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fromnoise.errors import CheckpointError, unknown
from fromnoise.home import home
from fromnoise.models.checksums import checked_files, verify_checksums, verify_manifest

CONFIG = "config.toml"


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
    """"yours" (the user's models folder), "installed" (fromnoise-weights) or "folder" (any other)."""


def find_model(name_or_path: str | Path) -> Path:
    """Return a model's folder: a path with config.toml, else the user's own model, else an installed one."""
    folder = Path(name_or_path).expanduser()
    if (folder / CONFIG).is_file():
        return folder
    name = str(name_or_path)
    if isinstance(name_or_path, Path) or os.sep in name or name in ("", ".", ".."):
        raise _no_model(folder)
    known = _named_folders()
    if name not in known:
        hint = "" if _installed() else "; `pip install fromnoise-weights` brings the shipped models"
        raise CheckpointError(unknown("model", name, known) + hint)
    return known[name]


def list_models() -> list[ModelInfo]:
    """Describe every model that has a name; the user's own hides an installed one of the same name."""
    return [model_info(folder) for _, folder in sorted(_named_folders().items())]


def model_info(folder: Path) -> ModelInfo:
    """Describe the model in a folder from its config and the header of its weights."""
    config = read_config(folder)
    return ModelInfo(
        name=folder.resolve().name,
        kind=str(config.get("kind", "unknown")),
        description=str(config.get("description", "")),
        parameters=sum(_count_parameters(weights) for weights in folder.glob("*.safetensors")),
        bytes=sum(path.stat().st_size for path in checked_files(folder)),
        path=folder,
        origin=_origin(folder),
    )


def read_config(folder: Path) -> dict[str, Any]:
    """Read a model's config.toml as plain data."""
    try:
        return tomllib.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _no_model(folder) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{folder / CONFIG} is not valid TOML: {error}") from None


def verify(folder: Path) -> None:
    """Check a model's files against its checksums, and against the manifest when it is an installed one.

    Raise CheckpointError naming the first file that is missing or has other bytes.
    """
    verify_checksums(folder)
    if _origin(folder) == "installed":
        verify_manifest(folder.resolve())


def _named_folders() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for root in (_installed(), home() / "models"):  # the user's own come last and win
        if root is not None and root.is_dir():
            found.update((path.name, path) for path in root.iterdir() if (path / CONFIG).is_file())
    return found


def _installed() -> Path | None:
    """Return the folder of fromnoise-weights, without importing it; None when it isn't installed."""
    spec = find_spec("fromnoise_weights")
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def _origin(folder: Path) -> str:
    parent, installed = folder.resolve().parent, _installed()
    if installed is not None and parent == installed.resolve():
        return "installed"
    return "yours" if parent == (home() / "models").resolve() else "folder"


def _count_parameters(weights: Path) -> int:
    """Sum the sizes in a safetensors header: eight bytes of length, little endian, then JSON."""
    with weights.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if length <= weights.stat().st_size else b""
    try:
        entries = json.loads(header).items()
        return sum(math.prod(entry["shape"]) for key, entry in entries if key != "__metadata__")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CheckpointError(f"{weights} is not a safetensors file, or is cut short") from None


def _no_model(folder: Path) -> CheckpointError:
    return CheckpointError(f"no model in {str(folder)!r}: a model is a folder with {CONFIG}")
