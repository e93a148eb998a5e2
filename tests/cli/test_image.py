"""`fromnoise image` with a small make-believe model: which files appear, what they carry, what is refused."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fromnoise.cli.image import image
from fromnoise.cli.image_options import ImageOptions
from fromnoise.cli.main import main
from fromnoise.cli.outputs import slug
from fromnoise.errors import FromNoiseError, OutputError, RequestError, unknown
from fromnoise.files import write_all
from fromnoise.pictures import read_settings
from fromnoise.requests import ImageRequest, ImageResult, Progress

WEIGHTS = "ab" * 32


class Painter:
    """Paint a flat colour that depends on the prompt and the seed, in a few steps."""

    name = "painter"
    weights_sha256 = WEIGHTS
    styles = ("noto", "twemoji")
    size = 16

    def __init__(self) -> None:
        self.requests: list[ImageRequest] = []

    def check(self, request: ImageRequest) -> ImageRequest:
        if request.style is not None and request.style not in self.styles:
            raise RequestError(unknown("style", request.style, self.styles))
        return replace(request, steps=request.steps or 4)

    def stream(self, request: ImageRequest) -> Iterator[Progress | ImageResult]:
        request = self.check(request)
        self.requests.append(request)
        seeds = [request.seed + (0 if request.between else index) for index in range(request.count)]
        pictures = [self._paint(request, seed, index) for index, seed in enumerate(seeds)]
        assert request.steps is not None
        for step in range(1, request.steps + 1):
            yield Progress(
                step, request.steps, lambda step=step: [each.point(lambda v: v // step) for each in pictures]
            )
        warnings = ["the prompt is cut to 3 words"] if len(request.prompt.split()) > 3 else []
        yield ImageResult(
            pictures, [self._settings(request, seed, index) for index, seed in enumerate(seeds)], warnings
        )

    def _paint(self, request: ImageRequest, seed: int, index: int) -> Image.Image:
        colour = (len(request.prompt) % 256, seed % 256, 10 * index if request.between else 0)
        start = Image.new("RGB", (16, 16)) if request.init is None else Image.fromarray(request.init)
        return Image.blend(start, Image.new("RGB", (16, 16), colour), 0.9)

    def _settings(self, request: ImageRequest, seed: int, index: int) -> dict[str, Any]:
        settings = {
            "prompt": request.prompt,
            "style": request.style,
            "seed": seed,
            "steps": request.steps,
            "guidance_interval": request.guidance_interval,
            "between": request.between,
            "count": request.count if request.between else 1,
            "model": self.name,
            "weights_sha256": self.weights_sha256,
        }
        strength = {"strength": request.strength} if request.init is not None else {}
        return settings | strength | ({"frame": index} if request.between else {})


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Painter:
    """Put the make-believe model where the real ones are, and work in an empty folder."""
    model = Painter()
    module = ModuleType("fromnoise.models.checkpoint")
    module.load = lambda name, device=None: model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fromnoise.models.checkpoint", module)
    monkeypatch.setattr("fromnoise.models.store.find_model", Path)
    monkeypatch.chdir(tmp_path)
    return model


@pytest.fixture
def never(painter: Painter, monkeypatch: pytest.MonkeyPatch) -> Painter:
    """Fail if the model is loaded: the mistake must be found before."""
    monkeypatch.setattr(
        "fromnoise.models.store.find_model", lambda name: pytest.fail("the model was looked for")
    )
    return painter


def files() -> list[str]:
    return sorted(str(path) for path in Path(".").rglob("*") if path.is_file())


def pixels(path: str | Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def square(name: str, width: int = 32, height: int = 32, colour: str = "red") -> str:
    Image.new("RGB", (width, height), colour).save(name)
    return name


# names


@pytest.mark.parametrize(
    ("prompt", "stem"),
    [
        ("A red apple!", "red-apple"),
        ("the cat", "cat"),
        ("???", "picture"),
        ("ÄPFEL", "äpfel"),
        ("a/../b", "b"),
    ],
)
def test_prompts_become_file_names(prompt: str, stem: str) -> None:
    assert slug(prompt) == stem


def test_without_options_a_numbered_name_never_overwrites(painter: Painter) -> None:
    for _ in range(2):
        image("a red apple", options=ImageOptions(seed=7))
    assert files() == ["red-apple-7-2.png", "red-apple-7.png"]


def test_a_seed_is_drawn_and_told(painter: Painter, capsys: pytest.CaptureFixture[str]) -> None:
    image("a red apple")
    (name,) = files()
    assert capsys.readouterr().out == f"{name}  seed {painter.requests[0].seed}\n"


@pytest.mark.parametrize(
    ("output", "count", "names"),
    [
        (None, 2, ["cat-7.png", "cat-8.png"]),
        ("out", None, ["out/00000.png"]),
        ("new/deep.dir/", 2, ["new/deep.dir/00000.png", "new/deep.dir/00001.png"]),
        ("new/cat.webp", None, ["new/cat.webp"]),
        ("cat.jpg", 2, ["cat-0.jpg", "cat-1.jpg"]),
    ],
)
def test_output_is_a_file_or_a_folder(
    painter: Painter, output: str | None, count: int | None, names: list[str]
) -> None:
    image("a cat", options=ImageOptions(seed=7, output=output, count=count))
    assert files() == names
    assert [read_settings(Path(name))["seed"] for name in names] == [7, 8][: len(names)]


def test_named_files_are_overwritten_by_force_alone(painter: Painter) -> None:
    square("cat.png")
    with pytest.raises(OutputError, match="--force"):
        image("a cat", options=ImageOptions(output="cat.png"))
    image("a cat", options=ImageOptions(output="cat.png", force=True))
    assert read_settings(Path("cat.png"))["prompt"] == "a cat"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (ImageOptions(output="a.tiff"), "did you mean|known"),
        (ImageOptions(output=""), "empty"),
        (ImageOptions(output="file/a.png"), "not a folder"),
        (ImageOptions(output="x" * 300 + ".png"), "too long"),
        (ImageOptions(film="a.mp4"), r"\.webp"),
        (ImageOptions(output="a.webp", film="a.webp"), "two file names"),
        (ImageOptions(output="file"), "not a folder"),
    ],
)
def test_bad_outputs_are_found_before_the_model_is_loaded(
    never: Painter, options: ImageOptions, said: str
) -> None:
    Path("file").write_text("")
    with pytest.raises(OutputError, match=said):
        image("a cat", options=options)
    assert files() == ["file"]


def test_a_read_only_folder_is_said_so(never: Painter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)  # chmod does not stop root
    with pytest.raises(OutputError, match="read-only"):
        image("a cat")


def test_a_full_disk_leaves_nothing_behind(painter: Painter, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OutputError, match="No space left"):
        image("a cat", options=ImageOptions(count=2))
    assert files() == []


def test_write_all_writes_nothing_when_one_file_fails(painter: Painter) -> None:
    Path("file").write_text("kept")
    with pytest.raises(OutputError, match="can't write file/b"):
        write_all({Path("a"): b"a", Path("file/b"): b"b"})
    assert files() == ["file"]


# bad requests


@pytest.mark.parametrize(
    ("prompt", "options", "said"),
    [
        (None, ImageOptions(), "give a prompt"),
        ("  ", ImageOptions(), "empty"),
        ("a \ud800", ImageOptions(), "Unicode"),
        ("a", ImageOptions(between=""), "empty"),
        ("a", ImageOptions(count=0), "-n must be at least 1"),
        ("a", ImageOptions(steps=-3), "--steps must be at least 1"),
        ("a", ImageOptions(guidance=float("nan")), "finite"),
        ("a", ImageOptions(mask="m.png"), "--mask needs"),
        ("a", ImageOptions(strength=0.5), "--strength needs"),
        ("a", ImageOptions(strength=1.5, init="i.png"), "between 0 and 1"),
        ("a", ImageOptions(init="none.png"), "no init picture at none.png"),
        ("a", ImageOptions(prompts="p.jsonl", output="out"), "not both"),
        (None, ImageOptions(prompts="p.jsonl"), "-o DIR"),
        (None, ImageOptions(prompts="p.jsonl", output="out", count=2), "leave out -n"),
        (None, ImageOptions(prompts="p.jsonl", output="out"), "no prompts file"),
        (None, ImageOptions(again="none.png"), "no picture at none.png"),
    ],
)
def test_mistakes_are_found_before_the_model_is_loaded(
    never: Painter, prompt: str | None, options: ImageOptions, said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        image(prompt, options=options)
    assert files() == []


def test_a_guidance_interval_has_two_ends(painter: Painter) -> None:
    image("a cat", options=ImageOptions(guidance_interval="0.1,0.8"))
    assert painter.requests[0].guidance_interval == (0.1, 0.8)
    with pytest.raises(RequestError, match="LOW,HIGH"):
        image("a cat", options=ImageOptions(guidance_interval="0.1"))


def test_warnings_go_to_stderr(painter: Painter, capsys: pytest.CaptureFixture[str]) -> None:
    image("a very long prompt", options=ImageOptions(json=True))
    told = capsys.readouterr()
    assert told.err == "warning: the prompt is cut to 3 words\n"
    assert json.loads(told.out)["settings"]["prompt"] == "a very long prompt"


@pytest.mark.parametrize(
    "words",
    [
        ["--seed", "1.5"],
        ["--seed", "x"],
        ["--steps", "0"],
        ["-n", "0"],
        ["--guidance", "nan"],
        ["--stile", "a"],
    ],
)
def test_the_command_line_says_mistakes_in_one_line(
    painter: Painter, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["image", "a cat", *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: ") and told.err.count("\n") == 1
    assert files() == []


def test_the_command_line_reaches_every_option(painter: Painter) -> None:
    command = "image cat -o a.png -n 1 --seed 3 --style noto --steps 2 --solver ddim --eta 1 --json"
    assert main(command.split(" ")) == 0
    request = painter.requests[0]
    assert (request.seed, request.style, request.steps, request.solver, request.eta) == (
        3,
        "noto",
        2,
        "ddim",
        1.0,
    )


# starting from a picture


def test_init_is_cut_to_the_models_size_with_its_mask(painter: Painter) -> None:
    square("init.png", 64, 32)
    Image.fromarray(np.tri(32, 64, dtype=np.uint8) * 255).save("mask.png")
    image("a cat", options=ImageOptions(init="init.png", mask="mask.png", strength=0.3, output="out.png"))
    request = painter.requests[0]
    assert request.init is not None and request.init.shape == (16, 16, 3)
    assert request.mask is not None and (request.mask.shape, request.mask.dtype) == ((16, 16), bool)
    assert request.strength == 0.3
    assert read_settings(Path("out.png"))["strength"] == 0.3


def test_a_mask_of_another_size_names_both(never: Painter) -> None:
    square("init.png", 32, 32), square("mask.png", 32, 16)
    with pytest.raises(RequestError, match=r"32x16 px .* 32x32 px"):
        image("a cat", options=ImageOptions(init="init.png", mask="mask.png"))


# films


@pytest.mark.parametrize("name", ["film.webp", "film.gif"])
def test_a_film_shows_every_step_and_the_picture(painter: Painter, name: str) -> None:
    image("a cat", options=ImageOptions(film=name, output="cat.png", steps=3, seed=200))
    with Image.open(name) as film:
        assert film.n_frames == 3
    assert files() == ["cat.png", name]


def test_between_makes_a_film_and_its_frames_if_asked(painter: Painter) -> None:
    image("a cat", options=ImageOptions(between="a dog", seed=7))
    assert files() == ["cat-to-dog-7.webp"]
    with Image.open("cat-to-dog-7.webp") as film:
        assert film.n_frames == 16
    image("a cat", options=ImageOptions(between="a dog", count=3, output="frames", film="f.gif"))
    assert files() == ["cat-to-dog-7.webp", "f.gif", *(f"frames/0000{index}.png" for index in range(3))]
    image("a cat", options=ImageOptions(between="a dog", count=3, output="g.gif"))
    with Image.open("g.gif") as film:
        assert film.n_frames == 3


def test_json_tells_of_pictures_then_of_the_film(
    painter: Painter, capsys: pytest.CaptureFixture[str]
) -> None:
    image("a cat", options=ImageOptions(film="f.gif", count=2, seed=4, json=True))
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(each["path"], each["seed"]) for each in told] == [
        ("cat-4.png", 4),
        ("cat-5.png", 5),
        ("f.gif", 4),
    ]


# again


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_again_makes_the_same_file(painter: Painter, name: str) -> None:
    square("init.png")
    wish = ImageOptions(init="init.png", strength=0.4, style="noto", guidance_interval="0.1,0.9", output=name)
    image("a cat", options=wish)
    image(options=ImageOptions(again=name, output=f"again-{name}"))
    assert Path(name).read_bytes() == Path(f"again-{name}").read_bytes()


def test_again_takes_one_of_many_and_a_frame_of_a_film(painter: Painter) -> None:
    image("a cat", options=ImageOptions(count=3, output="many"))
    image(options=ImageOptions(again="many/00002.png", output="one.png"))
    assert Path("one.png").read_bytes() == Path("many/00002.png").read_bytes()
    image("a cat", options=ImageOptions(between="a dog", count=5, output="frames"))
    image(options=ImageOptions(again="frames/00003.png", output="frame.png"))
    assert Path("frame.png").read_bytes() == Path("frames/00003.png").read_bytes()


def test_again_makes_a_film_between_prompts_again(painter: Painter) -> None:
    image("a cat", options=ImageOptions(between="a dog", count=4, output="film.webp"))
    image(options=ImageOptions(again="film.webp", output="again.webp"))
    assert Path("film.webp").read_bytes() == Path("again.webp").read_bytes()


def test_options_beside_again_override(painter: Painter) -> None:
    image("a cat", options=ImageOptions(seed=1, style="noto", steps=2, output="a.png"))
    image("a big dog", options=ImageOptions(again="a.png", seed=5, output="b.png"))
    request = painter.requests[1]
    assert (request.prompt, request.seed, request.style, request.steps) == ("a big dog", 5, "noto", 2)


def test_again_finds_what_it_started_from_or_says_so(
    painter: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    square("init.png")
    image("a cat", options=ImageOptions(init="init.png", output="a.png"))
    Path("else").mkdir()
    monkeypatch.chdir("else")
    image(options=ImageOptions(again="../a.png", output="b.png"))  # it lies beside the picture
    square("../init.png", colour="blue")
    with pytest.raises(RequestError, match="was made from any more"):
        image(options=ImageOptions(again="../a.png"))
    Path("../init.png").unlink()
    with pytest.raises(RequestError, match="not there; give it with --init"):
        image(options=ImageOptions(again="../a.png"))
    image(options=ImageOptions(again="../a.png", init=square("new.png"), output="c.png"))


def test_again_needs_the_same_weights(painter: Painter, capsys: pytest.CaptureFixture[str]) -> None:
    image("a cat", options=ImageOptions(output="a.png"))
    painter.weights_sha256 = "cd" * 32
    with pytest.raises(RequestError, match="other weights"):
        image(options=ImageOptions(again="a.png", output="b.png"))
    image(options=ImageOptions(again="a.png", model="painter", output="b.png"))
    assert "other weights" in capsys.readouterr().err
    assert files() == ["a.png", "b.png"]


@pytest.mark.parametrize("change", [{"seed": "x"}, {"steps": True}, {"guidance_interval": 3}, {"init": 3}])
def test_damaged_settings_are_refused(never: Painter, change: dict[str, Any]) -> None:
    from fromnoise.pictures import encode_picture

    settings = {"prompt": "a cat", "seed": 1, **change}
    Path("a.png").write_bytes(encode_picture(Image.new("RGB", (16, 16)), "PNG", settings))
    with pytest.raises(RequestError, match="damaged"):
        image(options=ImageOptions(again="a.png"))


# many prompts


def write_lines(*lines: object) -> ImageOptions:
    Path("p.jsonl").write_text(
        "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines)
    )
    return ImageOptions(prompts="p.jsonl", output="out", seed=10)


def test_a_list_makes_numbered_pictures_in_order(
    painter: Painter, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = {"prompt": "a cat"}, "", {"prompt": "a dog", "style": "twemoji"}, {"prompt": "a cow", "seed": 3}
    image(options=replace(write_lines(*lines), style="noto", json=True))
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["path"] for each in told] == ["out/00000.png", "out/00001.png", "out/00002.png"]
    made = [read_settings(Path(each["path"])) for each in told]
    assert [(each["prompt"], each["style"], each["seed"]) for each in made] == [
        ("a cat", "noto", 10),
        ("a dog", "twemoji", 11),
        ("a cow", "noto", 3),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2 is not JSON"),
        ("3", "line 2 is not an object"),
        ({"prompt": " "}, "line 2: prompt is empty"),
        ({"style": "noto"}, "line 2 has no prompt"),
        ({"prompt": "a", "sede": 3}, "line 2: unknown key 'sede'; did you mean seed"),
        ({"prompt": "a", "seed": 1.5}, "line 2: seed is 1.5"),
        ({"prompt": "a", "style": "nto"}, "line 2: unknown style 'nto'; did you mean noto"),
    ],
)
def test_a_bad_line_is_named_before_anything_is_made(painter: Painter, line: object, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        image(options=write_lines({"prompt": "a cat"}, line))
    assert files() == ["p.jsonl"]


def test_a_list_does_not_mix_with_other_files(painter: Painter) -> None:
    options = write_lines({"prompt": "a cat"})
    image(options=options)
    with pytest.raises(OutputError, match="not empty"):
        image(options=options)
    image(options=replace(options, force=True))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00"])
def test_lists_without_lines_are_refused(never: Painter, content: bytes) -> None:
    Path("p.jsonl").write_bytes(content)
    with pytest.raises(FromNoiseError):
        image(options=ImageOptions(prompts="p.jsonl", output="out"))
