"""Where datasets and downloads live on this machine."""

import os
from pathlib import Path


def home() -> Path:
    """Return the folder of everything built or downloaded: $FROMNOISE_HOME, else ~/.cache/fromnoise."""
    return Path(os.environ.get("FROMNOISE_HOME") or Path.home() / ".cache" / "fromnoise")


def dataset_folder(name: str) -> Path:
    """Return the default folder of the dataset called `name`."""
    return home() / "data" / name


def package_folder() -> Path:
    """Return the folder of downloaded registry packages."""
    return home() / "packages"
