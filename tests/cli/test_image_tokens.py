"""`fromnoise image` with a model that writes pictures token by token."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fromnoise.cli.main import main
from fromnoise.models.checkpoint import load, save
from fromnoise.models.image_tokens import ImageTokens

SIDE = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tokens_model: ImageTokens) -> Path:
    """A model's folder, its codec beside it."""
    root = tmp_path_factory.mktemp("models")
    save(tokens_model.codec, root / "tiny-vq")
    save(tokens_model, root / "tiny-tokens")
    return root / "tiny-tokens"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def made(folder: Path, *options: str) -> np.ndarray:
    assert main(["image", "a red apple", "--model", str(folder), "-o", "out.png", "--force", *options]) == 0
    return np.asarray(Image.open("out.png").convert("RGB"))


def refused(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    capsys.readouterr()
    assert main(["image", "a red apple", "--model", str(folder), *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_picture_is_written_and_made_again(folder: Path) -> None:
    first = made(folder, "--seed", "3", "--guidance", "2", "--guidance-start", "1", "--top-k", "9")
    assert first.shape == (16, 16, 3)
    assert main(["image", "--again", "out.png", "--model", str(folder), "-o", "again.png"]) == 0
    assert np.array_equal(np.asarray(Image.open("again.png").convert("RGB")), first)


def test_a_film_shows_a_token_a_frame(folder: Path) -> None:
    made(folder, "--seed", "3", "--film", "film.gif")
    assert 2 < Image.open("film.gif").n_frames <= SIDE**2


@pytest.mark.parametrize("mode", ["RGBA", "L", "P"])
@pytest.mark.parametrize("size", [(17, 9), (64, 48)])
def test_any_picture_may_be_begun_with(folder: Path, mode: str, size: tuple[int, int]) -> None:
    Image.new(mode, size).save("half.png")
    assert made(folder, "--init", "half.png", "--keep", "top", "--seed", "0").shape == (16, 16, 3)


def test_a_picture_of_one_pixel_is_too_small(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (1, 1)).save("dot.png")
    assert "at least 8 px a side" in refused(folder, capsys, "--init", "dot.png", "--keep", "top")


def test_json_tells_each_picture(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    asked = ["image", "a red apple", "--model", str(folder), "-n", "2", "--seed", "5", "-o", "many", "--json"]
    assert main(asked) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["seed"] for line in lines] == [5, 6]
    assert lines[0]["settings"]["solver"] == "next-token" and lines[0]["settings"]["top_p"] == 0.95


REFUSED = {
    "grid": (("--grid", "karras"), "token by token, so grid means nothing"),
    "between": (("--between", "a pear"), "between means nothing"),
    "keep": (("--keep", "top"), "--keep needs a picture"),
    "best_of": (("--best-of", "4"), "no scorer"),
    "top_k": (("--top-k", "0"), "--top-k must be at least 1"),
    "style": (("--style", "noot"), "did you mean noto"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str], case: str) -> None:
    options, told = REFUSED[case]
    assert told in refused(folder, capsys, *options)


def test_what_is_for_tokens_alone_is_refused_by_diffusion(model: object) -> None:
    with pytest.raises(ValueError, match="draws by diffusion, so temperature means nothing"):
        model.check(_request(temperature=1.0))  # type: ignore[attr-defined]


def test_a_model_whose_tokens_do_not_fit_its_codec_is_refused(folder: Path, tmp_path: Path) -> None:
    codec = load(folder.parent / "tiny-vq", device="cpu")
    model = load(folder, device="cpu")
    settings = model.settings.model_copy(update={"net": model.settings.net.model_copy(update={"grid": 3})})
    with pytest.raises(Exception, match=r"\[net\] must have vocabulary \d+, length 24 and grid 4"):
        ImageTokens(settings, codec, model.tokens)


def _request(**options: object) -> object:
    from fromnoise.requests import ImageRequest

    return ImageRequest(prompt="a red apple", **options)  # type: ignore[arg-type]
