"""Policies as they are written: TOML to frozen, checked settings."""

import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from fromnoise.config import Settings, check_settings
from fromnoise.errors import ConfigError
from fromnoise.home import home

Action = Literal["block", "warn", "allow"]
OWN = "policy.toml"


class Near(Settings):
    """Words that say something only together: one of each group, within so many words."""

    groups: tuple[str, ...]
    within: int = 5
    ordered: bool = False
    unless: str = ""
    """Words within reach that show another meaning."""


class RuleSettings(Settings):
    """One rule: what it finds, and what excuses it."""

    words: str = ""
    phrases: tuple[str, ...] = ()
    hidden: str = ""
    near: tuple[Near, ...] = ()
    patterns: tuple[str, ...] = ()
    """Regular expressions, for the text in small letters."""
    excuses: tuple[str, ...] = ()
    contexts: str = ""


class CategorySettings(Settings):
    """A kind of content, and what is done about it."""

    title: str
    action: Action
    rules: dict[str, RuleSettings]


class PolicySettings(Settings):
    """A whole policy."""

    extends: Literal["default"] | None = None
    """Take the default policy's categories too; a category of the same name takes its place."""
    sets: dict[str, str] = Field(default_factory=dict)
    categories: dict[str, CategorySettings] = Field(default_factory=dict)


def own_policy() -> Path:
    """Return where the user's policy is looked for; without one the default is in force."""
    return home() / OWN


@lru_cache(maxsize=8)
def read_policy(path: Path | None, changed: int = 0) -> PolicySettings:
    """Read a policy file, None for the default; `changed` is when it was, so that an edit is seen."""
    settings = check_settings(PolicySettings, _tree(path), where=str(path or "the default policy"))
    if settings.extends is None:
        return settings
    default = read_policy(None)
    return PolicySettings(
        sets={**default.sets, **settings.sets}, categories={**default.categories, **settings.categories}
    )


def _tree(path: Path | None) -> dict[str, Any]:
    try:
        source = path if path is not None else files("fromnoise.guard").joinpath("policy.toml")
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"can't read the policy {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the policy {path} is not valid TOML: {error}") from None
