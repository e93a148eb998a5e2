"""What every codec promises. A new codec is tested once it has a line in TINY."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from fromnoise.codecs.codec import CODECS, PictureCodec, to_bytes, to_signed
from fromnoise.codecs.kl import KL, KLSettings
from fromnoise.codecs.pixels import Pixels, PixelsSettings
from fromnoise.codecs.vq import FSQ, VQ, FSQSettings, VQSettings


def tiny_kl() -> KL:
    torch.manual_seed(0)
    widths, depths = (8, 8, 16), (1, 1, 1)
    return KL(
        KLSettings(
            size=32,
            channels=4,
            encoder_widths=widths,
            encoder_depths=depths,
            decoder_widths=widths,
            decoder_depths=depths,
        )
    ).eval()


SMALL: dict[str, Any] = {
    "size": 32,
    "encoder_widths": (8, 8),
    "encoder_depths": (1, 1),
    "decoder_widths": (8, 8),
    "decoder_depths": (1, 1),
}
TINY: dict[str, Callable[[], PictureCodec]] = {
    "fsq": lambda: FSQ(FSQSettings(levels=(4, 4), **SMALL)).eval(),
    "kl": tiny_kl,
    "pixels": lambda: Pixels(PixelsSettings(size=32)),
    "vq": lambda: VQ(VQSettings(codes=32, **SMALL)).eval(),
}


KINDS = {"fsq": torch.int64, "vq": torch.int64}
"""What is no float32."""


def some_pictures(count: int = 5, size: int = 32) -> Tensor:
    pictures = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)
    return torch.from_numpy(pictures)


def test_every_codec_is_tested() -> None:
    assert set(TINY) == set(CODECS)


@pytest.mark.parametrize("kind", TINY)
def test_pictures_become_data_of_the_promised_shape_and_come_back(kind: str) -> None:
    codec, pictures = TINY[kind](), some_pictures()
    x0 = codec.encode(pictures)
    assert isinstance(codec, CODECS[kind])
    assert codec.size == 32 and x0.shape == (5, *codec.shape) and x0.dtype == KINDS.get(kind, torch.float32)
    made = codec.decode(x0)
    assert made.shape == pictures.shape and made.dtype == torch.uint8


@pytest.mark.parametrize("kind", TINY)
def test_a_picture_decodes_the_same_alone_and_in_a_batch(kind: str) -> None:
    codec = TINY[kind]()
    x0 = codec.encode(some_pictures())
    alone = torch.cat([codec.decode(item[None]) for item in x0])
    assert torch.equal(alone, codec.decode(x0))


@pytest.mark.parametrize("kind", TINY)
def test_values_stay_within_the_bounds(kind: str) -> None:
    codec = TINY[kind]()
    if codec.bounds is not None:
        x0 = codec.encode(some_pictures())
        assert codec.bounds[0] <= float(x0.min()) and float(x0.max()) <= codec.bounds[1]


def test_bytes_survive_the_way_through_floats() -> None:
    every = torch.arange(256, dtype=torch.uint8).repeat(3).view(1, 16, 16, 3)
    assert torch.equal(to_bytes(to_signed(every)), every)
    assert torch.equal(
        to_bytes(torch.tensor([-9.0, 9.0, 0.0]).view(1, 3, 1, 1)).flatten(), torch.tensor([0, 255, 128])
    )
