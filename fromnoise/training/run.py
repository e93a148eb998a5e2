"""From a recipe to a trained model folder."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn

from fromnoise.codecs.bpe import PromptTokens
from fromnoise.codecs.kl import KL, KLSettings
from fromnoise.config import Settings, check_settings, read_settings
from fromnoise.data.dataset import PictureSet
from fromnoise.data.feed import DataSettings, EncodedFeed, PictureFeed, open_dataset
from fromnoise.errors import ConfigError, OutputError, unknown
from fromnoise.home import home
from fromnoise.models.checkpoint import make_codec, save
from fromnoise.models.image_diffusion import ImageDiffusion, ImageDiffusionSettings
from fromnoise.requests import ImageRequest
from fromnoise.training.loop import Feed, Training, TrainingSettings
from fromnoise.training.state import STATE

console = Console(stderr=True)
SAMPLES = 8


class Recipe(Settings):
    """A whole run: what is made, from what, and how."""

    name: str
    """Name of the model, and of its folder."""
    model: dict[str, Any]
    """`kind` and that kind's settings."""
    data: DataSettings = DataSettings()
    training: TrainingSettings = TrainingSettings()


def train(recipe: Path, overrides: list[str], resume: bool = False, out: Path | None = None) -> Path:
    """Train what the recipe says and return the model's folder; the run's own folder `runs/NAME` keeps its state."""
    plan = read_settings(Recipe, recipe, overrides)
    if not re.fullmatch(r"[\w.-]+", plan.name):
        raise ConfigError(f"{recipe}: name must be letters, digits, dots and dashes, not {plan.name!r}")
    kind = plan.model.get("kind")
    if kind not in BUILDERS:
        raise ConfigError(f"{recipe}: [model] {unknown('kind', kind, BUILDERS)}")
    folder = out or Path("runs") / plan.name
    _prepare(folder, resume, plan)
    pictures = open_dataset(plan.data)
    torch.manual_seed(plan.training.seed)
    model, feed = BUILDERS[str(kind)](plan, pictures, str(recipe))
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    if plan.training.compile:
        model.compile_networks()
    training = Training(model, feed, plan.training, folder)
    if resume:
        training.resume()
    _run(training, model, plan, folder)
    with training.averaged():
        finish(model, pictures)
        save(model, folder / plan.name)
        save(model, home() / "models" / plan.name)
    console.print(f"saved to {folder / plan.name}; use it as --model {plan.name}")
    return folder / plan.name


def finish(model: nn.Module, pictures: PictureSet) -> None:
    """Do what a model needs once, after its training."""
    if isinstance(model, KL):
        rows = pictures.where(split="train").rows[::8]
        model.whiten(torch.stack([torch.from_numpy(pictures.pictures[row].copy()) for row in rows]))


def _prepare(folder: Path, resume: bool, plan: Recipe) -> None:
    if (folder / STATE).exists() and not resume:
        raise OutputError(f"{folder} holds a training already; go on with --resume, or choose another folder with -o")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "recipe.json").write_text(plan.model_dump_json(indent=1), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder} can't be written: {error.strerror}") from None


def _run(training: Training, model: nn.Module, plan: Recipe, folder: Path) -> None:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=plan.training.steps, completed=training.step)
        validation = ""

        def report(news: dict[str, float]) -> None:
            nonlocal validation
            if "validation_loss" in news:
                validation = f", validation {news['validation_loss']:.4f}"
                if not console.is_terminal:
                    console.print(json.dumps({key: round(value, 5) for key, value in news.items()}))
            words = f"loss {news['loss']:.4f}{validation}, {news['items_per_second']:.0f} a second"
            bar.update(task, completed=int(news["step"]), description=words)

        training.run(report, lambda step: _look(model, training.feed, folder / f"samples-{step:06d}.png"))


def _look(model: nn.Module, feed: Feed, path: Path) -> None:
    """Save a sheet of what the model makes now, from the same seeds every time."""
    batch = feed.validation(SAMPLES)[0]
    if isinstance(model, ImageDiffusion):
        rows = [
            [model.run(ImageRequest(prompt=caption, style=style, seed=seed)).images[0] for seed in range(2)]
            for caption, style in zip(batch.captions, batch.styles, strict=True)
        ]
    elif isinstance(model, KL):
        made = model.decode(model.encode(batch.pictures))
        rows = [[Image.fromarray(a.numpy()), Image.fromarray(b.numpy())] for a, b in zip(batch.pictures, made, strict=True)]
    else:
        return
    side = rows[0][0].width
    sheet = Image.new("RGB", (side * len(rows), side * len(rows[0])), "white")
    for column, pictures in enumerate(rows):
        for line, picture in enumerate(pictures):
            sheet.paste(picture, (column * side, line * side))
    sheet.save(path)


def _build_image_diffusion(plan: Recipe, pictures: PictureSet, where: str) -> tuple[nn.Module, Feed]:
    tree = {**plan.model, "styles": sorted({item.style for item in pictures.items if item.style})}
    settings = check_settings(ImageDiffusionSettings, tree, where=f"{where} [model]")
    codec = make_codec(settings.codec.kind, settings.codec.name, settings.codec.size)
    if codec.size != pictures.size:
        raise ConfigError(f"{where}: the codec makes pictures of {codec.size} px, the dataset has {pictures.size} px")
    train_items = pictures.where(split="train").items
    words = [text for item in train_items for text in (item.caption, " ".join(item.tags))]
    tokens = PromptTokens.train(words, settings.vocabulary, settings.text.length)
    model = ImageDiffusion(settings, codec, tokens)
    cache = _cache(plan, pictures, codec)
    if plan.training.compile and isinstance(codec, KL):
        codec.encoder.compile()

    def encode(pictures: Tensor) -> Tensor:
        with plan.training.autocast("cpu"):
            return codec.encode(pictures)  # type: ignore[no-any-return]

    return model, EncodedFeed(pictures, plan.data, plan.training.seed, encode, cache, _tell)


def _build_kl(plan: Recipe, pictures: PictureSet, where: str) -> tuple[nn.Module, Feed]:
    settings = check_settings(KLSettings, plan.model, where=f"{where} [model]")
    if settings.size != pictures.size:
        raise ConfigError(f"{where}: the codec is for pictures of {settings.size} px, the dataset has {pictures.size} px")
    return KL(settings), PictureFeed(pictures, plan.data, plan.training.seed)


BUILDERS = {"image-diffusion": _build_image_diffusion, "kl": _build_kl}


def _cache(plan: Recipe, pictures: PictureSet, codec: Any) -> Path:
    """Name the file of encoded pictures after all that it depends on."""
    digest = hashlib.sha256(json.dumps([pictures.summary["sha256"], plan.data.model_dump(mode="json")]).encode())
    if isinstance(codec, nn.Module):
        for value in codec.state_dict().values():
            digest.update(_bytes(value))
    return home() / "encoded" / f"{plan.data.dataset.replace('/', '_')}-{digest.hexdigest()[:16]}"


def _bytes(value: Tensor) -> bytes:
    return value.detach().cpu().contiguous().numpy().tobytes()


def _tell(done: int, of: int) -> None:
    if done % 6400 == 0 or done == of:
        console.print(f"encoded {done} of {of} pictures")
