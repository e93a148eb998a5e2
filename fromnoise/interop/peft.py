"""LoRA adapters in the layout of PEFT, adapter_config.json and adapter_model.safetensors, in and out.

Their modules are those of Llama, Qwen3 or GPT-2; those of a model that nobody else has bear our own names.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from fromnoise.errors import CheckpointError, OutputError
from fromnoise.files import write_all
from fromnoise.interop.architectures import ARCHITECTURES, architecture_of
from fromnoise.interop.assemble import some
from fromnoise.interop.foreign import Foreign, checked, read_json
from fromnoise.interop.hf_write import spelt_out
from fromnoise.interop.layout import Layout, layout_of
from fromnoise.interop.magic import kind_of_file
from fromnoise.models.gpt import GPT
from fromnoise.nets.lora import LoraLinear, Part, Rows, adapted, put

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
PREFIX = "base_model.model."
HARMLESS = {
    *("task_type", "auto_mapping", "peft_version", "revision", "inference_mode", "exclude_modules"),
    *("target_modules", "layers_to_transform", "layers_pattern", "lora_dropout", "fan_in_fan_out"),
    *("megatron_config", "megatron_core", "loftq_config", "eva_config", "corda_config", "lora_ga_config"),
    *("qalora_group_size", "ensure_weight_tying"),
}
"""Keys of adapter_config.json that change nothing once the factors are there."""


class AdapterConfig(Foreign):
    """adapter_config.json, as far as it changes what is computed; defaults are those of PEFT."""

    peft_type: Literal["LORA"]
    base_model_name_or_path: str | None = None
    r: PositiveInt = 8
    lora_alpha: PositiveFloat = 8.0
    rank_pattern: dict[str, PositiveInt] = Field(default_factory=dict)
    alpha_pattern: dict[str, PositiveFloat] = Field(default_factory=dict)
    use_rslora: bool = False
    bias: Literal["none"] = "none"
    init_lora_weights: Literal[True, False, "gaussian", "orthogonal"] | None = True
    """Other ways to begin change the weights below the adapter as well."""

    def part(self, place: "Place") -> Part:
        """Return how a module is changed."""
        rank = int(_of_module(self.rank_pattern, place.module, self.r))
        alpha = _of_module(self.alpha_pattern, place.module, self.lora_alpha)
        return Part(place.first, place.rows, rank, alpha / (rank**0.5 if self.use_rslora else rank))


def _of_module(pattern: Mapping[str, float], module: str, usual: float) -> float:
    """Return the value of the first key that is a module's name or the end of it."""
    for key, value in pattern.items():
        if module == key.removeprefix("^") or (key[:1] != "^" and module.endswith(f".{key}")):
            return value
    return usual


@dataclass(frozen=True)
class Place:
    """One of their modules: the rows of one of our layers that it is."""

    module: str
    layer: str
    part: str
    first: int
    rows: int
    columns: int


def places_of(model: nn.Module) -> dict[str, Place]:
    """Return all modules that an adapter may change, by the name that others have for them."""
    layers = {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear)}
    layers = {
        name.removesuffix(".linear"): layer for name, layer in layers.items()
    }  # of those changed already
    layout = _layout(model)
    found: dict[str, Place] = {}
    for name, layer in layers.items():
        first = 0
        parts = layout.get(f"{name.removeprefix('net.')}.weight")
        sizes = (
            {name: layer.out_features}
            if parts is None
            else {part.name.removesuffix(".weight"): part.shape[int(part.transposed)] for part in parts}
        )
        for module, rows in sizes.items():
            last = module.rpartition(".")[2]
            found[module] = Place(module, name, last, first, rows, layer.in_features)
            first += rows
    return found


def rows_of(model: nn.Module) -> Rows:
    """Return which of our layers are several of theirs."""
    rows: dict[str, dict[str, int]] = {}
    for place in places_of(model).values():
        rows.setdefault(place.layer, {})[place.part] = place.rows
    return rows


def _layout(model: nn.Module) -> Layout:
    if not isinstance(model, GPT):
        return {}
    settings = spelt_out(model)
    try:
        naming = ARCHITECTURES[architecture_of(settings).kind].naming(())
    except OutputError:  # nobody else has this layout, so its layers bear our own names
        return {}
    return layout_of(settings, naming)


def write_adapter(model: nn.Module, folder: Path, base: str, dropout: float = 0.0) -> None:
    """Write the changes of an adapted model, both files or none; `base` names the model they belong to."""
    tensors: dict[str, Tensor] = {}
    parts: dict[str, Part] = {}
    layers = adapted(model)
    places = places_of(model)
    for place in places.values():
        if place.layer not in layers or place.part not in layers[place.layer].parts:
            continue
        layer = layers[place.layer]
        parts[place.module] = layer.parts[place.part]
        for letter, factors in (("A", layer.a), ("B", layer.b)):
            factor = factors[place.part].detach().float().cpu().contiguous()
            tensors[f"{PREFIX}{place.module}.lora_{letter}.weight"] = factor
    config = json.dumps(_config(parts, set(places), base, dropout, _is_conv1d(model)), indent=2)
    files = {WEIGHTS: save(tensors, {"format": "pt"}), CONFIG: f"{config}\n".encode()}
    write_all({folder / name: content for name, content in files.items()})


