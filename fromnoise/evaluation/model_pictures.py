"""Judge a model by the test split of what it was trained on.

Half of the held-out pictures lend their captions, and the model draws them anew; the other half is the real
set. What the first half's own pictures score against the second is the baseline: a model can't do better.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from fromnoise.data.dataset import DATASETS, SUMMARY, PictureSet, dataset_folder, find_dataset
from fromnoise.errors import DataError
from fromnoise.evaluation.evaluating import Evaluation, Method, measure
from fromnoise.evaluation.extractors import open_extractor, resize
from fromnoise.evaluation.figures import Figure
from fromnoise.evaluation.gallery import Pair, Tile
from fromnoise.evaluation.likelihood import model_likelihood
from fromnoise.evaluation.picture_metrics import Metrics, entry
from fromnoise.evaluation.sides import Drawn, Report
from fromnoise.evaluation.sources import Source, dataset_source, source_of
from fromnoise.models.store import find_model, read_config
from fromnoise.requests import ImageRequest, result_of

if TYPE_CHECKING:
    from fromnoise.models.image_diffusion import ImageDiffusion
    from fromnoise.models.image_tokens import ImageTokens

DEFAULT_COUNT = 300  # pictures; half a second each on two cores
LIKELY, LIKELY_BY_ODE = 32, 8  # pictures; the latter take ten times as long each
CODED = 128  # pictures whose codes are predicted, which takes one pass
ASKED = 16  # pictures shown with their captions
_DRAWING = 25  # how many times as long as a look at a picture its making takes


def compare_drawing(name: str | Path, data: str | None, method: Method, report: Report) -> Evaluation:
    """Let a model draw captions that it wasn't trained on; the report has no verdict yet."""
    config = read_config(find_model(name))
    held_out, train = _test_split(str(name), tuple(config.get("styles", ())), data)
    extractor = open_extractor(method.extractor)
    from fromnoise.models.checkpoint import load

    model = load(name)
    drawn = _drawn(model, held_out, train, method, report)
    whole = {"generated": drawn.generated, "real": held_out, "train": train}
    found = measure(drawn, whole, extractor, method, report)
    likelihood = _density if hasattr(model, "bound_to") else _code_bits
    found.report["metrics"].update(likelihood(model, drawn.real, method.seed))
    return Evaluation(found.report, replace(found.gallery, asked=_asked(drawn)))


