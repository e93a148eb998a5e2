from pathlib import Path

import pytest

from fromnoise.home import home


def test_home_is_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.setenv("FROMNOISE_HOME", "")
    assert home() == Path.home() / ".cache" / "fromnoise"
