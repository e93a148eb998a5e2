"""What the model is asked for: fixed prompts, chosen by hash and by nobody's taste, and what comes back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from rich.progress import track

from benchmarks.judge import Bytes
from benchmarks.real_pictures import STYLES, RealPictures
from fromnoise.data.dataset import Item
from fromnoise.errors import DataError, OutputError


@dataclass(frozen=True)
class Ask:
    """One picture to be made. A free prompt has no concept; `split` is train, pair, concept or free."""

    prompt: str
    style: str | None
    seed: int
    concept: str = ""
    split: str = "free"


def asks_of(real: RealPictures, split: str, count: int, seed: int = 0) -> list[Ask]:
    """Choose `count` pictures a style of one split by hash order, and ask for each by its label."""
    asks: list[Ask] = []
    for style in STYLES:
        for item in sorted(real.where(split, [style]).items, key=_hash_order)[:count]:
            asks.append(Ask(item.label, style, seed + len(asks), str(item.concept), split))
    return asks


def free_asks(prompts: Sequence[str], seed: int = 0) -> list[Ask]:
    """Ask for free prompts in the five styles by turns."""
    return [Ask(prompt, STYLES[place % len(STYLES)], seed + place) for place, prompt in enumerate(prompts)]


def write_prompts(asks: Sequence[Ask], path: Path) -> None:
    """Write the lines that `fromnoise image --prompts` takes."""
    lines = [json.dumps({"prompt": ask.prompt, "style": ask.style, "seed": ask.seed}) for ask in asks]
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"can't write prompts to {path}: {error.strerror}") from None


def loaded_model(name: str, device: str | None = None) -> Any:
    """Load a model by its name or folder; None lets it choose the device."""
    import fromnoise

    return fromnoise.load(name, device=device)


def answers(asks: Sequence[Ask], model: Any, pictures: Path | None, steps: int | None) -> Bytes:
    """Return one picture an ask: from a folder that `fromnoise image --prompts` filled, or from the model."""
    return read_pictures(pictures, len(asks)) if pictures else generated(asks, model, steps)


def generated(
    asks: Sequence[Ask], model: Any, steps: int | None, solver: str | None = None, grid: str | None = None
) -> Bytes:
    """Make every picture by its own seed, uint8 (N, H, W, 3)."""
    asked = {"steps": steps, "solver": solver, "grid": grid}
    settings = {name: value for name, value in asked.items() if value is not None}
    found: list[Bytes] = []
    for ask in track(asks, "drawing", transient=True):
        result = model.generate(ask.prompt, style=ask.style, seed=ask.seed, **settings)
        found.append(np.asarray(result.images[0].convert("RGB")))
    return np.stack(found)


def read_pictures(folder: Path, count: int) -> Bytes:
    """Read 00000.png, 00001.png, ... in order."""
    paths = [folder / f"{place:05d}.png" for place in range(count)]
    for path in paths:
        if not path.is_file():
            raise DataError(f"{folder} should hold {count} pictures, but {path.name} is missing")
    return np.stack([np.asarray(Image.open(path).convert("RGB")) for path in paths])


def pictures_of(real: RealPictures, asks: Sequence[Ask]) -> Bytes:
    """Return the real picture of every ask's concept and style."""
    place = {(item.concept, item.style): row for row, item in enumerate(real.items)}
    return real.pictures[[place[ask.concept, str(ask.style)] for ask in asks]]


def through_codec(model: Any, pictures: Bytes) -> Bytes:
    """Encode and decode pictures: what the model would draw at best."""
    parts = torch.split(torch.from_numpy(pictures), 64)
    return np.concatenate([model.codec.decode(model.codec.encode(part)).numpy() for part in parts])


def _hash_order(item: Item) -> str:
    return sha256(f"benchmark:{item.concept}:{item.style}".encode()).hexdigest()
