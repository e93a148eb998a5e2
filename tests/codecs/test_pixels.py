import pytest
import torch
from pydantic import ValidationError

from fromnoise.codecs.pixels import Pixels, PixelsSettings


def test_pixels_come_back_exactly() -> None:
    pictures = torch.randint(0, 256, (3, 16, 16, 3), dtype=torch.uint8)
    codec = Pixels(PixelsSettings(size=16))
    assert torch.equal(codec.decode(codec.encode(pictures)), pictures)


def test_a_size_is_at_least_one() -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        PixelsSettings(size=0)
