"""Names for the things a recipe or a request can choose, imported on first use."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from fromnoise.errors import ConfigError, unknown


class Registry:
    """Map a name to "module:Object" and import the object when it is first asked for."""

    def __init__(self, kind: str, entries: dict[str, str]) -> None:
        self.kind = kind
        self._entries = dict(entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __getitem__(self, name: str) -> Any:
        """Return the object called `name`; raise ConfigError with the nearest names when there is none."""
        if name not in self._entries:
            raise ConfigError(unknown(self.kind, name, self._entries))
        module, _, attribute = self._entries[name].partition(":")
        return getattr(import_module(module), attribute)

    def add(self, name: str, target: str) -> None:
        """Register "module:Object" under `name`, for plug-ins and tests."""
        self._entries[name] = target
