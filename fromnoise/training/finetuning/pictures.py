"""A model that makes pictures, by diffusion or by tokens, and the pictures that it is fine-tuned on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fromnoise.codecs.codec import resized
from fromnoise.data.augment import LABEL
from fromnoise.data.dataset import SUMMARY, PictureSet, find_dataset
from fromnoise.data.feed import CaptionedBatch, DataSettings, EncodedFeed
from fromnoise.data.folder import build_folder
from fromnoise.errors import DataError
from fromnoise.evaluation.memorization import memorization_of_pictures
from fromnoise.evaluation.model_pictures import dataset_of
from fromnoise.evaluation.picture_twins import picture_twins
from fromnoise.interop.peft import rows_of
from fromnoise.models.image_diffusion import ImageDiffusion
from fromnoise.models.image_tokens import ImageTokens
from fromnoise.nets.lora import Rows
from fromnoise.requests import ImageRequest, result_of
from fromnoise.seeds import Seeds
from fromnoise.training.finetuning.counted import Counted
from fromnoise.training.finetuning.settings import FineTuneSettings
from fromnoise.training.loop import VALIDATION_SEED, Feed

HELD_OUT = 10
"""One picture in this many is held out where the data doesn't say which, and two at least."""
MEASURED = 64
"""Pictures of each side that a model is measured on, each at several levels of noise if they are fewer."""
NOISES, WATCHED = 128, 32
"""Least number of noisy pictures in a measurement, and in a look on the way."""
DRAWN = 16
FEWEST_COMPARED = 5
LARGEST = 4096
"""Side of the largest pictures that are made smaller, px."""


