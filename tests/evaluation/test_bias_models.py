"""A model is audited with the same texts and seeds for every value, and planted differences are found."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image

from fromnoise.cli.main import main
from fromnoise.codecs.text_tokens import TextTokens
from fromnoise.errors import RequestError
from fromnoise.evaluation import bias_words
from fromnoise.evaluation.bias import audit_model
from fromnoise.evaluation.bias_evidence import Audited
from fromnoise.evaluation.bias_pictures import audit_pictures
from fromnoise.evaluation.bias_report import write_audit
from fromnoise.evaluation.bias_rules import judged, refused, weigh
from fromnoise.evaluation.bias_templates import Limits, Template, open_templates
from fromnoise.evaluation.bias_words import audit_words, completion_logs
from fromnoise.evaluation.evaluating import Method
from fromnoise.evaluation.figures import Array
from fromnoise.models.checkpoint import save
from fromnoise.models.gpt import GPT, GPTSettings
from fromnoise.nets.transformer import TransformerSettings
from fromnoise.requests import ImageRequest, ImageResult

if TYPE_CHECKING:
    from fromnoise.models.image_diffusion import ImageDiffusion

HEIGHTS = Template(
    name="height", kind="pictures", texts=("{} house", "{} tree"), values=("tall", "low"), unmarked=""
)
SPEECH = Template(
    name="speech",
    kind="words",
    texts=("the {} went", "a {} said"),
    values=("hill", "song"),
    completions={"there": ("over", "under", "up", "down"), "here": ("he", "she", "it", "they")},
)


@dataclass
class Painter:
    """Paints noise of its seed, brighter where the prompt says one of `bright`."""

    bright: tuple[str, ...] = ()
    asked: list[ImageRequest] = field(default_factory=list)
    name: str = "painter"
    device: str = "cpu"
    settings: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(
            scorer="no-such-scorer", sampling=SimpleNamespace(style="flat")
        )
    )

    def stream(self, request: ImageRequest) -> Iterator[ImageResult]:
        self.asked.append(request)
        noise = np.random.default_rng([request.seed, len(request.prompt)]).integers(0, 90, (16, 16, 3))
        light = 120 if any(word in request.prompt.split() for word in self.bright) else 0
        yield ImageResult([Image.fromarray((noise + light).astype(np.uint8))])


def audited(painter: Painter, template: Template = HEIGHTS, refuse: str = "nothing") -> Audited:
    def check(text: str) -> str | None:
        return f"says {refuse}" if refuse in text else None

    model: Any = painter
    return audit_pictures(model, [template], Method("pixels", n=12), check, lambda done, of: None)


def level(found: Audited) -> str:
    findings = [one.finding for one in judged(found, Limits())]
    return weigh(refused(found.refusals) + findings).level


def test_all_values_have_the_same_texts_and_seeds_and_differ_in_the_slot_alone() -> None:
    painter = Painter()
    audited(painter)
    asked = {(request.prompt, request.seed) for request in painter.asked}
    assert len(painter.asked) == len(asked) == 3 * 12
    for seed in range(12):
        thing = ("house", "tree")[seed % 2]
        assert {prompt for prompt, own in asked if own == seed} == {f"tall {thing}", f"low {thing}", thing}
    assert {(one.style, one.count, one.steps, one.negative) for one in painter.asked} == {
        (None, 1, None, None)
    }


def test_a_prompt_that_two_templates_share_is_drawn_once() -> None:
    painter: Any = Painter()
    other = HEIGHTS.model_copy(update={"name": "age", "values": ("old", "new")})
    audit_pictures(painter, [HEIGHTS, other], Method("pixels", n=4), lambda text: None, lambda done, of: None)
    assert len(painter.asked) == 4 * (2 + 2 + 1)


def test_a_painter_that_heeds_no_value_is_not_found_biased() -> None:
    assert level(audited(Painter())) == "cannot tell"


def test_what_one_value_changes_is_found_and_who_is_drawn_by_default() -> None:
    found = audited(Painter(bright=("low",)))
    findings = {one.comparison.measure: one.finding for one in judged(found, Limits())}
    assert findings["looks"].weight == "fails" and "height is nothing" in findings["looks"].claim
    assert findings["representation"].weight == "fails" and "“tall”" in findings["representation"].claim
    assert level(found) == "differences found"
    assert any("no-such-scorer" in note or "emoji-scorer" in note for note in found.notes)


def test_looks_that_the_template_asks_for_are_none_of_the_findings() -> None:
    shown = HEIGHTS.model_copy(update={"shows": True, "unmarked": None})
    assert level(audited(Painter(bright=("low",)), shown)) == "no difference found"


def test_what_the_guard_refuses_is_not_drawn_and_told_by_value() -> None:
    painter = Painter()
    found = audited(painter, refuse="low house")
    assert found.refusals[0].reasons == {"tall": {}, "low": {"low house": "says low house"}}
    assert (
        not any("house" in request.prompt for request in painter.asked)
        and level(found) == "differences found"
    )
    nothing = audited(Painter(), refuse="low")
    assert nothing.comparisons == [] and nothing.trials == 0 and level(nothing) == "differences found"


@pytest.fixture
def gpt(own_home: Path) -> GPT:
    torch.manual_seed(0)
    tokens = TextTokens.train(["went over the hill, he said a song"] * 9, 300, ("count",))
    net = TransformerSettings(vocabulary=len(tokens), width=16, depth=1, heads=2, length=64)
    model = GPT(GPTSettings(styles=("count",), net=net), tokens).eval()
    save(model, own_home / "models" / "tiny-gpt")
    return model


def test_completions_are_as_likely_as_the_chain_rule_says(gpt: GPT) -> None:
    found = completion_logs(gpt, SPEECH, SPEECH.texts)
    assert found.shape == (2, 2, 8) and (found < 0).all()
    begun, whole = (
        [*gpt.prefix(None), *gpt.tokenizer.encode(text)] for text in ("a song said", "a song said it")
    )
    logs = gpt.logits(torch.tensor([whole[:-1]]))[0].log_softmax(1)
    by_hand = sum(float(logs[place - 1, whole[place]]) for place in range(len(begun), len(whole)))
    assert found[1, 1, 6] == pytest.approx(by_hand, abs=1e-4)


def test_a_model_that_follows_one_value_with_other_words_is_found(
    gpt: GPT, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = SPEECH.model_copy(update={"completions": {"there": tuple("abcdefgh"), "here": tuple("stuvwxyz")}})

    def logs(model: GPT, texts: list[str]) -> Array:
        noise = np.random.default_rng(len(texts)).normal(0, 0.3, len(texts))
        return np.array([3.0 * ("song" in one and one[-1] in "stuvwxyz") for one in texts]) + noise

    monkeypatch.setattr(bias_words, "_logs", logs)
    found = audit_words(gpt, [heard], Method(n=2), lambda text: None, lambda done, of: None)
    leaning = judged(found, Limits())[0].finding
    assert leaning.weight == "fails" and "“song” the model expects words of here more" in leaning.claim
    words = found.exhibits[0].leanings[0].words
    assert {group for _, group, _ in words[:4]} == {"here"} and words[0][2] > 5


def test_an_audit_is_repeated_to_the_digit_and_its_files_are_whole(gpt: GPT, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(_as_toml(SPEECH))
    told: list[float] = []
    first, second = (
        audit_model(
            "tiny-gpt",
            lambda text: "says song" if text.endswith("a song said") else None,
            tmp_path / "mine.toml",
            Method(n=3, seed=4),
            lambda done, of: told.append(done / of),
        )
        for _ in range(2)
    )
    assert first.report["metrics"] == second.report["metrics"] and told[-1] == 1
    json_path, html_path = write_audit(first, tmp_path / "out")
    report, page = json.loads(json_path.read_text()), html_path.read_text()
    assert report["kind"] == "bias" and report["model"] == "tiny-gpt" and report["seed"] == 4
    assert report["verdict"]["level"] == "differences found"
    assert all(isinstance(one["value"], float) for one in report["metrics"].values())
    assert (
        "Look for yourself" in page and "says song" in page and "<script" not in page and "http" not in page
    )


def test_the_command_audits_a_model_of_pictures(
    own_home: Path, model: "ImageDiffusion", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(model, own_home / "models" / "shapes-tiny")
    (tmp_path / "mine.toml").write_text(_as_toml(HEIGHTS.model_copy(update={"name": "<b>height</b>"})))
    words = ["eval", "--bias", "--model", "shapes-tiny", "--templates", str(tmp_path / "mine.toml")]
    words += ["--extractor", "pixels", "-n", "2", "-o", str(tmp_path / "out")]
    assert main(words) in (0, 1, 3)
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("data:image/webp") == 3 * 2 and "<b>height" not in page
    assert capsys.readouterr().out.splitlines()[0] in (
        "differences found",
        "no difference found",
        "cannot tell",
    )


def test_a_model_without_prompts_is_refused_in_one_line(own_home: Path) -> None:
    folder = own_home / "models" / "a-codec"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('kind = "kl"\n')
    with pytest.raises(RequestError, match="take prompts"):
        audit_model("a-codec", lambda text: None)


def test_the_guard_lets_all_templates_in_that_come_along() -> None:
    from fromnoise.guard.policy import is_safe_prompt

    opened = open_templates().templates
    prompts = [one for template in opened for text in template.texts for one in template.prompts(text)]
    assert [prompt for prompt in prompts if not is_safe_prompt(prompt)] == []


def _as_toml(template: Template) -> str:
    import tomli_w

    return tomli_w.dumps({"templates": [template.model_dump(exclude_defaults=True, exclude_none=True)]})
