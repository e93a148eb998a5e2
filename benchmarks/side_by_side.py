"""What do diffusion and prediction make of the same fifty prompts? One sheet, unpicked."""

from pathlib import Path

import numpy as np
import torch

from benchmarks.asks import answers, free_asks, loaded_model
from benchmarks.contact_sheet import save_sheet, sheet
from benchmarks.free_prompts import PROMPTS
from benchmarks.judge import Bytes
from benchmarks.report import RESULTS, run
from fromnoise.codecs.codec import resized

SIDE, COLUMNS = 128, 5


def main(
    diffusion: str = "emoji-diffusion",
    prediction: str = "emoji-tokens",
    *,
    diffusion_pictures: Path | None = None,
    prediction_pictures: Path | None = None,
    seed: int = 0,
    output: Path = RESULTS / "side-by-side.png",
) -> None:
    """Draw fifty free prompts with both models, diffusion on the left, in the five styles by turns.

    Parameters
    ----------
    diffusion_pictures, prediction_pictures
        Folders that `fromnoise image --prompts` filled from `benchmarks.free_prompts --write FILE`.
    """
    asks = free_asks(PROMPTS, seed)
    sides: list[Bytes] = []
    for name, folder in ((diffusion, diffusion_pictures), (prediction, prediction_pictures)):
        made = answers(asks, None if folder else loaded_model(name), folder, None)
        sides.append(resized(torch.from_numpy(made), SIDE).numpy())
    pairs = np.concatenate(sides, axis=2)
    captions = [f"{ask.prompt} ({ask.style})" for ask in asks]
    save_sheet(sheet(pairs, captions, ["#444444"] * len(asks), COLUMNS), output)


if __name__ == "__main__":
    run(main)
