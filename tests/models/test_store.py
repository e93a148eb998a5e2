import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from fromnoise.errors import CheckpointError
from fromnoise.models import store
from fromnoise.models.checksums import write_checksums, write_manifest
from fromnoise.models.store import find_model, list_models, model_info, verify


def make_model(folder: Path, description: str = "draws things") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'kind = "image-diffusion"\ndescription = "{description}"\n')
    save_file(
        {"a": np.zeros((3, 4), np.float16), "b": np.zeros(5, np.float16)}, folder / "weights.safetensors"
    )
    (folder / "card.md").write_text("# a card\n")
    write_checksums(folder)
    return folder


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and an installed package of one model."""
    package = tmp_path / "fromnoise_weights"
    make_model(package / "emoji-diffusion")
    write_manifest(package)
    monkeypatch.setattr(store, "_installed", lambda: package)
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path / "home"))
    return package


def test_a_model_is_found_by_name_and_by_path(installed: Path) -> None:
    folder = installed / "emoji-diffusion"
    assert find_model("emoji-diffusion") == folder
    assert find_model(folder) == find_model(str(folder)) == folder


def test_the_users_own_model_comes_first(installed: Path, tmp_path: Path) -> None:
    own = make_model(tmp_path / "home" / "models" / "emoji-diffusion", "draws better")
    assert find_model("emoji-diffusion") == own
    assert [(model.path, model.origin) for model in list_models()] == [(own, "yours")]


def test_an_unknown_name_shows_the_nearest(installed: Path) -> None:
    with pytest.raises(CheckpointError, match="unknown model 'emoji-difusion'; did you mean emoji-diffusion"):
        find_model("emoji-difusion")


@pytest.mark.parametrize("path", ["runs/none", ".", "", Path("none")])
def test_a_path_without_a_model_is_told(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str | Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match="a model is a folder with config.toml"):
        find_model(path)


def test_with_no_models_at_all_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_installed", lambda: None)
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path))
    assert list_models() == []
    with pytest.raises(CheckpointError, match="known: none.*pip install fromnoise-weights"):
        find_model("emoji-diffusion")


def test_a_model_is_described_without_loading_it(installed: Path) -> None:
    (model,) = list_models()
    assert (model.name, model.kind, model.description) == (
        "emoji-diffusion",
        "image-diffusion",
        "draws things",
    )
    assert (model.parameters, model.origin) == (17, "installed")
    assert model.bytes == sum(path.stat().st_size for path in model.path.glob("[wc]*.[ts]*"))


def test_a_sound_model_passes(installed: Path) -> None:
    verify(installed / "emoji-diffusion")


@pytest.mark.parametrize("keep_checksums", [True, False], ids=["checksums", "manifest"])
def test_changed_bytes_are_caught_by_checksums_and_by_the_manifest(
    installed: Path, keep_checksums: bool
) -> None:
    folder = installed / "emoji-diffusion"
    weights = folder / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    if not keep_checksums:
        write_checksums(folder)  # as one who covers the tracks would
    with pytest.raises(
        CheckpointError, match=r"weights.safetensors is not .* expected SHA-256 \w{12}.*, got \w{12}"
    ):
        verify(folder)


def test_a_missing_file_is_named(installed: Path) -> None:
    (installed / "emoji-diffusion" / "weights.safetensors").unlink()
    with pytest.raises(CheckpointError, match="weights.safetensors is missing"):
        verify(installed / "emoji-diffusion")


def test_an_installed_model_must_be_in_the_manifest(installed: Path) -> None:
    stranger = make_model(installed / "stranger")
    with pytest.raises(CheckpointError, match="does not list 'stranger'"):
        verify(stranger)


@pytest.mark.parametrize("text", ["{", "[]", '{"weights.safetensors": 1}', "\x00"])
def test_broken_checksums_are_told(tmp_path: Path, text: str) -> None:
    folder = make_model(tmp_path / "model")
    (folder / "checksums.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"checksums\.json"):
        verify(folder)


def test_cards_may_change(installed: Path) -> None:
    (installed / "emoji-diffusion" / "card.md").write_text("# a better card\n")
    verify(installed / "emoji-diffusion")


def test_weights_that_are_cut_short_are_told(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "model")
    (folder / "weights.safetensors").write_bytes(b"\xff" * 20)
    with pytest.raises(CheckpointError, match="not a safetensors file, or is cut short"):
        model_info(folder)


def test_a_broken_config_is_told(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "model")
    (folder / "config.toml").write_text("kind = ")
    with pytest.raises(CheckpointError, match="not valid TOML"):
        model_info(folder)


def test_the_shipped_manifest_is_that_of_the_shipped_models() -> None:
    package = Path(__file__).parents[2] / "weights" / "fromnoise_weights"
    listed = json.loads((package / "manifest.json").read_text())
    assert sorted(listed) == sorted(path.parent.name for path in package.glob("*/config.toml"))
    for path in package.glob("*/config.toml"):
        assert (path.parent / "card.md").is_file()
        assert json.loads((path.parent / "checksums.json").read_text()) == listed[path.parent.name]
