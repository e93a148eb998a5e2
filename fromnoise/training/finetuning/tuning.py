"""Fine-tune a model: less data, fewer steps, and an answer to what that did.

A fine-tuned model is a model folder like any other: the weights with all changes merged in, so that whatever
opens, exports or judges models needs to know nothing of adapters, nor the base model to be there still. The
low-rank changes lie in its folder `adapter/`, in PEFT's layout, for those who have the base model.
"""

import copy
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from fromnoise.config import check_settings
from fromnoise.errors import OutputError, RequestError, unknown
from fromnoise.files import file_sha256, write_all
from fromnoise.interop.opening import load
from fromnoise.models.checkpoint import WEIGHTS, save
from fromnoise.models.checksums import write_checksums
from fromnoise.nets.lora import merge
from fromnoise.registry import Registry
from fromnoise.training.finetuning.counted import check_enough
from fromnoise.training.finetuning.running import ADAPTER, CURVES, Run, Tuning, open_up
from fromnoise.training.finetuning.settings import FineTuneSettings, Method
from fromnoise.training.state import STATE

REPORT, WORDS, PLAN = "report.json", "report.md", "plan.json"

TUNINGS = Registry(
    "kind that can be fine-tuned",
    {
        "gpt": "fromnoise.training.finetuning.words:WordTuning",
        "image-diffusion": "fromnoise.training.finetuning.pictures:PictureTuning",
        "image-tokens": "fromnoise.training.finetuning.pictures:PictureTuning",
    },
)
"""Kind of model -> (model, data, keep, settings, folder for the while) -> Tuning."""


@dataclass(frozen=True)
class FineTuned:
    """The model, and what fine-tuning did to it."""

    model: Any
    report: dict[str, Any]
    folder: Path | None = None
    """None when it wasn't saved."""


def fine_tune(
    model: Any,
    dataset: Any,
    *,
    method: Method = "lora",
    out: str | Path | None = None,
    force: bool = False,
    seed: int = 0,
    steps: int | None = None,
    epochs: float | None = None,
    minutes: float | None = None,
    batch: int | None = None,
    length: int | None = None,
    lr: float | None = None,
    patience: int | None = None,
    rank: int | None = None,
    alpha: float | None = None,
    targets: Sequence[str] = (),
    keep: Any = None,
    device: str | None = None,
    progress: bool = False,
) -> FineTuned:
    """Fine-tune a model, given as such or by name or path, on texts or captioned pictures.

    `dataset` is a folder, a file, a built dataset's name or, for words, a list of texts. What `keep` holds is
    what the model should still be good at; None looks for what the base model was validated on. `force` goes
    on with too little data. What was cut off goes on, given the same `out` and options.
    """
    lora = {"rank": rank, "alpha": alpha, "targets": tuple(targets)}
    tree = {"steps": steps, "epochs": epochs, "minutes": minutes, "batch": batch, "length": length, "lr": lr}
    told = {"method": method, "seed": seed, "patience": patience, **tree, "lora": _said(lora)}
    asked = check_settings(FineTuneSettings, _said(told), where="fine-tuning")
    place = None if out is None else _free(Path(out))
    base = load(model, device) if isinstance(model, str | Path) else copy.deepcopy(model)
    with TemporaryDirectory(prefix="fromnoise-") as scratch:
        tuning = _tuning(base, dataset, keep, asked, Path(scratch))
        parameters = open_up(base, tuning, asked)
        merge(base)  # what has learned nothing yet adds nothing: the model is as it was
        too_little = check_enough(tuning.counted, method, parameters, force)
        run = Run(base, _named(model), tuning, asked, parameters, too_little)
        if place is None:
            return FineTuned(base, run.to(Path(scratch), progress))
        with _workplace(place, run.plan()) as work:
            report = run.to(work, progress)
            _save(base, report, work, place)
    return FineTuned(base, report, place)


def _said(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tree.items() if value is not None}


def _free(out: Path) -> Path:
    place = out.expanduser().absolute()
    if os.path.lexists(place) and (not place.is_dir() or any(place.iterdir())):
        raise OutputError(f"{out} is there already, and not empty; it stays, so name another folder")
    return place


def _named(model: Any) -> str:
    """Return what the base model is called from now on: its path if it has one, else its name."""
    if isinstance(model, str | Path):
        path = Path(model).expanduser()
        return str(path.absolute()) if path.exists() else str(model)
    return str(getattr(model, "folder", None) or getattr(model, "name", "unsaved"))


def _tuning(model: Any, data: Any, keep: Any, asked: FineTuneSettings, scratch: Path) -> Tuning:
    kind = getattr(getattr(model, "settings", None), "kind", type(model).__name__)
    if kind not in TUNINGS:
        raise RequestError(unknown("kind of model to fine-tune", kind, TUNINGS))
    if any(not parameter.dtype == torch.float32 for parameter in model.parameters()):
        raise RequestError("weights in 4, 8 or 16 bits can't be trained; load the model in float32")
    tuning: Tuning = TUNINGS[kind](model, data, keep, asked, scratch)
    return tuning


@contextmanager
def _workplace(place: Path, plan: str) -> Iterator[Path]:
    """Lend the folder of a training; it stays only when that is cut off half done.

    A training with another plan that was cut off there is given up.
    """
    work = place.with_name(f".{place.name}.tuning")
    if work.exists() and (not (work / PLAN).is_file() or (work / PLAN).read_text("utf-8") != plan):
        shutil.rmtree(work)
    write_all({work / PLAN: plan.encode()})
    whole = False
    try:
        yield work
        whole = True
    finally:
        if whole or not (work / STATE).exists():
            shutil.rmtree(work)


def _save(model: Any, report: dict[str, Any], work: Path, place: Path) -> None:
    """Put the model's folder together, and in place when it is whole."""
    whole = work / "model"
    save(model, whole)
    if (work / ADAPTER).is_dir():
        shutil.copytree(work / ADAPTER, whole / ADAPTER, dirs_exist_ok=True)
    shutil.copyfile(work / CURVES, whole / CURVES)
    title = f"# {place.name}, fine-tuned from {Path(report['base']).name}\n\n"
    plain = title + "".join(f"- {words}\n" for words in report["words"])
    tree = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    write_all({whole / REPORT: tree.encode(), whole / WORDS: plain.encode()})
    write_checksums(whole)
    if place.is_dir():
        place.rmdir()
    os.replace(whole, place)
    model.name, model.folder = place.name, place
    model.weights_sha256 = file_sha256(place / WEIGHTS)
