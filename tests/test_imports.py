"""What is loaded when: the front doors open at once, and torch comes only with a model."""

import subprocess
import sys
import time

import pytest

import fromnoise

HEAVY = ("torch", "numpy", "PIL", "tokenizers")
GENEROUS_SECONDS = 1.5  # it takes about 0.2; machines that run tests are busy


def loaded_by(code: str) -> list[str]:
    """Return which heavy packages a fresh interpreter has loaded after running `code`."""
    tell = f"\nimport sys; print('|'.join(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code + tell], capture_output=True, text=True, check=True)
    return [name for name in done.stderr.strip().split("|") if name]


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import fromnoise; fromnoise.errors; fromnoise.ImageRequest; fromnoise.generate") == []


@pytest.mark.parametrize("words", [["--help"], ["image", "--help"], ["models", "list"], ["--version"]])
def test_telling_about_itself_loads_nothing_heavy(words: list[str]) -> None:
    assert loaded_by(f"from fromnoise.cli.main import main; assert main({words}) == 0") == []


def test_help_is_fast() -> None:
    command = [sys.executable, "-m", "fromnoise", "--help"]
    subprocess.run(command, check=True, capture_output=True)  # bytecode is written on the first run
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    assert time.perf_counter() - start < GENEROUS_SECONDS


def test_every_public_name_is_there() -> None:
    for name in fromnoise.__all__:
        assert getattr(fromnoise, name) is not None
    assert dir(fromnoise) == sorted(fromnoise.__all__)
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        fromnoise.lod  # type: ignore[attr-defined]  # noqa: B018
