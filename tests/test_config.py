from pathlib import Path

import pytest

from fromnoise.config import Settings, read_settings
from fromnoise.errors import ConfigError


class Optimizer(Settings):
    rate: float = 0.1
    name: str = "adamw"


class Recipe(Settings):
    steps: int
    optimizer: Optimizer = Optimizer()


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text("steps = 10\n[optimizer]\nrate = 0.5\n")
    return path


def test_a_recipe_is_read(recipe: Path) -> None:
    assert read_settings(Recipe, recipe) == Recipe(steps=10, optimizer=Optimizer(rate=0.5))


def test_overrides_win_and_unquoted_text_is_text(recipe: Path) -> None:
    settings = read_settings(Recipe, recipe, ["optimizer.rate=2", "optimizer.name=muon", "steps = 3"])
    assert settings == Recipe(steps=3, optimizer=Optimizer(rate=2, name="muon"))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optimizer.rat=1", r"unknown key 'rat'; did you mean rate\?.* in \[optimizer\]"),
        ("stepps=1", "unknown key 'stepps'; did you mean steps"),
        ("steps=many", "steps: .*integer.*got 'many'"),
        ("optimizer.rate=nan", "optimizer.rate: .*finite"),
        ("steps", "--set takes a.b=c, not 'steps'"),
        ("steps.deep=1", "'steps' is a value, not a section"),
    ],
)
def test_a_bad_setting_is_named(recipe: Path, override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_settings(Recipe, recipe, [override])


def test_a_missing_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("")
    with pytest.raises(ConfigError, match="steps is missing"):
        read_settings(Recipe, tmp_path / "empty.toml")


def test_a_file_that_is_no_recipe_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("steps = = 1")
    (tmp_path / "picture.toml").write_bytes(b"\x89PNG\xff")
    for name, message in [
        ("none.toml", "no recipe at"),
        ("broken.toml", "not valid TOML"),
        ("picture.toml", "not valid TOML"),
        (".", "is a folder"),
    ]:
        with pytest.raises(ConfigError, match=message):
            read_settings(Recipe, tmp_path / name)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Recipe(steps=1).steps = 2  # type: ignore[misc]
