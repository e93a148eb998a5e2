"""Reading settings that others wrote: what we know must be right, what we don't know may be there."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict

from fromnoise.config import Settings, check_settings
from fromnoise.errors import CheckpointError, ConfigError
from fromnoise.nets.transformer import TransformerSettings

LONGEST = 2**22
"""Most tokens of a sequence that anybody has promised; a larger number is no length."""


class Foreign(Settings):
    """Base of settings in another project's words; keys that say nothing to us are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, populate_by_name=True)


F = TypeVar("F", bound=Settings)


def checked(kind: type[F], tree: Mapping[str, Any], where: str) -> F:
    """Turn a plain tree into `kind`; raise CheckpointError in one line."""
    try:
        return check_settings(kind, dict(tree), where)
    except ConfigError as error:
        raise CheckpointError(str(error)) from None


def check_size(settings: TransformerSettings, tensors: int, where: str) -> None:
    """Raise CheckpointError when a configuration can't be meant: before anything of its size is made."""
    try:
        odd = settings.positions == "rotary" and settings.head % 2
        assert settings.shared > 0
    except ConfigError as error:
        raise CheckpointError(f"{where}: {error}") from None
    if odd:
        raise CheckpointError(f"{where}: heads must have an even width to be turned, got {settings.head}")
    if settings.depth > tensors:
        raise CheckpointError(f"{where} speaks of {settings.depth} layers, but there are {tensors} tensors")
    if settings.length > LONGEST:
        raise CheckpointError(f"{where}: no model reads {settings.length} tokens; at most {LONGEST}")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; raise CheckpointError when it is none."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; copy the checkpoint again, whole") from None
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise CheckpointError(f"{path} is not valid JSON: {error}") from None
    if not isinstance(tree, dict):
        raise CheckpointError(f"{path} should hold a JSON object, not a {type(tree).__name__}")
    return tree
