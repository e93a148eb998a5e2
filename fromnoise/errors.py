"""What a user can get wrong. Front doors show it in one line; all else is a bug and keeps its traceback."""

import difflib
from collections.abc import Iterable


class FromNoiseError(Exception):
    """Say what was expected, what came and what to do. Base of every error meant for the user."""


class ConfigError(FromNoiseError):
    """A recipe or setting is misspelt, mistyped or out of range."""


class RequestError(FromNoiseError, ValueError):
    """A request asks for something that can't be made."""


class UnsafePromptError(RequestError):
    """The guard refuses a text: its message begins `Unsafe prompt detected` and says which rule."""


class DataError(FromNoiseError):
    """Pictures, captions or a dataset folder are missing, broken or too few."""


class CheckpointError(FromNoiseError):
    """A model folder is missing, incomplete or not what its checksum says."""


class OutputError(FromNoiseError):
    """A result can't be written where it was asked for."""


class MissingPackageError(FromNoiseError):
    """An optional package is needed; the message names the extra that brings it."""


def unknown(kind: str, name: object, known: Iterable[str]) -> str:
    """Word the message for an unknown `name`: the nearest known names first, then all of them."""
    known = sorted(known)
    near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"unknown {kind} {str(name)!r}{hint} (known: {', '.join(known) or 'none'})"
