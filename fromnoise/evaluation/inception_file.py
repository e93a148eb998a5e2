"""Inception v3 (Szegedy et al. 2015) as FID knows it: the TorchScript file that StyleGAN and clean-fid read.

The file is the network of 2015-12-05 that Heusel et al. (2017) used, brought from TensorFlow. It has its own
resize; here pictures come at 299 px already, brought there by Pillow's antialiased bicubic filter as
Parmar et al. (2022) recommend, so that small and large pictures are treated alike.
"""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from fromnoise.errors import ConfigError
from fromnoise.evaluation.extractors import Extractor, checked_file

FILE = "inception-2015-12-05.pt"
SHA256 = "f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4"
SIZE, WIDTH, CLASSES = 299, 2048, 1008


def open_inception(argument: str) -> Extractor:
    """Open the file, which is loaded only if its SHA-256 is the published one."""
    if not argument:
        raise ConfigError(f"extractor inception needs its file: inception:PATH of {FILE}")
    path = checked_file(Path(argument).expanduser(), SHA256, FILE)
    network = torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-untyped-call]

    def features(pictures: Tensor) -> Tensor:
        return network(pictures.permute(0, 3, 1, 2), return_features=True)  # type: ignore[no-any-return]

    def probabilities(found: Tensor) -> Tensor:
        return F.linear(found, network.output.weight).softmax(1)  # without the bias, as the score was defined

    return Extractor("inception", SHA256, SIZE, WIDTH, features, CLASSES, probabilities)
