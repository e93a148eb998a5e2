import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import fromnoise
from fromnoise.codecs.kl import KL, KLSettings
from fromnoise.errors import CheckpointError, ConfigError, OutputError, RequestError
from fromnoise.files import file_sha256
from fromnoise.models import store
from fromnoise.models.checkpoint import WEIGHTS, load, make_codec, pick_device, save
from fromnoise.models.checksums import write_checksums
from fromnoise.models.image_diffusion import ImageDiffusion
from fromnoise.models.store import find_model


def draw(model: ImageDiffusion, **options: str | int) -> np.ndarray:
    return np.asarray(model.generate("red circle", **options).images[0])  # type: ignore[arg-type]


@pytest.fixture
def saved(model: ImageDiffusion, tmp_path: Path) -> Path:
    save(model, tmp_path / "tiny")
    return tmp_path / "tiny"


def change_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    """Change the weights as one who covers the tracks would."""
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS)
    write_checksums(folder)


# There and back


def test_a_saved_model_makes_the_same_pictures(model: ImageDiffusion, saved: Path) -> None:
    again = load(saved, device="cpu")
    assert np.array_equal(draw(again), draw(model))
    assert again.settings == model.settings
    assert (again.name, again.weights_sha256) == ("tiny", file_sha256(saved / WEIGHTS))
    assert np.array_equal(draw(fromnoise.load(str(saved), device="cpu")), draw(model))


def test_sixteen_bits_lose_nothing_once_they_are_lost(model: ImageDiffusion, tmp_path: Path) -> None:
    save(model, tmp_path / "half", half=True)
    once = load(tmp_path / "half", device="cpu")
    save(once, tmp_path / "again", half=True)
    twice = load(tmp_path / "again", device="cpu")
    assert np.array_equal(draw(once), draw(twice))
    assert once.conditioner.style.weight.dtype == torch.float32
    assert file_sha256(tmp_path / "half" / WEIGHTS) == file_sha256(tmp_path / "again" / WEIGHTS)
    assert np.abs(draw(once).astype(int) - draw(model)).mean() < 2


def test_a_model_is_replaced_whole_and_its_card_stays(model: ImageDiffusion, saved: Path) -> None:
    (saved / "card.md").write_text("by hand")
    (saved / "stale.json").write_text("{}")
    save(model, saved, half=True)
    names = {path.name for path in saved.iterdir()}
    assert names == {"config.toml", WEIGHTS, "tokenizer.json", "checksums.json", "card.md"}
    assert [path.name for path in saved.parent.iterdir()] == ["tiny"]


def test_a_folder_that_is_no_model_is_not_replaced(model: ImageDiffusion, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(OutputError, match="is there already and is no model"):
        save(model, tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.txt").exists()


def test_where_nothing_can_be_written_nothing_is_left(model: ImageDiffusion, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError):
        save(model, tmp_path / "file" / "tiny")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# What is wrong with a folder


def test_other_bytes_are_told(saved: Path) -> None:
    data = bytearray((saved / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (saved / WEIGHTS).write_bytes(data)
    with pytest.raises(CheckpointError, match=f"{WEIGHTS} is not the file that was saved: expected SHA-256"):
        load(saved)


def test_missing_unexpected_and_misshapen_tensors_are_named(saved: Path) -> None:
    def change(tensors: dict[str, torch.Tensor]) -> None:
        tensors["stranger"] = tensors.pop("net.positions")
        tensors["net.patch_in.bias"] = torch.zeros(3)

    change_weights(saved, change)
    told = "missing net.positions; unexpected stranger; net.patch_in.bias is \\(3,\\), not \\(32,\\)"
    with pytest.raises(CheckpointError, match=told):
        load(saved)


def test_many_problems_are_counted(saved: Path) -> None:
    change_weights(saved, lambda tensors: tensors.clear())
    with pytest.raises(CheckpointError, match="missing .*; and [0-9]+ more$"):
        load(saved)


def test_a_missing_tokenizer_is_named(saved: Path) -> None:
    (saved / "tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match="tokenizer.json is missing"):
        load(saved)
    write_checksums(saved)
    with pytest.raises(CheckpointError, match="tokenizer.json is missing"):
        load(saved)


def test_weights_that_are_none_are_told(saved: Path) -> None:
    (saved / WEIGHTS).write_bytes(b"no weights")
    write_checksums(saved)
    with pytest.raises(CheckpointError, match="can't be read as safetensors"):
        load(saved)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('kind = "image-difusion"', "unknown kind 'image-difusion'; did you mean image-diffusion"),
        ('kind = "image-diffusion"\nwidth = 3', "unknown key 'width'"),
    ],
)
def test_a_config_of_something_else_is_told(saved: Path, line: str, told: str) -> None:
    (saved / "config.toml").write_text(line)
    write_checksums(saved)
    with pytest.raises(CheckpointError, match=told):
        load(saved)


@pytest.mark.parametrize("device", ["nonsense", "cuda:99"])
def test_a_device_that_is_not_there_is_told(device: str) -> None:
    with pytest.raises(CheckpointError, match=f"device '{device}' can't be used here"):
        pick_device(device)


# Codecs


def test_a_trained_codec_is_found_beside_the_model_then_by_name(own_home: Path, tmp_path: Path) -> None:
    widths = (8, 8, 16)
    codec = KL(KLSettings(size=32, channels=4, encoder_widths=widths, decoder_widths=widths))
    save(codec, own_home / "models" / "far")
    save(codec, tmp_path / "near")
    for name in ("far", "near"):
        found = make_codec("kl", name, None, beside=tmp_path / "model")
        assert found.size == 32 and not any(one.requires_grad for one in found.parameters())
    with pytest.raises(CheckpointError, match="unknown model 'nowhere'"):
        make_codec("kl", "nowhere", None)


def test_a_codec_must_be_what_it_is_said_to_be(saved: Path) -> None:
    with pytest.raises(ConfigError, match="unknown codec 'kll'; did you mean kl"):
        make_codec("kll", None, None)
    with pytest.raises(ConfigError, match="'kl' is trained first: give its name"):
        make_codec("kl", None, 128)
    with pytest.raises(ConfigError, match="codec 'tiny' should be of kind 'kl', but .* is 'image-diffusion'"):
        make_codec("kl", "tiny", None, beside=saved.parent / "model")


# The user's own


def test_a_fitted_grid_is_kept_in_the_users_copy_and_used(
    own_home: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_installed", lambda: saved.parent)
    monkeypatch.setattr("fromnoise.models.store.verify_manifest", lambda folder: None)
    model = load("tiny", device="cpu")
    with pytest.raises(RequestError, match="no fitted grid for 2 steps"):
        draw(model, steps=2, grid="fitted")
    grid = model.optimise_grid(2, samples=2)
    assert grid.shape == (3,) and float(grid[0]) == model.process.t_max and float(grid[2]) == 0
    bent = [1.0, 0.125, 0.0]
    assert model.save_grid(2, bent) == own_home / "models" / "tiny" == find_model("tiny")

    own = load("tiny", device="cpu")
    assert own.settings.grids == {"2": tuple(bent)}
    assert own.weights_sha256 == model.weights_sha256
    assert not np.array_equal(draw(own, steps=2, grid="fitted"), draw(own, steps=2))
    with pytest.raises(RequestError, match="for 4 steps .it has one for 2 steps"):
        draw(own, steps=4, grid="fitted")
    listed = json.loads((own_home / "models" / "tiny" / "checksums.json").read_text())
    assert sorted(listed) == ["config.toml", "tokenizer.json", WEIGHTS]
    assert load(saved, device="cpu").settings.grids == {}
