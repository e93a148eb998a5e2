"""The page on the idea of diffusion does what it says."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

PAGE = Path(__file__).parents[2] / "docs" / "diffusion-in-ten-lines.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
SETUP, TEN_LINES, LOOK, BY_HAND = BLOCKS[:4]  # the fifth needs the shipped model


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run the page's code in an empty folder and return what it leaves."""
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("ten-lines"))
        torch.manual_seed(0)
        exec(SETUP, names)
        x0 = names["model"].codec.encode(names["pictures"][:64])
        names["loss_before"] = names["model"].training_step(x0).item()
        exec(TEN_LINES, names)
        names["loss_after"] = names["model"].training_step(x0).item()
        exec(LOOK, names)
        names["folder"] = Path.cwd()
    return names


def test_the_ten_lines_are_ten() -> None:
    assert len(TEN_LINES.splitlines()) == 10


def test_it_learns(names: dict[str, Any]) -> None:
    assert names["loss_after"] < names["loss_before"] / 2


def test_the_guess_is_nearer_than_the_noisy_picture(names: dict[str, Any]) -> None:
    def distance(x: Tensor) -> float:
        return float((x - names["x0"]).square().mean())

    assert distance(names["guess"]) < distance(names["noisy"]) / 2


def test_noise_becomes_data(names: dict[str, Any]) -> None:
    assert names["made"].shape == names["x0"].shape
    assert names["made"].isfinite().all() and not torch.allclose(names["made"], names["noise"], atol=0.1)


def test_the_sheet_is_there(names: dict[str, Any]) -> None:
    assert names["sheet"].size == (8 * 16, 4 * 16)
    assert (names["folder"] / "ten-lines.png").is_file()


def test_the_way_down_by_hand_is_the_same(names: dict[str, Any]) -> None:
    exec(BY_HAND, names)
