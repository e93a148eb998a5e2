"""What a result says about its making, sealed with a key of this machine."""

import hashlib
from typing import Any

from fromnoise import __version__


def stamp(settings: dict[str, Any], pixels: bytes) -> dict[str, Any]:
    """Return `settings` with the version of the program and the SHA-256 of the result's raw bytes."""
    return {**settings, "version": __version__, "content_sha256": hashlib.sha256(pixels).hexdigest()}
