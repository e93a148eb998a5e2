"""Fine-tuning: too little is refused, copies don't count, the best is kept, and what it did is told."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn

import fromnoise
from fromnoise.codecs.text_tokens import TextTokens
from fromnoise.data.texts import build_texts
from fromnoise.errors import ConfigError, DataError, OutputError, RequestError
from fromnoise.models.checkpoint import save
from fromnoise.models.gpt import GPT, GPTSettings
from fromnoise.models.image_diffusion import ImageDiffusion
from fromnoise.nets.transformer import TransformerSettings
from fromnoise.training.finetuning.counted import NEEDS, Counted, check_enough, needed
from fromnoise.training.loop import Training

NOUNS = ["cat", "dog", "bird", "king", "ship", "tree", "moon", "river", "child", "stone"]
VERBS = ["saw", "kept", "lost", "found", "heard", "loved"]
QUICK = {"steps": 6, "batch": 4, "length": 48}
WORDS = [first + middle + last for first in "bdgkmr" for middle in ("a", "ei", "ou") for last in "lnstm"]


def texts(count: int, seed: int = 0, lines: int = 6) -> list[str]:
    """Different texts that are alike."""
    chance = random.Random(seed)

    def line() -> str:
        one, other, third = (chance.choice(NOUNS) for _ in range(3))
        return f"The {one} {chance.choice(VERBS)} the {other} near the {third}."

    return [" ".join(line() for _ in range(lines)) for _ in range(count)]


def pages(count: int, seed: int = 0) -> str:
    """Return a long text in paragraphs that have little in common."""
    chance = random.Random(seed)
    return "\n\n".join(" ".join(chance.choices(WORDS, k=60)) for _ in range(count))


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch, own_home: Path) -> None:
    monkeypatch.setattr("fromnoise.training.finetuning.words.WRITTEN", 24)
    monkeypatch.setattr("fromnoise.training.finetuning.words.MEASURED", 800)
    monkeypatch.setattr("fromnoise.training.finetuning.pictures.NOISES", 16)
    monkeypatch.setattr("fromnoise.training.finetuning.pictures.WATCHED", 8)
    monkeypatch.setattr("fromnoise.training.finetuning.pictures.DRAWN", 4)


@pytest.fixture(scope="module")
def gpt() -> GPT:
    torch.manual_seed(0)
    tokens = TextTokens.train(texts(20, seed=9), 330, ("fable", "sonnet"))
    net = TransformerSettings(vocabulary=len(tokens), width=32, depth=1, heads=2, length=64, qk_norm=True)
    return GPT(GPTSettings(styles=("fable", "sonnet"), net=net), tokens).eval()


def weights(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_fine_tuned_model_is_a_model_folder_and_better(method: str, gpt: GPT, tmp_path: Path) -> None:
    before = weights(gpt)
    done = fromnoise.fine_tune(
        gpt, texts(80), method=method, out=tmp_path / "mine", force=True, lr=0.01, **QUICK | {"steps": 30}
    )
    assert same(before, weights(gpt)), "the base model is the caller's"
    assert done.report["after"]["held_out"] < done.report["before"]["held_out"] - 0.1
    again = fromnoise.load(tmp_path / "mine", device="cpu")
    assert same(weights(done.model), weights(again))
    assert again.weights_sha256 == done.model.weights_sha256 and done.model.name == "mine"
    assert json.loads((tmp_path / "mine" / "report.json").read_text()) == done.report
    assert all(line in (tmp_path / "mine" / "report.md").read_text() for line in done.report["words"])
    assert (tmp_path / "mine" / "adapter").exists() == (method == "lora")
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["mine"]


def test_the_adapter_over_the_base_is_the_merged_model(gpt: GPT, tmp_path: Path) -> None:
    save(gpt, tmp_path / "base")
    done = fromnoise.fine_tune(tmp_path / "base", texts(80), out=tmp_path / "mine", rank=2, lr=0.01, **QUICK)
    alone = fromnoise.load(tmp_path / "mine" / "adapter", device="cpu")
    ids = torch.arange(40, 60)[None]
    torch.testing.assert_close(alone.logits(ids), done.model.logits(ids))
    names = load_file(tmp_path / "mine" / "adapter" / "adapter_model.safetensors")
    assert "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight" in names


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model(gpt: GPT) -> None:
    made = [fromnoise.fine_tune(gpt, texts(80), seed=seed, lr=0.01, **QUICK).model for seed in (0, 0, 1)]
    assert same(weights(made[0]), weights(made[1])) and not same(weights(made[0]), weights(made[2]))


def test_too_little_is_refused_with_what_is_there_and_what_is_needed(gpt: GPT, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"6 texts of 16 and \d+ tokens of 1,000 needed \(21 texts found"):
        fromnoise.fine_tune(gpt, texts(7) * 3, out=tmp_path / "mine", **QUICK)
    with pytest.raises(DataError, match="36 texts of 64 .* needed .* for full .*; lora takes less; --force"):
        fromnoise.fine_tune(gpt, texts(40), method="full", **QUICK)
    assert not (tmp_path / "mine").exists() and not list(tmp_path.glob(".mine*"))
    forced = fromnoise.fine_tune(gpt, texts(7), force=True, **QUICK).report
    assert "6 texts of 16" in forced["too_little"] and any("Warning" in line for line in forced["words"])


def test_more_trained_parameters_need_more() -> None:
    for unit in ("texts", "pictures"):
        for method in NEEDS:
            few, many = (sum(needed(method, unit, count).values()) for count in (10**4, 10**9))
            assert few < many
        assert sum(needed("lora", unit, 10**7).values()) < sum(needed("full", unit, 10**7).values())
    enough = Counted("texts", 100, 0, 0, 0, train=90, held_out=10, tokens=50_000)
    assert check_enough(enough, "lora", 10**6, force=False) is None


def test_copies_and_leaks_are_out(gpt: GPT) -> None:
    own = texts(40, lines=9)
    near = [text.replace("The", "A", 1) for text in own[:3]]
    report = fromnoise.fine_tune(gpt, [*own, *near, *own[:5]], force=True, **QUICK).report
    assert (report["data"]["found"], report["data"]["exact"], report["data"]["near"]) == (48, 5, 3)
    assert report["data"]["train"] + report["data"]["held_out"] + report["data"]["leaked"] == 40


def test_held_out_texts_of_a_dataset_stay_held_out(gpt: GPT, tmp_path: Path) -> None:
    (tmp_path / "fable.txt").write_text(pages(300))
    built = build_texts(tmp_path / "fable.txt", tmp_path / "built", 0.1, 0.1)
    report = fromnoise.fine_tune(gpt, tmp_path / "built", force=True, **QUICK).report
    counts = built.summary["splits"]
    assert (report["data"]["train"], report["data"]["held_out"]) == (counts["train"], counts["validation"])
    assert report["data"]["found"] == len(built) - counts["test"]


def test_a_style_that_the_model_has_not_is_noted(gpt: GPT, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for style in ("fable", "haiku"):
        (tmp_path / "data" / f"{style}.txt").write_text(pages(100, len(style) + ord(style[0])))
    report = fromnoise.fine_tune(gpt, tmp_path / "data", force=True, **QUICK).report
    assert report["data"]["notes"] == ["the model has no style haiku; those texts are learned without one"]


def test_what_makes_nothing_better_leaves_the_model_as_it_was(gpt: GPT) -> None:
    done = fromnoise.fine_tune(gpt, texts(80), method="full", lr=50.0, **QUICK | {"steps": 20})
    assert done.report["best_step"] == 0 and done.report["steps"] < 20, "it stops early"
    assert same(weights(gpt), weights(done.model))
    assert any("Nothing became better" in line for line in done.report["words"])


@pytest.mark.slow
def test_overfitting_and_learning_by_heart_are_told(gpt: GPT) -> None:
    own = texts(6, lines=2)
    options = {"steps": 80, "batch": 2, "length": 48, "patience": 1000}
    report = fromnoise.fine_tune(gpt, own, method="full", lr=0.003, force=True, **options).report
    assert report["overfitting"]["gap"] > report["overfitting"]["gap_before"]
    assert report["copies"]["longest_span"] > 10 and report["copies"]["quote"] in " ".join(own).casefold()


@pytest.mark.slow
def test_forgetting_is_measured_on_what_should_be_kept(gpt: GPT) -> None:
    ask = {"lr": 0.02, **QUICK, "steps": 20}
    same_kind = fromnoise.fine_tune(gpt, texts(80), keep=texts(5, seed=5), **ask).report["forgetting"]
    other = ["".join(random.Random(seed).choices("xyz12345#%", k=200)) for seed in range(5)]
    different = fromnoise.fine_tune(gpt, texts(80), keep=other, **ask).report
    assert same_kind["change"] < 0 < different["forgetting"]["change"]
    assert different["forgetting_measured_on"] == "5 texts that were named for it"
    alone = fromnoise.fine_tune(gpt, texts(80), **QUICK).report
    assert "the base model wrote itself" in alone["forgetting_measured_on"]


def test_cut_off_it_goes_on_to_the_same_model(
    gpt: GPT, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = {"lr": 0.01, **QUICK}
    whole = fromnoise.fine_tune(gpt, texts(80), out=tmp_path / "whole", **ask)
    plain_step = Training._one_step

    def interrupted(self: Training) -> float:
        if self.step == 4:
            raise KeyboardInterrupt
        return plain_step(self)

    monkeypatch.setattr(Training, "_one_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fromnoise.fine_tune(gpt, texts(80), out=tmp_path / "parts", **ask)
    assert not (tmp_path / "parts").exists() and (tmp_path / ".parts.tuning").is_dir()
    steps: list[int] = []

    def counted(self: Training) -> float:
        steps.append(self.step)
        return plain_step(self)

    monkeypatch.setattr(Training, "_one_step", counted)
    parts = fromnoise.fine_tune(gpt, texts(80), out=tmp_path / "parts", **ask)
    assert steps[0] > 0 and same(weights(whole.model), weights(parts.model))
    assert not (tmp_path / ".parts.tuning").exists()


def test_what_cannot_be_done_is_said(gpt: GPT, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("here")
    tune, half = fromnoise.fine_tune, GPT(gpt.settings, gpt.tokenizer).half()
    cases: list[tuple[type[Exception], str, Callable[[], object]]] = [
        (OutputError, "not empty; it stays", lambda: tune(gpt, [], out=tmp_path / "taken")),
        (ConfigError, "method: Input should be 'lora' or 'full'", lambda: tune(gpt, [], method="x")),
        (ConfigError, "lora.rank: Input should be greater", lambda: tune(gpt, texts(80), rank=0)),
        (ConfigError, "unknown target 'q_prj'", lambda: tune(gpt, texts(80), targets=("q_prj",))),
        (DataError, "there are 0 different texts", lambda: tune(gpt, ["", " "], force=True)),
        (DataError, "a path, a TextSet or a list of strings", lambda: tune(gpt, 3)),
        (DataError, "no texts at", lambda: tune(gpt, str(tmp_path / "nowhere"))),
        (RequestError, "unknown kind of model to fine-tune 'Linear'", lambda: tune(nn.Linear(1, 1), [])),
        (RequestError, "load the model in float32", lambda: tune(half, [])),
    ]
    for kind, told, call in cases:
        with pytest.raises(kind, match=told):
            call()


# Pictures


@pytest.mark.parametrize("method", ["lora", "full"])
def test_pictures_fine_tune_the_same_way(
    method: str, make_model: Callable[[], ImageDiffusion], shapes: Path, tmp_path: Path
) -> None:
    model = make_model()
    done = fromnoise.fine_tune(
        model, shapes, method=method, out=tmp_path / "mine", force=True, lr=0.01, steps=15, batch=4
    )
    assert done.report["after"]["held_out"] < done.report["before"]["held_out"]
    ask = {"prompt": "red circle", "style": "plain"}
    pictures = [
        np.asarray(one.generate(**ask).images[0])
        for one in (done.model, fromnoise.load(tmp_path / "mine", device="cpu"))
    ]
    assert np.array_equal(*pictures)
    assert done.report["forgetting"] is None and any("not measured" in line for line in done.report["words"])
    assert done.report["copies"]["drawn"] == 4
    assert (tmp_path / "mine" / "adapter").exists() == (method == "lora")


def test_a_folder_of_pictures_is_counted_without_copies(
    make_model: Callable[[], ImageDiffusion], tmp_path: Path
) -> None:
    folder = tmp_path / "red thing" / "red thing"
    folder.mkdir(parents=True)
    chance = np.random.default_rng(0)
    for place in range(6):
        picture = np.kron(chance.integers(0, 256, (4, 4, 3), dtype=np.uint8), np.ones((8, 8, 1), np.uint8))
        for copy in range(2):
            Image.fromarray(picture).save(folder / f"{place}-{copy}.png")
    with pytest.raises(
        DataError, match="4 pictures of 10 needed .12 pictures found, 6 copies left out, 2 held"
    ):
        fromnoise.fine_tune(make_model(), folder.parent)
    report = fromnoise.fine_tune(make_model(), folder.parent, force=True, steps=2, batch=2).report
    assert report["data"]["exact"] == 6 and report["data"]["train"] == 4


def test_pictures_of_another_size_are_refused(
    make_model: Callable[[], ImageDiffusion], tmp_path: Path
) -> None:
    from fromnoise.data.shapes import build_shapes

    build_shapes(tmp_path / "large", count=12, size=24)
    with pytest.raises(DataError, match="draws 16 px, but .* of 24 px; build it with --size 16"):
        fromnoise.fine_tune(make_model(), tmp_path / "large")


def test_forgetting_pictures_is_measured_on_the_dataset_named(
    make_model: Callable[[], ImageDiffusion], shapes: Path
) -> None:
    report = fromnoise.fine_tune(make_model(), shapes, steps=2, batch=4, keep=str(shapes)).report
    assert "held-out pictures of shapes" in report["forgetting_measured_on"]
    assert set(report["before"]) == {"train", "held_out", "kept"} and report["forgetting"] is not None


def test_with_little_time_there_are_as_many_steps_as_fit(gpt: GPT, tmp_path: Path) -> None:
    report = fromnoise.fine_tune(gpt, texts(80), minutes=0.01, batch=4, length=48, epochs=500).report
    planned = report["settings"]["steps"]
    assert 4 <= report["steps"] <= planned < 1000 and len(report["curve"]) > 2
