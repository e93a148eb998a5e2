"""From a recipe to a trained model folder."""

import json
from pathlib import Path

import torch
from PIL import Image
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from fromnoise.codecs.kl import KL
from fromnoise.data.dataset import PictureSet
from fromnoise.data.feed import open_dataset
from fromnoise.data.pairs import whitening_pictures
from fromnoise.errors import OutputError
from fromnoise.files import write_all
from fromnoise.home import home
from fromnoise.models.checkpoint import save, take_over
from fromnoise.models.features import FeatureEncoder
from fromnoise.models.image_diffusion import ImageDiffusion
from fromnoise.models.store import find_model
from fromnoise.requests import ImageRequest
from fromnoise.training.loop import Feed, Training
from fromnoise.training.recipe import Model, Recipe, build, read_recipe
from fromnoise.training.state import STATE

console = Console(stderr=True, soft_wrap=True)
SAMPLES = 8


def train(recipe: Path, overrides: list[str], resume: bool = False, out: Path | None = None) -> Path:
    """Train what the recipe says and return the model's folder.

    The run's own folder, `runs/NAME` unless `out` is given, keeps what is needed to go on with `resume`.
    """
    plan = read_recipe(recipe, overrides)
    folder = out or Path("runs") / plan.name
    if (folder / STATE).exists() and not resume:
        raise OutputError(
            f"{folder} holds a training already; go on with --resume, or choose another folder with -o"
        )
    pictures = open_dataset(plan.data)
    torch.manual_seed(plan.training.seed)
    model, feed = build(plan, pictures, str(recipe), _tell)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    if plan.start is not None:
        taken, of = take_over(model, find_model(plan.start))
        console.print(f"took {taken} of {of} tensors from {plan.start}; the others begin at random")
    _prepare(folder, plan)
    if plan.training.compile:
        model.compile_networks()
    training = Training(model, feed(), plan.training, folder)
    if resume:
        training.resume()
    _run(training, model, folder)
    with training.averaged():
        finish(model, pictures)
        save(model, folder / plan.name)
        save(model, home() / "models" / plan.name)
    console.print(f"saved to {folder / plan.name}; use it as --model {plan.name}")
    return folder / plan.name


def finish(model: Model, pictures: PictureSet) -> None:
    """Do what a model needs once, after its training."""
    if isinstance(model, KL):
        rows = pictures.where(split="train").rows[::8]
        model.whiten(torch.stack([torch.from_numpy(pictures.pictures[row].copy()) for row in rows]))
    elif isinstance(model, FeatureEncoder):
        model.whiten(*whitening_pictures(pictures, model.size))


def _prepare(folder: Path, plan: Recipe) -> None:
    """Make the run's folder and note the resolved recipe in it."""
    write_all({folder / "recipe.json": plan.model_dump_json(indent=1).encode()})


def _run(training: Training, model: Model, folder: Path) -> None:
    """Train with a progress bar on a terminal, else with a line at every validation."""
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=training.settings.steps, completed=training.step)
        validation = ""

        def report(news: dict[str, float]) -> None:
            nonlocal validation
            if "validation_loss" in news:
                validation = f", validation {news['validation_loss']:.4f}"
                if not console.is_terminal:
                    console.print(json.dumps({key: round(value, 5) for key, value in news.items()}))
            words = f"loss {news['loss']:.4f}{validation}, {news['items_per_second']:.0f} a second"
            bar.update(task, completed=int(news["step"]), description=words)

        def look(step: int) -> None:
            _look(model, training.feed, folder / f"samples-{step:06d}.png")

        try:
            training.run(report, look)
        except KeyboardInterrupt:
            console.print(f"stopped after step {training.step}; go on with --resume")
            raise


def _look(model: Model, feed: Feed, path: Path) -> None:
    """Save a sheet of what the model makes now, from the same seeds every time."""
    if isinstance(model, FeatureEncoder):  # makes numbers, no pictures
        return
    batch = (feed.validation(SAMPLES) or [feed.batch(0, SAMPLES)])[0]
    if isinstance(model, ImageDiffusion):
        asks = zip(batch.captions, batch.styles, strict=True)
        columns = [
            [model.run(ImageRequest(prompt=caption, style=style, seed=seed)).images[0] for seed in range(2)]
            for caption, style in asks
        ]
    else:
        made = model.decode(model.encode(batch.pictures))
        pairs = zip(batch.pictures, made, strict=True)
        columns = [[Image.fromarray(picture.numpy()) for picture in pair] for pair in pairs]
    side = columns[0][0].width
    sheet = Image.new("RGB", (side * len(columns), side * len(columns[0])), "white")
    for column, pictures in enumerate(columns):
        for line, picture in enumerate(pictures):
            sheet.paste(picture, (column * side, line * side))
    sheet.save(path)


def _tell(done: int, of: int) -> None:
    if done % 6400 < 64 or done == of:
        console.print(f"encoded {done} of {of} pictures")
