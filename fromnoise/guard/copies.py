"""Is a result a near copy of what the model was trained on? Cheap enough to ask of every result.

Looked for where the dataset is at hand, which is found by the model's name: `emoji` for emoji-diffusion.
Pictures are compared at 16 px, where JPEG and a little grain change next to nothing, and mirrored too;
`fromnoise eval` looks closer, at every spot. Texts are compared letter by letter, without case and blanks.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fromnoise.data.dataset import ITEMS, PICTURES, dataset_folder
from fromnoise.data.texts import DOCUMENTS
from fromnoise.files import write_all
from fromnoise.home import home

if TYPE_CHECKING:
    from PIL.Image import Image

Floats = NDArray[np.float32]

SIDE = 16
"""px that pictures are compared at."""
NEAR = 0.012
"""Root mean square difference, 0 to 1, up to which a picture is a near copy: what JPEG at quality 50 and
grain of 4/255 leave. Of 522 held-out emoji 0.3 % come as near to a training picture."""
SPAN = 120
"""Characters in a row from which a text is copied."""
_WINDOW = 80  # characters; every span of 120 holds one that starts at a multiple of 40
_AT_ONCE = 256


@dataclass(frozen=True)
class Glimpses:
    """The training pictures of a dataset, tiny."""

    pictures: Floats
    """(N, 768), 0 to 1."""
    names: tuple[str, ...]


def near_copies(images: "Sequence[Image]", model: str) -> list[str | None]:
    """Return for each picture the training picture that it nearly equals, by id; None for none."""
    folder = _dataset_of(model, PICTURES)
    if folder is None:
        return [None] * len(images)
    known = _glimpses(folder)
    made = np.stack([np.asarray(image.convert("RGB").resize((128, 128))) for image in images])
    each = [_nearest(_tiny(pictures), known.pictures) for pictures in (made, made[:, :, ::-1])]
    rows, gaps = (np.stack(part) for part in zip(*each, strict=True))
    best = gaps.argmin(0)
    return [known.names[rows[view, at]] if gaps[view, at] < NEAR else None for at, view in enumerate(best)]


def another_seed(seed: int) -> int:
    """Return the seed to take in place of one that led to a near copy: always the same, 0 to 2**32 - 1."""
    return int.from_bytes(sha256(str(seed).encode()).digest()[:4], "big")


def copied_span(text: str, model: str) -> str | None:
    """Return a piece of a long span that stands in the training texts word for word; None for none."""
    said = _plain(text)
    if len(said) < SPAN:
        return None
    folder = _dataset_of(model, DOCUMENTS)
    known = _texts(folder / DOCUMENTS) if folder is not None else ""
    windows = (said[at : at + _WINDOW] for at in range(0, len(said) - _WINDOW + 1, SPAN - _WINDOW))
    return next((window for window in windows if window in known), None)


def _dataset_of(model: str, file: str) -> Path | None:
    stem = Path(model).name
    folders = (dataset_folder(name) for name in dict.fromkeys((stem, stem.split("-")[0])) if name)
    return next((folder for folder in folders if (folder / file).is_file()), None)


def _nearest(made: Floats, known: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return which of the known pictures is nearest to each (N,), and how far it is."""
    squares = (made**2).sum(1)[:, None] + (known**2).sum(1) - 2 * made @ known.T
    rows = squares.argmin(1)
    return rows, np.sqrt(squares.min(1).clip(min=0) / known.shape[1])


def _tiny(pictures: NDArray[np.uint8]) -> Floats:
    """Shrink square pictures by means of blocks: uint8 (N, S, S, 3) -> (N, 768)."""
    count, side = pictures.shape[:2]
    block = side // SIDE
    cut = pictures[:, : block * SIDE, : block * SIDE]
    means = cut.reshape(count, SIDE, block, SIDE, block, 3).mean((2, 4), dtype=np.float32) / 255
    return np.asarray(means.reshape(count, -1), np.float32)


@lru_cache(maxsize=2)
def _glimpses(folder: Path) -> Glimpses:
    """Read the tiny training pictures of a dataset; make them when there are none for its present state."""
    items = [json.loads(line) for line in (folder / ITEMS).read_text(encoding="utf-8").splitlines()]
    rows = [row for row, item in enumerate(items) if item["split"] == "train"]
    kept = home() / "guard" / f"{folder.name}-{(folder / PICTURES).stat().st_mtime_ns}.npy"
    if not kept.exists():
        whole = np.load(folder / PICTURES, mmap_mode="r")
        parts = [_tiny(whole[start : start + _AT_ONCE]) for start in range(0, len(whole), _AT_ONCE)]
        write_all({kept: _as_npy((np.concatenate(parts)[rows] * 255).astype(np.float16))})
    tiny = np.load(kept).astype(np.float32) / 255
    return Glimpses(tiny, tuple(items[row]["id"] for row in rows))


def _as_npy(array: NDArray[Any]) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@lru_cache(maxsize=1)
def _texts(documents: Path) -> str:
    return "\n".join(_trained_on(documents))


def _trained_on(documents: Path) -> Iterator[str]:
    with documents.open(encoding="utf-8") as lines:
        for line in lines:
            document = json.loads(line)
            if document.get("split", "train") == "train":
                yield _plain(document["text"])


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
