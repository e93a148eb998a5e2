"""The encoder that comes with fromnoise: so few features that 500 pictures tell their covariance."""

from pathlib import Path

from fromnoise.errors import CheckpointError
from fromnoise.evaluation.extractors import Extractor
from fromnoise.files import file_sha256
from fromnoise.models.checkpoint import WEIGHTS, load
from fromnoise.models.features import FeatureEncoder
from fromnoise.models.store import find_model

MODEL = "fromnoise-features"


def open_own_features(argument: str = "") -> Extractor:
    """Open the shipped encoder, or that of a model's name or folder."""
    folder = find_model(Path(argument) if argument and Path(argument).is_dir() else argument or MODEL)
    encoder = load(folder)
    if not isinstance(encoder, FeatureEncoder):
        raise CheckpointError(f"{folder} is no feature encoder; give a model of kind features")
    width = encoder.settings.width
    return Extractor(
        folder.resolve().name, file_sha256(folder / WEIGHTS), encoder.size, width, encoder.features
    )