def _drawn(model: "ImageDiffusion", held_out: Source, train: Source, method: Method, report: Report) -> Drawn:
    wanted = method.n or DEFAULT_COUNT
    count = min(wanted, len(held_out) // 2)
    order = np.random.default_rng(method.seed).permutation(len(held_out))
    prompts, real = held_out.take(order[:count]), held_out.take(order[count : 2 * count])
    notes = [f"Captions are of the test split; picture i is drawn with seed {method.seed} + i."]
    if count < wanted:
        held = f"{held_out.name} has {len(held_out)} pictures, so {count} a side are compared"
        notes.append(f"{held}: one half lends the captions, the other is the real set.")
    rest = held_out.take(order[2 * count :]) if 2 * count < len(held_out) else None
    made = _generated(model, prompts, method.seed, report)
    return Drawn(made, real, prompts, train, tuple(notes), rest=rest)


def _generated(model: "ImageDiffusion", prompts: Source, seed: int, report: Report) -> Source:
    """Let the model draw every caption in its style, picture i from seed + i."""
    captions, styles = prompts.captions or [], prompts.styles or []
    pictures = []
    for index, (caption, style) in enumerate(zip(captions, styles, strict=True)):
        known = style if style in model.styles else None
        request = ImageRequest(prompt=caption or prompts.names[index], style=known, seed=seed + index)
        pictures.append(np.asarray(result_of(model.stream(request)).images[0]))
        report((index + 1) * _DRAWING, len(captions) * (_DRAWING + 3))
    made = source_of(pictures, model.name)
    return replace(made, captions=prompts.captions, styles=prompts.styles, concepts=prompts.concepts)


def _code_bits(model: "ImageTokens", real: Source, seed: int) -> Metrics:
    """Measure how well the model predicts the codes of held-out pictures, exactly."""
    pictures, captions, styles = _likely(model, real, CODED)
    bits = model.code_nats(pictures, captions, styles).mean(1).double().cpu().numpy() / np.log(2)
    error = float(bits.std(ddof=1) / np.sqrt(len(bits))) if len(bits) > 1 else 0.0
    value = float(bits.mean())
    figure = Figure(value, (value - 1.96 * error, value + 1.96 * error)) if error else Figure(value)
    told = f"over {len(bits)} held-out pictures; exact, and only models of this codec compare"
    return {"bits_per_code": entry(figure, note=told)}


def _likely(
    model: "ImageDiffusion | ImageTokens", real: Source, most: int
) -> tuple[torch.Tensor, list[str], list[str | None]]:
    """Return the first pictures of the model's size, with their captions and the styles that it knows."""
    rows = range(min(most, len(real)))
    pictures = torch.from_numpy(np.stack([resize(real[row], model.size) for row in rows]))
    captions = [(real.captions or real.names)[row] or "" for row in rows]
    return (
        pictures,
        captions,
        [style if style in model.styles else None for style in (real.styles or [])[: len(rows)]],
    )


def _density(model: "ImageDiffusion", real: Source, seed: int) -> Metrics:
    """Measure how well the model predicts held-out pictures: few of them, since this takes long."""
    metrics: Metrics = {}
    for metric, most, ode in (("bits_per_dim", LIKELY, False), ("bits_per_dim_ode", LIKELY_BY_ODE, True)):
        pictures, captions, styles = _likely(model, real, most)
        found, unit = model_likelihood(model, pictures, captions, styles, seed, ode)
        known = len(pictures) > 1  # one picture has no error
        told = f"over {len(pictures)} held-out pictures; {unit}"
        told = f"standard error {found.standard_error:.3g}, {told}" if known else told
        metrics[metric] = entry(found.figure if known else Figure(found.value), note=told)
    return metrics


def _asked(drawn: Drawn) -> list[Pair]:
    """Pair what was drawn with the real picture of the same caption."""
    return [
        Pair(Tile(drawn.generated[row], caption), Tile(drawn.other[row], caption), caption)
        for row in range(min(ASKED, len(drawn.generated)))
        for caption in [_caption(drawn.other, row)]
    ]


def _caption(source: Source, row: int) -> str:
    caption = (source.captions or source.names)[row] or ""
    style = source.styles and source.styles[row]
    return f"{caption}, {style}" if style else str(caption)


def _test_split(name: str, styles: tuple[str, ...], data: str | None) -> tuple[Source, Source]:
    """Return the held-out pictures and those to train on, of the model's dataset and in its styles."""
    pictures = PictureSet.open(dataset_of(name, styles, data))
    known = {item.style for item in pictures.items}
    pictures = pictures.where(styles=[style for style in styles if style in known] or None)
    train = pictures.where(split="train")
    held_out = replace(pictures, rows=np.setdiff1d(pictures.rows, train.rows))
    if len(held_out) < 2 or not len(train):
        raise DataError(f"{pictures.folder} holds out {len(held_out)} pictures; it takes two or more")
    title = pictures.summary["name"] if data is None else Path(data).name
    return dataset_source(held_out, f"{title} test split"), dataset_source(train, f"{title} training split")


def dataset_of(name: str, styles: tuple[str, ...], data: str | None = None) -> Path:
    """Return the folder of what a model was trained on: `data`, or a dataset of the model's name."""
    """Return the dataset named, else the one that a model was trained on, judged by the model's name."""
    if data is not None:
        return find_dataset(data)
    stem = Path(name).name
    likely = dict.fromkeys([stem, stem.split("-")[0], *(["emoji"] if "noto" in styles else [])])
    for one in likely:
        if (dataset_folder(one) / SUMMARY).is_file():
            return dataset_folder(one)
    for one in likely:
        if one in DATASETS and one != "folder":
            told = f"{stem} is judged by the test split of the dataset {one!r}, which isn't here"
            raise DataError(f"{told}; build it: fromnoise data build {one}")
    raise DataError(f"what {stem} was trained on isn't known; name the dataset: --data NAME")
