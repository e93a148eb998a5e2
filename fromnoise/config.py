"""TOML to frozen, checked settings. Data only: a recipe never runs code."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from fromnoise.errors import ConfigError, unknown


class Settings(BaseModel):
    """Base of every settings class: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


S = TypeVar("S", bound=Settings)


def read_settings(kind: type[S], path: Path, overrides: Sequence[str] = ()) -> S:
    """Read a TOML file, apply `a.b=c` overrides and check everything. Raise ConfigError in one line."""
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"no recipe at {path}") from None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a folder; a recipe is a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    for override in overrides:
        _override(tree, override)
    return check_settings(kind, tree, where=str(path))


def check_settings(kind: type[S], tree: dict[str, Any], where: str = "settings") -> S:
    """Turn a plain tree into `kind`; name the first bad key, and the nearest good one."""
    try:
        return kind.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_first_problem(kind, error)}") from None


def _override(tree: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"--set takes a.b=c, not {override!r}")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text  # an unquoted string, as a shell hands it over
    *parents, last = key.strip().split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"--set {key}: {parent!r} is a value, not a section")
    tree[last] = value


def _first_problem(kind: type[BaseModel], error: ValidationError) -> str:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        *section, key = path
        place = f" in [{'.'.join(section)}]" if section else ""
        return unknown("key", key, _fields_at(kind, section)) + place
    if first["type"] == "missing":
        return f"{'.'.join(path)} is missing"
    return f"{'.'.join(path) or 'recipe'}: {first['msg']}, got {first['input']!r}"


def _fields_at(kind: type[BaseModel], path: list[str]) -> list[str]:
    inner: Any = kind
    for part in path:
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            field = inner.model_fields.get(part)
            inner = field.annotation if field else None
        else:  # of a list or a table: its members are all of one kind
            inner = next((one for one in reversed(get_args(inner)) if one is not Ellipsis), None)
    return list(inner.model_fields) if isinstance(inner, type) and issubclass(inner, BaseModel) else []
