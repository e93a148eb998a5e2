"""What the pages show can be typed: options exist, recipes take the settings, the tutorial works."""

import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from fromnoise.cli.main import app, main
from fromnoise.config import check_settings
from fromnoise.data.dataset import PictureSet, dataset_folder
from fromnoise.data.feed import DataSettings, open_dataset
from fromnoise.models.image_settings import ImageDiffusionSettings
from fromnoise.training.recipe import read_recipe

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
DRAW_PICTURES = re.findall(r"```python\n(.*?)```", TUTORIAL, re.DOTALL)[0]


def commands(text: str) -> list[str]:
    """Return the `fromnoise ...` lines of the blocks in a page, without prompt signs."""
    blocks = re.findall(r"```(?:sh|console)?\n(.*?)```", text.replace("\\\n", " "), re.DOTALL)
    lines = [part.strip() for block in blocks for line in block.splitlines() for part in line.split("&&")]
    return [line.removeprefix("$ ") for line in lines if line.removeprefix("$ ").startswith("fromnoise ")]


def words(line: str) -> list[str]:
    return shlex.split(line, comments=True)[1:]


SHOWN = [
    pytest.param(line, id=f"{page.name}: {line}")
    for page in PAGES
    for line in commands(page.read_text(encoding="utf-8"))
]


def test_commands_are_found() -> None:
    assert len(SHOWN) > 30


@pytest.mark.parametrize("line", SHOWN)
def test_a_shown_command_is_understood(line: str) -> None:
    _, bound, _ = app.parse_args(words(line), print_error=False, exit_on_error=False)
    if line.startswith("fromnoise train"):
        check_recipe(ROOT / bound.arguments["recipe"], list(bound.arguments.get("overrides", ())))


@pytest.mark.parametrize("recipe", sorted((ROOT / "recipes").glob("*.toml")), ids=lambda path: path.name)
def test_a_recipe_bears_the_name_of_its_file_and_says_its_command(recipe: Path) -> None:
    check_recipe(recipe, [])
    assert read_recipe(recipe, []).name == recipe.stem
    assert f"fromnoise train recipes/{recipe.name}" in recipe.read_text(encoding="utf-8")


def check_recipe(recipe: Path, overrides: list[str]) -> None:
    plan = read_recipe(recipe, overrides)
    if plan.model["kind"] == "image-diffusion":
        check_settings(ImageDiffusionSettings, plan.model)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    return tmp_path


def test_the_tutorial_draws_pictures_that_become_a_dataset(place: Path) -> None:
    exec(DRAW_PICTURES, {})
    assert main(["data", "build", "folder", "my-pictures"]) == 0
    built = PictureSet.open(dataset_folder("my-pictures"))
    assert len(built) == 40 and all(item.caption.endswith("balls") for item in built.items)
    assert len(open_dataset(DataSettings(dataset="my-pictures"))) == 40


@pytest.mark.slow
@pytest.mark.skipif(find_spec("fromnoise_weights") is None, reason="needs the codec of fromnoise-weights")
def test_the_tutorial_from_the_shapes_to_ones_own_codec(place: Path) -> None:
    few: dict[str, Any] = {"training.steps": 3, "training.batch": 8, "training.compile": "false"}
    changes: list[str] = [word for key, value in few.items() for word in ("--set", f"{key}={value}")]
    exec(DRAW_PICTURES, {})
    sections = TUTORIAL[TUTORIAL.index("## 3.") : TUTORIAL.index("## 5.")]
    trained = (line for line in commands(sections) if "start=emoji-diffusion" not in line)
    for line in trained:
        assert main([*words(line), *(changes if line.startswith("fromnoise train") else ())]) == 0, line
    assert (place / "few.png").is_file() and (place / "through-the-codec.png").is_file()
