"""Model folders: config.toml, weights.safetensors, checksums.json, tokenizer.json if it has one."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import tomli_w
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from fromnoise.codecs.bpe import PromptTokens
from fromnoise.codecs.codec import CODECS
from fromnoise.codecs.kl import KL, KLSettings
from fromnoise.codecs.pixels import Pixels, PixelsSettings
from fromnoise.codecs.text_tokens import TextTokens
from fromnoise.codecs.vq import FSQ, VQ, FSQSettings, VQSettings
from fromnoise.config import Settings, check_settings
from fromnoise.errors import CheckpointError, ConfigError, OutputError, unknown
from fromnoise.files import file_sha256
from fromnoise.home import home
from fromnoise.models.checksums import write_checksums
from fromnoise.models.features import FeatureEncoder, FeatureSettings
from fromnoise.models.gpt import GPT, GPTSettings
from fromnoise.models.image_diffusion import ImageDiffusion
from fromnoise.models.image_settings import ImageDiffusionSettings
from fromnoise.models.image_tokens import ImageTokens
from fromnoise.models.image_tokens_settings import ImageTokensSettings
from fromnoise.models.scorer import Scorer, ScorerSettings
from fromnoise.models.store import CONFIG, find_model, read_config, verify
from fromnoise.models.text_diffusion import TextDiffusion, TextDiffusionSettings

WEIGHTS, TOKENIZER = "weights.safetensors", "tokenizer.json"

Module = TypeVar("Module", bound=nn.Module)
Named = TypeVar("Named", ImageDiffusion, ImageTokens, Scorer, GPT, TextDiffusion)


def load(name: str | Path, device: str | None = None) -> Any:
    """Load a model by name or folder, after checking its checksums.

    A `device` of None means a GPU if there is one, else the CPU.
    """
    folder = find_model(name)
    verify(folder)
    config = read_config(folder)
    kind = config.get("kind")
    if kind not in LOADERS:
        raise CheckpointError(f"{folder / CONFIG}: {unknown('kind', kind, LOADERS)}")
    try:
        model = LOADERS[kind](folder, config)
    except ConfigError as error:
        raise CheckpointError(str(error)) from None
    return model.to(pick_device(device)).eval()


def pick_device(device: str | None) -> torch.device:
    """Return the device asked for, or the fastest there is; raise CheckpointError when it isn't there."""
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(1, device=chosen)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(
            f"device {device!r} can't be used here ({reason}); leave it out or use cpu"
        ) from None
    return chosen


def save(model: nn.Module, folder: Path, half: bool = False) -> None:
    """Write a model folder whole or not at all; `half` stores the weights in 16 bits.

    A model folder that is there is replaced; its cards stay.
    """
    with _replaced(folder) as partial:
        _write_config(model, partial)
        try:
            save_file(stored_tensors(model, half), partial / WEIGHTS)
        except SafetensorError as error:  # a full disk, most often
            raise OutputError(f"{folder / WEIGHTS} can't be written: {error}") from None
        if isinstance(model, ImageDiffusion):
            model.conditioner.tokens.save(partial / TOKENIZER)
        if isinstance(model, ImageTokens | Scorer):
            model.tokens.save(partial / TOKENIZER)
        if isinstance(model, GPT | TextDiffusion):
            model.tokenizer.save(partial / TOKENIZER)


def save_own_copy(model: ImageDiffusion) -> Path:
    """Save a model under its name in the user's models folder, where it hides an installed one.

    The files it was loaded from are copied as they are, so that its weights keep their checksum.
    """
    folder = home() / "models" / model.name
    if model.folder is None:
        save(model, folder)
        return folder
    with _replaced(folder) as partial:
        shutil.copytree(model.folder, partial, dirs_exist_ok=True)
        _write_config(model, partial)
    return folder


def _write_config(model: nn.Module, folder: Path) -> None:
    settings: Settings = model.settings  # type: ignore[assignment]
    plain = settings.model_dump(mode="json", exclude_none=True)
    (folder / CONFIG).write_text(tomli_w.dumps(plain), encoding="utf-8")


def stored_tensors(model: nn.Module, half: bool = False) -> dict[str, Tensor]:
    """Return the tensors that make the model, by name; a trained codec inside it has its own folder."""
    dtype = torch.float16 if half else torch.float32
    return {key: value.detach().cpu().to(dtype).contiguous() for key, value in _own_tensors(model).items()}


def load_tensors(model: nn.Module, path: Path) -> None:
    """Fill a model from a safetensors file; every missing, unexpected or misshapen tensor is named."""
    tensors, own = _read_tensors(path), _own_tensors(model)
    problems = [f"missing {key}" for key in own if key not in tensors]
    problems += [f"unexpected {key}" for key in tensors if key not in own]
    problems += [
        f"{key} is {tuple(tensors[key].shape)}, not {tuple(own[key].shape)}"
        for key in own
        if key in tensors and tensors[key].shape != own[key].shape
    ]
    if problems:
        shown = "; ".join(problems[:5]) + (f"; and {len(problems) - 5} more" if problems[5:] else "")
        raise CheckpointError(f"{path} doesn't fit its config: {shown}")
    with torch.no_grad():
        for key, value in own.items():
            value.copy_(tensors[key])


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} can't be read as safetensors: {error}") from None


