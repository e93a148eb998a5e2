"""One way in for every model: our own by name or folder, a Hugging Face folder, a GGUF file, an adapter."""

from pathlib import Path
from typing import Any, get_args

from fromnoise.errors import CheckpointError, unknown
from fromnoise.files import file_sha256
from fromnoise.interop.a2d import is_masked, read_masked_folder
from fromnoise.interop.gguf_model import read_gguf
from fromnoise.interop.hf import CONFIG, read_folder
from fromnoise.interop.magic import kind_of_file
from fromnoise.interop.peft import CONFIG as ADAPTER
from fromnoise.interop.peft import WEIGHTS, attach_adapter, base_of
from fromnoise.models import checkpoint
from fromnoise.models.gpt import GPT
from fromnoise.models.store import CONFIG as OURS
from fromnoise.models.text_diffusion import TextDiffusion
from fromnoise.nets.lora import merge
from fromnoise.nets.quantised import Precision, lower


def load(
    name: str | Path,
    device: str | None = None,
    dtype: Precision = "float32",
    base: str | Path | None = None,
) -> Any:
    """Load a model by name, folder or file: our own, a Hugging Face folder, GGUF, or a LoRA adapter of PEFT.

    A `device` of None means a GPU if there is one, else the CPU. In `dtype` are the weights of a model of
    words; int8 and int4 are for the CPU, and compute in bfloat16. `base` is the model of an adapter;
    None means the one that its adapter_config.json names.
    """
    if dtype not in get_args(Precision):
        raise CheckpointError(unknown("dtype", dtype, get_args(Precision)))
    chosen = checkpoint.pick_device(device)
    model: Any = read_foreign(path := Path(name).expanduser())
    if model is None and (path / ADAPTER).is_file() and not (path / OURS).is_file():
        model = _with_adapter(path, base)
    elif base is not None:
        raise CheckpointError(f"base goes with a LoRA adapter, a folder with {ADAPTER}; {name} is none")
    if model is None:
        model = checkpoint.load(name, device="cpu")
    if dtype != "float32":
        if not isinstance(model, GPT | TextDiffusion):
            raise CheckpointError(f"dtype {dtype} is for models of words; leave it out")
        if chosen.type != "cpu" and dtype != "bfloat16":
            raise CheckpointError(f"{dtype} weights are for the CPU; on {chosen.type} use bfloat16")
        lower(model.net, dtype, chosen)
    return model.to(chosen).eval()


def read_foreign(path: Path) -> GPT | TextDiffusion | None:
    """Open what others wrote, in 32 bits on the CPU; None when the path is nothing of the kind."""
    if path.is_file():
        return _read_file(path)
    if not path.is_dir() or (path / OURS).is_file() or (path / ADAPTER).is_file():
        return None
    files = sorted(path.glob("*.gguf"))
    if len(files) == 1 and not (path / CONFIG).is_file():
        return _read_file(files[0])
    return read_masked_folder(path) if is_masked(path) else read_folder(path)


def _with_adapter(folder: Path, base: str | Path | None) -> Any:
    """Open the model that an adapter was made for, and add its changes to the weights."""
    named = base or base_of(folder)
    try:
        model = load(named, device="cpu")
    except CheckpointError as error:
        told = f"{folder} is a LoRA adapter for {str(named)!r}, which can't be opened ({error})"
        raise CheckpointError(f"{told}; name its model: load(PATH, base=MODEL)") from None
    attach_adapter(model, folder)
    merge(model)
    model.name, model.weights_sha256 = folder.resolve().name, file_sha256(folder / WEIGHTS)
    return model


def _read_file(path: Path) -> GPT:
    if kind_of_file(path) != "gguf":
        raise CheckpointError(f"{path} holds tensors alone; open the folder with its config.json")
    return read_gguf(path)
