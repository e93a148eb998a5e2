"""The page on OpenAI's client says what works: its programs are run against a server."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("openai")
PAGE = Path(__file__).parents[2] / "docs" / "openai-client.md"
OWN_NAMES = {
    "http://127.0.0.1:8000": None,
    "verse-gpt": "tiny-words",
    "emoji-diffusion": "tiny-pictures",
    '"noto"': '"plain"',
}


def test_every_program_of_the_page_runs(
    server: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    programs = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    Image.new("RGBA", (16, 16)).save("mask.png")
    known: dict[str, Any] = {}
    for program in programs:
        for name, other in OWN_NAMES.items():
            program = program.replace(name, other or server.address)
        exec(compile(program, str(PAGE), "exec"), known)
    assert Path("apple.png").is_file() and Path("image_generation.completed.png").is_file()
    assert known["verdict"] is False and len(known["vectors"].data) == 2
    assert len(programs) == 5
