"""Features without a network: the picture itself, shrunk. For tests, and for who trusts nothing else."""

from torch import Tensor

from fromnoise.errors import ConfigError
from fromnoise.evaluation.extractors import Extractor

SIZE = 8


def open_pixels(argument: str = "") -> Extractor:
    """Open the extractor that gives the 192 numbers of the picture at 8 px, in [-1, 1]."""
    if argument:
        raise ConfigError(f"extractor pixels takes nothing behind a colon, not {argument!r}")

    def features(pictures: Tensor) -> Tensor:
        return pictures.flatten(1).float() / 127.5 - 1

    return Extractor("pixels", "no weights", SIZE, 3 * SIZE * SIZE, features)
