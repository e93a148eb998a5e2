import re
from pathlib import Path

import pytest

from fromnoise.data.dataset import PictureSet
from fromnoise.data.split import emoji_split, family

BLOCKS = re.findall(
    r"```python\n(.*?)```",
    (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8"),
    re.DOTALL,
)


def test_the_rule_in_the_docs_is_the_rule() -> None:
    names: dict[str, object] = {}
    exec(BLOCKS[0], names)
    for code in range(0x1F400, 0x1F500):
        for style in ("noto", "fluent-color"):
            told = names["split"](f"{code:X}", family(style))  # type: ignore[operator]
            assert told == emoji_split(f"{code:X}", style)


def test_the_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(BLOCKS[1], {})
    assert "(32, 32, 3)" in capsys.readouterr().out
    names: dict[str, object] = {}
    exec(BLOCKS[2], names)
    assert isinstance(names["build_grays"](tmp_path / "grays"), PictureSet)  # type: ignore[operator]
