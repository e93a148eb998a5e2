"""Where the program keeps what it made or fetched for the user."""

import os
from pathlib import Path


def home() -> Path:
    """Return the root: $FROMNOISE_HOME, else ~/.cache/fromnoise. It need not exist yet."""
    chosen = os.environ.get("FROMNOISE_HOME")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "fromnoise"
