"""A model is judged by captions that it never saw, against pictures that it never saw."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fromnoise.cli.main import main
from fromnoise.data.dataset import dataset_folder
from fromnoise.data.shapes import build_shapes
from fromnoise.errors import DataError, RequestError
from fromnoise.evaluation.evaluating import Method
from fromnoise.evaluation.models import compare_model, evaluate_model

if TYPE_CHECKING:
    from fromnoise.models.image_diffusion import ImageDiffusion
    from fromnoise.models.image_tokens import ImageTokens


@pytest.fixture
def name(own_home: Path, model: "ImageDiffusion") -> str:
    from fromnoise.models.checkpoint import save

    save(model, own_home / "models" / "shapes-tiny")
    return "shapes-tiny"


def test_a_model_is_judged_by_the_test_split_of_its_dataset(name: str) -> None:
    built = build_shapes(dataset_folder("shapes"), count=120, size=16)
    found = compare_model(name, method=Method("pixels", n=6))
    report: dict[str, Any] = found.report
    held_out = len(built) - len(built.where(split="train"))
    assert report["n"] == 6 and report["real"] == {"name": "shapes test split", "count": held_out}
    assert report["train"]["count"] == 120 - held_out
    assert report["verdict"]["level"] == "cannot tell"
    assert report["metrics"]["bits_per_dim"]["value"] > 0 and "bits_per_dim_ode" in report["metrics"]
    assert (
        len(found.gallery.asked) == 6
        and "plain" in found.gallery.asked[0].note + found.gallery.asked[1].note * 9
    )
    assert report["generated"] == {"name": name, "count": 6}


def test_no_more_is_compared_than_half_of_the_split(name: str) -> None:
    build_shapes(dataset_folder("shapes"), count=60, size=16)
    report = evaluate_model(name, extractor="pixels")
    assert report["n"] == report["real"]["count"] // 2
    assert any("one half lends the captions" in note for note in report["notes"])


def test_a_missing_dataset_is_named_with_the_command_that_builds_it(
    name: str, model: "ImageDiffusion", own_home: Path
) -> None:
    from fromnoise.models.checkpoint import save

    with pytest.raises(DataError, match="fromnoise data build shapes"):
        evaluate_model(name)
    save(model, own_home / "models" / "mine")
    with pytest.raises(DataError, match="--data NAME"):
        evaluate_model("mine")
    with pytest.raises(DataError, match="no dataset at"):
        evaluate_model("mine", data="my-pictures")


def test_a_model_of_another_kind_is_refused_in_one_line(own_home: Path) -> None:
    folder = own_home / "models" / "a-codec"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('kind = "kl"\n')
    with pytest.raises(RequestError, match="of kind 'kl'"):
        evaluate_model("a-codec")


def test_the_command_judges_a_model(name: str, tmp_path: Path) -> None:
    build_shapes(dataset_folder("shapes"), count=120, size=16)
    words = ["eval", "--model", name, "-o", str(tmp_path / "out"), "-n", "4", "--extractor", "pixels"]
    assert main(words) == 3
    assert "What was asked for" in (tmp_path / "out" / "report.html").read_text()


def test_a_model_of_tokens_is_judged_by_its_exact_bits(own_home: Path, tokens_model: "ImageTokens") -> None:
    from fromnoise.models.checkpoint import save

    save(tokens_model.codec, own_home / "models" / "tiny-vq")
    save(tokens_model, own_home / "models" / "shapes-tokens")
    build_shapes(dataset_folder("shapes"), count=60, size=16)
    report = evaluate_model("shapes-tokens", n=4, extractor="pixels")
    bits = report["metrics"]["bits_per_code"]
    low, high = bits["low"], bits["high"]
    assert low < bits["value"] < high and 2 < bits["value"] < 20  # 4.6 by chance; its weights are wild
    assert "bits_per_dim" not in report["metrics"]
