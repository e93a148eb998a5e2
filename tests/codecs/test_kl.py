import pytest
import torch
from pydantic import ValidationError

from fromnoise.codecs.codec import PictureBatch
from fromnoise.codecs.kl import KL, KLSettings
from fromnoise.seeds import Seeds


@pytest.fixture
def codec() -> KL:
    torch.manual_seed(0)
    widths, depths = (8, 8, 16), (1, 1, 1)
    sizes = {
        "encoder_widths": widths,
        "encoder_depths": depths,
        "decoder_widths": widths,
        "decoder_depths": depths,
    }
    return KL(KLSettings(size=32, channels=4, **sizes))


def some_pictures(count: int) -> torch.Tensor:
    stream = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 32, 32, 3), dtype=torch.uint8, generator=stream)


def test_whitened_latents_have_mean_0_and_variance_1_in_every_channel(codec: KL) -> None:
    pictures = some_pictures(70)
    codec.whiten(pictures)
    latents = codec.encode(pictures)
    assert torch.allclose(latents.mean((0, 2, 3)), torch.zeros(4), atol=1e-4)
    assert torch.allclose(latents.std((0, 2, 3)), torch.ones(4), atol=1e-3)


def test_whitening_leaves_the_decoded_picture_alone(codec: KL) -> None:
    pictures = some_pictures(4)
    before = codec.decode(codec.encode(pictures)).int()
    codec.whiten(pictures)
    assert (codec.decode(codec.encode(pictures)).int() - before).abs().max() <= 1


def test_training_lowers_the_loss(codec: KL) -> None:
    batch, optimizer = PictureBatch(some_pictures(2)), torch.optim.Adam(codec.parameters(), 0.01)
    losses = []
    for _ in range(5):
        loss = codec.loss(batch, Seeds.count_from(0, 2))
        assert loss.shape == (2,)
        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()
        losses.append(float(loss.mean().detach()))
    assert losses[-1] < losses[0]


def test_a_picture_is_a_multiple_of_sixteen_pixels() -> None:
    with pytest.raises(ValidationError, match="multiple of 16"):
        KLSettings(size=100)
