"""`fromnoise models import` and `export`: other projects' checkpoints in, ours out."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from fromnoise.errors import CheckpointError, OutputError
from fromnoise.home import home

Stored = Literal["float32", "float16", "bfloat16", "q8_0"]


def import_(path: Path, /, *, name: str, half: bool = False) -> None:
    """Keep a checkpoint among your models, under a name.

    Parameters
    ----------
    path
        A Hugging Face folder (Llama, Qwen3, GPT-2, a2d, LLaDA; safetensors), or a GGUF file.
    name
        What to ask for it by.
    half
        Keep the weights in 16 bits: half the size, a little less exact.
    """
    from fromnoise.interop.opening import read_foreign
    from fromnoise.models.checkpoint import save

    if not name or Path(name).name != name or name.startswith("."):
        raise OutputError(f"a name is one plain word, such as smollm2, not {name!r}")
    folder = home() / "models" / name
    if folder.exists():
        raise OutputError(f"there is a model {name} already, in {folder}; choose another name")
    model = read_foreign(path.expanduser())
    if model is None:
        raise CheckpointError(f"{path} is no Hugging Face folder and no GGUF file")
    save(model, folder, half)
    print(f"{name} is in {folder}; `fromnoise text --model {name}` asks it")


def export(
    name: str,
    folder: Path,
    /,
    *,
    to: Literal["hf", "gguf"],
    dtype: Annotated[Stored, Parameter()] = "float32",
) -> None:
    """Write a model of words as others read it.

    Parameters
    ----------
    name
        A model's name, or its folder.
    folder
        Where to write: a new folder; GGUF is one file in it, or a path that ends with .gguf.
    to
        `hf` for transformers, `gguf` for llama.cpp.
    dtype
        How to store the weights; q8_0 (8 bits) is GGUF's alone.
    """
    from fromnoise.interop.a2d import write_masked_folder
    from fromnoise.interop.gguf_write import write_gguf
    from fromnoise.interop.hf_write import write_folder
    from fromnoise.interop.opening import load
    from fromnoise.models.gpt import GPT
    from fromnoise.models.text_diffusion import TextDiffusion

    model = load(name, device="cpu")
    if isinstance(model, TextDiffusion) and to == "hf" and dtype != "q8_0":
        write_masked_folder(model, folder, dtype)
        print(f"written: {folder}")
        return
    if isinstance(model, TextDiffusion):
        raise OutputError("masked diffusion goes out with --to hf, in float32, float16 or bfloat16")
    if not isinstance(model, GPT):
        raise OutputError(f"{name} is no model of words; others have no layout for it")
    if to == "gguf":
        path = folder if folder.suffix == ".gguf" else folder / f"{model.name}.gguf"
        if path.exists():
            raise OutputError(f"{path} is there already; it stays")
        write_gguf(model, path, dtype)
        print(f"written: {path}")
        return
    if dtype == "q8_0":
        raise OutputError("q8_0 is GGUF's alone; with --to hf choose float32, float16 or bfloat16")
    write_folder(model, folder, dtype)
    print(f"written: {folder}")