class PictureTuning:
    """Pictures without copies, split; what the model makes of them, before and after."""

    layers = ("net.", "conditioner.")

    def __init__(
        self,
        model: ImageDiffusion | ImageTokens,
        data: object,
        keep: object,
        asked: FineTuneSettings,
        scratch: Path,
    ) -> None:
        self.model, self._asked, self._scratch = model, asked, scratch
        by_tokens = isinstance(model, ImageTokens)
        self.measure_name = "nats a code" if by_tokens else "denoising loss"
        self._largest = LARGEST if by_tokens else model.size  # codecs of tokens make pictures smaller
        found = read_pictures(data, model.size, scratch, self._largest)
        self._pictures, self.counted = _prepared(found, model.styles)
        self._train = self._pictures.where(split="train")
        held = np.setdiff1d(self._pictures.rows, self._train.rows)
        self._held = replace(self._pictures, rows=held)
        self._keep, self._kept = keep, replace(self._pictures, rows=np.empty(0, np.int64))
        whole = np.ascontiguousarray(self._pictures.pictures[self._pictures.rows])
        self.digest = sha256(whole.tobytes()).hexdigest()

    @property
    def rows(self) -> Rows:
        """Return which layers are several in the layouts of others: none, since nobody else has this one."""
        return rows_of(self.model)

    @property
    def amount(self) -> int:
        """Return how many pictures there are to learn from."""
        return len(self._train)

    def feed(self) -> Feed:
        """Encode all versions of the pictures and return the batches."""
        settings = DataSettings(dataset="fine-tuning")
        cache = self._scratch / "encoded"
        feed = EncodedFeed(self._pictures, settings, self._asked.seed, self._encode, cache)
        return _Watched(feed, len(self._held))

    def remember(self) -> str:
        """Choose by what forgetting is measured; say what that is."""
        try:
            named = None if self._keep is None else str(self._keep)
            kept = PictureSet.open(dataset_of(self.model.name, self.model.styles, named))
        except DataError:
            if self._keep is not None:
                raise
            return "the pictures that the base model was trained on aren't here; name some with keep"
        if not self.model.size <= kept.size <= self._largest:
            return f"{kept.folder.name} has pictures of {kept.size} px, the model has {self.model.size}"
        held = np.setdiff1d(kept.rows, kept.where(split="train").rows)
        self._kept = _known(replace(kept, rows=held), self.model.styles)
        return f"{min(len(held), MEASURED)} held-out pictures of {kept.folder.name}"

    def measure(self) -> dict[str, float]:
        """Return the loss on what is learned, held out and to be kept, at noise that is always the same."""
        sides = {"train": self._train, "held_out": self._held, "kept": self._kept}
        return {name: self._loss(pictures) for name, pictures in sides.items() if len(pictures)}

    def copies(self) -> dict[str, Any]:
        """Let the model draw training captions, and look for copies of the training pictures."""
        if len(self._train) < FEWEST_COMPARED:
            return {}
        chosen = np.random.default_rng(self._asked.seed).permutation(len(self._train))[:DRAWN]
        items = [self._train.items[place] for place in chosen]
        asks = [
            ImageRequest(prompt=item.caption, style=item.style, seed=self._asked.seed + place)
            for place, item in enumerate(items)
        ]
        drawn = np.stack([np.asarray(result_of(self.model.stream(ask)).images[0]) for ask in asks])
        train, held = (
            resized(torch.from_numpy(self._pictures.pictures[side.rows]), self.model.size).numpy()
            for side in (self._train, self._held)
        )
        found = memorization_of_pictures(drawn, train, held)
        nearest = int(found.distances.argmin())
        return {
            "drawn": len(drawn),
            "flagged": len(found.flagged),
            "exact": len(found.exact),
            "nearest_distance": float(found.distances[nearest]),
            "nearest": [items[nearest].caption, self._train.items[int(found.nearest[nearest])].id],
            "calibrated_on": found.calibration,
        }

    def _encode(self, pictures: Tensor) -> Tensor:
        encoded: Tensor = self.model.codec.encode(pictures)
        return encoded.cpu()

    @torch.no_grad()
    def _loss(self, pictures: PictureSet) -> float:
        """Return the mean loss on some pictures, untouched, at fixed noise."""
        rows = pictures.rows[np.linspace(0, len(pictures) - 1, min(len(pictures), MEASURED)).astype(int)]
        x0 = self._encode(torch.from_numpy(np.array(pictures.pictures[rows])))
        items = [pictures.all_items[row] for row in rows]
        words = [item.caption for item in items], [item.style for item in items]
        batch = CaptionedBatch(x0, *words, torch.zeros(len(rows), LABEL))
        losses = [
            self.model.loss(batch, Seeds.for_step(VALIDATION_SEED, index, len(batch)))
            for index in range(-(-NOISES // len(rows)))
        ]
        return float(torch.cat(losses).double().mean())


@dataclass(frozen=True)
class _Watched:
    """Show few held-out pictures at several levels of noise, so that their loss means something."""

    feed: EncodedFeed
    held_out: int

    def batch(self, step: int, size: int) -> CaptionedBatch:
        return self.feed.batch(step, size)

    def validation(self, size: int) -> Sequence[CaptionedBatch]:
        return self.feed.validation(size, MEASURED) * -(-WATCHED // min(self.held_out, MEASURED))


def read_pictures(data: object, size: int, scratch: Path, largest: int | None = None) -> PictureSet:
    """Open a built dataset of `size` px, or up to the `largest`, or make one of a folder of pictures."""
    if isinstance(data, PictureSet):
        found = data
    elif not isinstance(data, str | Path):
        raise DataError(f"pictures are a folder or a PictureSet, not {type(data).__name__}")
    else:
        path = Path(data).expanduser()
        if path.is_dir() and not (path / SUMMARY).is_file():
            return build_folder(path, scratch / "pictures", size, fewest=1)
        found = PictureSet.open(find_dataset(str(data)))
    if not size <= found.size <= (largest or size):
        has = f"{found.folder} has pictures of {found.size} px"
        raise DataError(f"the model draws {size} px, but {has}; build it with --size {size}")
    return found


def _prepared(pictures: PictureSet, styles: Sequence[str]) -> tuple[PictureSet, Counted]:
    """Leave copies out, and hold some pictures out unless the data does."""
    twins = picture_twins(np.array(pictures.pictures[pictures.rows]))
    repeated = np.flatnonzero(twins >= 0)
    exact = sum(np.array_equal(pictures[int(place)][0], pictures[int(twins[place])][0]) for place in repeated)
    kept = replace(pictures, rows=pictures.rows[twins < 0])
    if len(kept) < 2:
        raise DataError(f"there are {len(kept)} different pictures; one is to learn from, one to judge by")
    strange = sorted({item.style for item in kept.items if item.style and item.style not in styles})
    kept = _split(_known(kept, styles))
    train = len(kept.where(split="train"))
    notes = (f"the model has no style {', '.join(strange[:5])}; those pictures are learned without one",)
    counts = (len(pictures), int(exact), len(repeated) - int(exact), 0, train, len(kept) - train)
    return kept, Counted("pictures", *counts, notes=notes if strange else ())


def _known(pictures: PictureSet, styles: Sequence[str]) -> PictureSet:
    """Take styles that the model doesn't know from the pictures."""
    items = [item if item.style in styles else replace(item, style=None) for item in pictures.all_items]
    return replace(pictures, all_items=items)


def _split(pictures: PictureSet) -> PictureSet:
    """Hold out a tenth by hash, unless that many are already."""
    wanted = max(2, len(pictures) // HELD_OUT) if len(pictures) > 2 else 1
    train = pictures.where(split="train")
    if len(train) and len(pictures) - len(train) >= wanted:
        return pictures
    order = sorted(pictures.rows, key=lambda row: sha256(pictures.all_items[row].id.encode()).digest())
    held = set(order[:wanted])
    items = [
        replace(item, split="validation" if row in held else "train")
        for row, item in enumerate(pictures.all_items)
    ]
    return replace(pictures, all_items=items)