def _own_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Return the tensors that make the model; a trained codec inside it is saved in its own folder."""
    return {key: value for key, value in model.state_dict().items() if not key.startswith("codec.")}


def take_over(model: nn.Module, folder: Path) -> tuple[int, int]:
    """Fill a model with what a folder has of the same name and shape; return how many tensors of how many."""
    verify(folder)
    own = _own_tensors(model)
    tensors = _read_tensors(folder / WEIGHTS)
    shared = [key for key in own if key in tensors and tensors[key].shape == own[key].shape]
    with torch.no_grad():
        for key in shared:
            own[key].copy_(tensors[key])
    return len(shared), len(own)


def make_codec(kind: str, name: str | None, size: int | None, beside: Path | None = None) -> Any:
    """Build a codec without weights, or load a trained one: from beside the model first, then by its name."""
    if kind not in CODECS:
        raise ConfigError(unknown("codec", kind, CODECS))
    if name is None:
        if kind != "pixels":
            raise ConfigError(f"a codec of kind {kind!r} is trained first: give its name too")
        return Pixels(PixelsSettings() if size is None else PixelsSettings(size=size))
    folder = _neighbour(name, beside)
    if (found := read_config(folder).get("kind")) != kind:
        raise ConfigError(f"codec {name!r} should be of kind {kind!r}, but {folder} is {found!r}")
    return load(folder, device="cpu").requires_grad_(False)


def _neighbour(name: str, beside: Path | None) -> Path:
    """Find a model that another one needs: in the folder beside it first, then by its name."""
    sibling = beside.resolve().parent / name if beside is not None else None
    return sibling if sibling is not None and (sibling / CONFIG).is_file() else find_model(name)


def _filled(model: Module, folder: Path) -> Module:
    """Give a model its folder's weights."""
    load_tensors(model, folder / WEIGHTS)
    return model


def _named(model: Named, folder: Path) -> Named:
    """Give a model its folder's weights, and what results tell of it."""
    model.name, model.folder = folder.resolve().name, folder
    model.weights_sha256 = file_sha256(folder / WEIGHTS)
    return _filled(model, folder)


def _load_image_diffusion(folder: Path, config: Mapping[str, Any]) -> ImageDiffusion:
    settings = check_settings(ImageDiffusionSettings, dict(config), where=str(folder / CONFIG))
    codec = make_codec(settings.codec.kind, settings.codec.name, settings.codec.size, beside=folder)
    tokens = PromptTokens.load(folder / TOKENIZER, settings.text.length)
    return _named(ImageDiffusion(settings, codec, tokens), folder)


def _load_image_tokens(folder: Path, config: Mapping[str, Any]) -> ImageTokens:
    settings = check_settings(ImageTokensSettings, dict(config), where=str(folder / CONFIG))
    codec = make_codec(settings.codec.kind, settings.codec.name, settings.codec.size, beside=folder)
    tokens = PromptTokens.load(folder / TOKENIZER, settings.text)
    return _named(ImageTokens(settings, codec, tokens), folder)


def _load_scorer(folder: Path, config: Mapping[str, Any]) -> Scorer:
    settings = check_settings(ScorerSettings, dict(config), where=str(folder / CONFIG))
    encoder = load(_neighbour(settings.features, folder), device="cpu").requires_grad_(False)
    tokens = PromptTokens.load(folder / TOKENIZER, settings.text.length)
    return _named(Scorer(settings, encoder, tokens), folder)


def _load_kl(folder: Path, config: Mapping[str, Any]) -> KL:
    return _filled(KL(check_settings(KLSettings, dict(config), where=str(folder / CONFIG))), folder)


def _load_vq(folder: Path, config: Mapping[str, Any]) -> VQ:
    return _filled(VQ(check_settings(VQSettings, dict(config), where=str(folder / CONFIG))), folder)


def _load_fsq(folder: Path, config: Mapping[str, Any]) -> FSQ:
    return _filled(FSQ(check_settings(FSQSettings, dict(config), where=str(folder / CONFIG))), folder)


def _load_features(folder: Path, config: Mapping[str, Any]) -> FeatureEncoder:
    return _filled(
        FeatureEncoder(check_settings(FeatureSettings, dict(config), where=str(folder / CONFIG))), folder
    )


def _load_gpt(folder: Path, config: Mapping[str, Any]) -> GPT:
    settings = check_settings(GPTSettings, dict(config), where=str(folder / CONFIG))
    tokens = TextTokens.load(folder / TOKENIZER, settings.start, settings.ends)
    return _named(GPT(settings, tokens), folder)


def _load_text_diffusion(folder: Path, config: Mapping[str, Any]) -> TextDiffusion:
    settings = check_settings(TextDiffusionSettings, dict(config), where=str(folder / CONFIG))
    tokens = TextTokens.load(folder / TOKENIZER, settings.start, settings.ends)
    return _named(TextDiffusion(settings, tokens), folder)


LOADERS = {
    "gpt": _load_gpt,
    "features": _load_features,
    "fsq": _load_fsq,
    "image-diffusion": _load_image_diffusion,
    "image-tokens": _load_image_tokens,
    "kl": _load_kl,
    "scorer": _load_scorer,
    "vq": _load_vq,
    "text-diffusion": _load_text_diffusion,
}
"""Kind of model -> what loads its folder."""


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
    """Lend an empty folder to fill; put it in the place of `folder`, checksums and all, if all went well."""
    if folder.exists() and not (folder / CONFIG).is_file():
        raise OutputError(f"{folder} is there already and is no model; it stays")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        yield partial
        write_checksums(partial)
        partial.chmod(0o755)  # a temporary folder is its owner's alone; a model is for all
        for path in partial.iterdir():
            path.chmod(0o644)
        _put_in_place(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _put_in_place(partial: Path, folder: Path) -> None:
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        for card in folder.glob("*.md"):  # a card is written by hand and outlives the weights beside it
            if not (partial / card.name).exists():
                shutil.copy2(card, partial)
        os.replace(folder, old)
    os.replace(partial, folder)
    shutil.rmtree(old, ignore_errors=True)
