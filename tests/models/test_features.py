from pathlib import Path

import numpy as np
import pytest
import torch

from fromnoise.data.damage import DAMAGES
from fromnoise.data.dataset import PictureSet
from fromnoise.data.pairs import PairFeed, whitening_pictures
from fromnoise.data.shapes import build_shapes
from fromnoise.models.checkpoint import load, save
from fromnoise.models.features import FeatureEncoder, FeatureSettings, spread_loss
from fromnoise.seeds import Seeds


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> PictureSet:
    return build_shapes(tmp_path_factory.mktemp("data") / "shapes", count=60, size=32)


@pytest.fixture
def encoder(shapes: PictureSet) -> FeatureEncoder:
    torch.manual_seed(0)
    styles = tuple(sorted({item.style for item in shapes.items if item.style}))
    return FeatureEncoder(
        FeatureSettings(
            size=32, width=6, widths=(8, 8, 8), depths=(1, 1, 1), styles=styles, damages=tuple(DAMAGES)
        )
    )


def test_the_loss_falls_for_every_part_of_the_network(shapes: PictureSet, encoder: FeatureEncoder) -> None:
    batch = PairFeed(shapes, 32, encoder.settings.styles, seed=0).batch(0, 12)
    optimizer = torch.optim.Adam(encoder.parameters(), 3e-3)
    losses = []
    for _ in range(12):
        loss = encoder.loss(batch, Seeds(range(12)))
        assert loss.shape == (12,) and loss.isfinite().all()
        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()
        losses.append(float(loss.mean().detach()))
    assert losses[-1] < losses[0] - 0.3
    assert all(parameter.grad is not None for parameter in encoder.parameters())


def test_whitened_features_have_mean_zero_and_no_covariance(encoder: FeatureEncoder) -> None:
    pictures = torch.randint(0, 256, (80, 32, 32, 3), dtype=torch.uint8, generator=torch.manual_seed(0))
    encoder.whiten(pictures, pictures)
    features = encoder.features(pictures)
    assert torch.allclose(features.mean(0), torch.zeros(6), atol=1e-3)
    assert torch.allclose(features.T @ features / 80, torch.eye(6), atol=1e-2)


def test_damage_in_the_whitening_leaves_the_variance_of_plain_pictures_one_on_average(
    shapes: PictureSet, encoder: FeatureEncoder
) -> None:
    plain, damaged = whitening_pictures(shapes, 32, every=1)
    assert plain.shape == damaged.shape and not torch.equal(plain, damaged)
    encoder.whiten(plain, damaged)
    assert float(encoder.features(plain).var(0, correction=0).mean()) == pytest.approx(1, abs=1e-3)


def test_an_encoder_comes_back_from_its_folder(encoder: FeatureEncoder, tmp_path: Path) -> None:
    pictures = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), dtype=np.uint8))
    encoder.whiten(pictures, pictures)
    save(encoder, tmp_path / "features")
    again = load(tmp_path / "features", device="cpu")
    assert torch.equal(again.features(pictures), encoder.features(pictures))
    assert again.settings == encoder.settings


def test_features_that_are_dead_or_alike_cost() -> None:
    white = torch.randn(2000, 4, generator=torch.manual_seed(0)) * 1.1
    assert spread_loss(white) < 0.1
    assert spread_loss(white * torch.tensor([1.0, 1.0, 1.0, 0.0])) > 1
    assert spread_loss(white[:, [0, 1, 2, 2]]) > 0.5
