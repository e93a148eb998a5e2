"""Codecs whose pictures are tokens, on their way from a recipe to a model folder."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fromnoise.codecs.codec import CODECS, PictureBatch, resized
from fromnoise.codecs.vq import FSQSettings, GridCodec, VQSettings
from fromnoise.config import check_settings
from fromnoise.data.dataset import PictureSet
from fromnoise.data.feed import PictureFeed
from fromnoise.errors import ConfigError, DataError
from fromnoise.training.loop import Feed
from fromnoise.training.pictures import SAMPLES, opened, save_columns
from fromnoise.training.recipe import Recipe, Report

SETTINGS: dict[str, type[VQSettings] | type[FSQSettings]] = {"vq": VQSettings, "fsq": FSQSettings}
FEWEST = 8
"""Pictures that it takes to train a codec."""
CHUNK = 64


class CodeTrainee:
    """An autoencoder that makes codes."""

    def __init__(self, plan: Recipe, where: str) -> None:
        self._seed = plan.training.seed
        self.data, self._pictures = opened(plan, where)
        kind = plan.model["kind"]
        settings: Any = check_settings(SETTINGS[kind], plan.model, where=f"{where} [model]")
        if settings.size > self._pictures.size:
            told = (
                f"the codec is for pictures of {settings.size} px, the dataset has {self._pictures.size} px"
            )
            raise ConfigError(f"{where}: {told}")
        check_enough(self._pictures, FEWEST)
        self.model: GridCodec = CODECS[kind](settings)

    def feed(self, report: Report) -> Feed:
        """Show pictures as they are."""
        return PictureFeed(self._pictures, self.data, self._seed)

    def finish(self) -> None:
        """Nothing is left to do."""

    def judge(self) -> dict[str, float]:
        """Measure how well held-out concepts come back, and how many codes all pictures take."""
        held = [row for row in self._pictures.rows if self._pictures.all_items[row].split == "concept"]
        rows = held or np.setdiff1d(self._pictures.rows, self._pictures.where(split="train").rows)
        if not len(rows):
            return {}
        decibels, _ = fidelity(self.model, self._read(np.array(rows)))
        _, codes = fidelity(self.model, self._read(self._pictures.rows[::4]))
        used = int((codes.flatten().bincount() > 0).sum())
        return {"psnr": decibels, "codes_used": used / self.model.codes}

    def look(self, feed: Feed, path: Path) -> None:
        """Show some pictures above what comes back of them."""
        batch: PictureBatch = (feed.validation(SAMPLES) or [feed.batch(0, SAMPLES)])[0]
        pictures = resized(batch.pictures, self.model.size)
        pairs = zip(pictures, self.model.decode(self.model.encode(pictures)), strict=True)
        save_columns([[Image.fromarray(picture.numpy()) for picture in pair] for pair in pairs], path)

    def _read(self, rows: np.ndarray) -> Tensor:
        return torch.from_numpy(np.stack([self._pictures.pictures[row] for row in rows]))


def check_enough(pictures: PictureSet, fewest: int) -> None:
    """Raise DataError where there are too few pictures to learn from."""
    if (train := len(pictures.where(split="train"))) < fewest:
        raise DataError(f"{train} pictures are too few to learn codes from; it takes {fewest}")


@torch.no_grad()
def fidelity(codec: GridCodec, pictures: Tensor) -> tuple[float, Tensor]:
    """Return the mean signal-to-noise ratio, dB, of pictures that come back, and their codes.

    Pictures are uint8 (B, S, S, 3); a ratio is 10 log10(255^2 / mean squared error), at the codec's size.
    """
    decibels, codes = [], []
    for part in torch.split(pictures, CHUNK):
        small, found = resized(part, codec.size), codec.encode(part)
        off = codec.decode(found).double() - small.double()
        decibels.append(10 * (255**2 / off.square().flatten(1).mean(1).clamp(min=1e-3)).log10())
        codes.append(found)
    return float(torch.cat(decibels).mean()), torch.cat(codes)
