"""One way in for every model: our own by name or folder, a Hugging Face folder, a GGUF file."""

from pathlib import Path
from typing import Any, get_args

from fromnoise.errors import CheckpointError, unknown
from fromnoise.interop.gguf_model import read_gguf
from fromnoise.interop.hf import CONFIG, read_folder
from fromnoise.interop.magic import kind_of_file
from fromnoise.models import checkpoint
from fromnoise.models.gpt import GPT
from fromnoise.models.store import CONFIG as OURS
from fromnoise.nets.quantised import Precision, lower


def load(name: str | Path, device: str | None = None, dtype: Precision = "float32") -> Any:
    """Load a model by name, folder or file: our own, a Hugging Face folder, or GGUF.

    A `device` of None means a GPU if there is one, else the CPU. In `dtype` are the weights of a model of
    words; int8 and int4 are for the CPU, and compute in bfloat16.
    """
    if dtype not in get_args(Precision):
        raise CheckpointError(unknown("dtype", dtype, get_args(Precision)))
    chosen = checkpoint.pick_device(device)
    model = read_foreign(Path(name).expanduser())
    if model is None:
        model = checkpoint.load(name, device="cpu")
    if dtype != "float32":
        if not isinstance(model, GPT):
            raise CheckpointError(f"dtype {dtype} is for models of words; leave it out")
        if chosen.type != "cpu" and dtype != "bfloat16":
            raise CheckpointError(f"{dtype} weights are for the CPU; on {chosen.type} use bfloat16")
        lower(model.net, dtype)
    return model.to(chosen).eval()


def read_foreign(path: Path) -> GPT | None:
    """Open what others wrote, in 32 bits on the CPU; None when the path is nothing of the kind."""
    if path.is_file():
        return _read_file(path)
    if not path.is_dir() or (path / OURS).is_file():
        return None
    files = sorted(path.glob("*.gguf"))
    if len(files) == 1 and not (path / CONFIG).is_file():
        return _read_file(files[0])
    return read_folder(path)


def _read_file(path: Path) -> GPT:
    if kind_of_file(path) != "gguf":
        raise CheckpointError(f"{path} holds tensors alone; open the folder with its config.json")
    return read_gguf(path)
