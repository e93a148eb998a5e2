"""DINOv2 (Oquab et al. 2023) from a folder as Hugging Face's transformers keeps it; nothing is downloaded."""

from importlib import import_module
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor

from fromnoise.errors import ConfigError, DataError, MissingPackageError
from fromnoise.evaluation.extractors import Extractor
from fromnoise.files import file_sha256

WEIGHTS = "model.safetensors"
SIZE = 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's


def open_dinov2(argument: str) -> Extractor:
    """Open the normalised class token of a DINOv2 of any size; its weights' SHA-256 is recorded."""
    folder = Path(argument).expanduser()
    if not argument:
        raise ConfigError(f"extractor dinov2 needs its folder: dinov2:FOLDER with config.json and {WEIGHTS}")
    for name in ("config.json", WEIGHTS):
        if not (folder / name).is_file():
            raise DataError(f"no DINOv2 in {folder}: {name} is missing")
    try:
        transformers = import_module("transformers")
    except ImportError:
        raise MissingPackageError("extractor dinov2 needs a package: pip install transformers") from None
    try:
        network, loaded = transformers.Dinov2Model.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise DataError(f"{folder} can't be read as DINOv2: {str(error).splitlines()[0]}") from None
    if missing := sorted(loaded["missing_keys"]):  # they would be random numbers
        raise DataError(f"{folder} is no whole DINOv2: {missing[0]} and {len(missing) - 1} more are missing")
    network.eval()
    mean, std = torch.tensor(MEAN), torch.tensor(STD)

    def features(pictures: Tensor) -> Tensor:
        scaled = (pictures.float() / 255 - mean) / std
        return network(scaled.permute(0, 3, 1, 2)).last_hidden_state[:, 0]  # type: ignore[no-any-return]

    name = f"dinov2-{folder.resolve().name}"
    return Extractor(name, file_sha256(folder / WEIGHTS), SIZE, int(network.config.hidden_size), features)