def _config(
    parts: Mapping[str, Part], modules: set[str], base: str, dropout: float, conv1d: bool
) -> dict[str, Any]:
    ranks = {module: part.rank for module, part in parts.items()}
    alphas = {module: part.scale * part.rank for module, part in parts.items()}
    rank, alpha = next(iter(ranks.values())), next(iter(alphas.values()))
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": rank,
        "lora_alpha": alpha,
        "rank_pattern": {module: own for module, own in ranks.items() if own != rank},
        "alpha_pattern": {module: own for module, own in alphas.items() if own != alpha},
        "lora_dropout": dropout,
        "target_modules": _targets(set(parts), modules),
        "bias": "none",
        "fan_in_fan_out": conv1d,
        "inference_mode": True,
        "init_lora_weights": True,
        "modules_to_save": None,
        "use_rslora": False,
        "use_dora": False,
    }


def _targets(chosen: set[str], modules: set[str]) -> list[str]:
    """Return the last words of names where those mean the chosen modules alone, else the whole names."""
    last = {module.rpartition(".")[2] for module in chosen}
    also = {word for word in last if any(one.endswith(f".{word}") for one in modules - chosen)}
    whole = {module for module in chosen if module.rpartition(".")[2] in also}
    return sorted(last - also | whole)


def _is_conv1d(model: nn.Module) -> bool:
    return any(part.transposed for parts in _layout(model).values() for part in parts)


def attach_adapter(model: nn.Module, folder: Path) -> AdapterConfig:
    """Put an adapter's changes into a model, in place; raise CheckpointError unless all of it fits."""
    config = _read_config(folder / CONFIG)
    tensors, places = _read_tensors(folder / WEIGHTS), places_of(model)
    changes = {place: config.part(place) for place in places.values() if _key(place, "A") in tensors}
    changes |= {place: config.part(place) for place in places.values() if _key(place, "B") in tensors}
    _check(tensors, changes, folder / WEIGHTS)
    layers: dict[str, dict[str, Part]] = {}
    for place, part in changes.items():
        layers.setdefault(place.layer, {})[place.part] = part
    made = {name: LoraLinear(_plain(model, name), parts) for name, parts in layers.items()}
    with torch.no_grad():
        for place in changes:
            made[place.layer].a[place.part].copy_(tensors[_key(place, "A")])
            made[place.layer].b[place.part].copy_(tensors[_key(place, "B")])
    model.requires_grad_(False)
    for name, layer in made.items():
        put(model, name, layer)
    return config


def base_of(folder: Path) -> str:
    """Return the model that an adapter says it was made for."""
    named = _read_config(folder / CONFIG).base_model_name_or_path
    if not named:
        raise CheckpointError(f"{folder / CONFIG} doesn't say which model it is for; name it: base=MODEL")
    return named


def _plain(model: nn.Module, name: str) -> nn.Linear:
    layer = model.get_submodule(name)
    if not isinstance(layer, nn.Linear):
        raise CheckpointError(f"{name} has changes already; merge them before another adapter is put on")
    return layer


def _key(place: Place, letter: str) -> str:
    return f"{PREFIX}{place.module}.lora_{letter}.weight"


def _check(tensors: Mapping[str, Tensor], changes: Mapping[Place, Part], where: Path) -> None:
    wanted = {
        key: shape
        for place, part in changes.items()
        for key, shape in (
            (_key(place, "A"), (part.rank, place.columns)),
            (_key(place, "B"), (place.rows, part.rank)),
        )
    }
    shapes = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    problems = {
        "missing": [key for key in wanted if key not in shapes],
        "unexpected": [key for key in shapes if key not in wanted],
        "misshapen": [
            f"{key} is {shapes[key]}, not {shape}"
            for key, shape in wanted.items()
            if key in shapes and shapes[key] != shape
        ],
        "infinite or NaN": [key for key, tensor in tensors.items() if not bool(tensor.isfinite().all())],
    }
    told = [f"{kind}: {some(names)}" for kind, names in problems.items() if names]
    if told or not wanted:
        raise CheckpointError(f"{where} doesn't fit the model: {'; '.join(told) or 'it is empty'}")


def _read_config(path: Path) -> AdapterConfig:
    tree = read_json(path)
    known = HARMLESS | set(AdapterConfig.model_fields)
    if strange := sorted(key for key, value in tree.items() if value and key not in known):
        raise CheckpointError(f"{path} asks for {', '.join(strange)}; only plain LoRA can be read")
    return checked(AdapterConfig, tree, str(path))


def _read_tensors(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        for other in sorted(path.parent.glob("adapter_model.*")):
            kind_of_file(other)  # names a pickle as what it is
        raise CheckpointError(f"{path} is missing; copy the adapter again, whole")
    if kind_of_file(path) != "safetensors":
        raise CheckpointError(f"{path} is no safetensors file")
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is no sound safetensors file: {error}") from None
