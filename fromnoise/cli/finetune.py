"""`fromnoise finetune`: a model and your data in, a model of your own out."""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def finetune(
    model: str,
    data: str,
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    method: Literal["lora", "full"] = "lora",
    force: bool = False,
    keep: str | None = None,
    steps: int | None = None,
    epochs: float | None = None,
    minutes: float | None = None,
    batch: int | None = None,
    length: int | None = None,
    lr: float | None = None,
    patience: int | None = None,
    rank: int | None = None,
    alpha: float | None = None,
    targets: Annotated[tuple[str, ...], Parameter(name="--target")] = (),
    seed: int = 0,
    device: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Fine-tune a model on your texts or captioned pictures, and say what that did to it.

    Copies are left out and some of the data is held out; the best step by held-out data is kept. Cut off, the
    same command goes on where it stopped.

    Parameters
    ----------
    model
        A model's name, its folder, or a checkpoint: a Hugging Face folder or a GGUF file.
    data
        Texts (a file, or a folder of .txt and .jsonl), captioned pictures (a folder), or a built dataset.
    out
        Folder of the new model; the report is in it.
    method
        `lora` trains small additions to the layers, `full` all of the weights.
    force
        Go on although there is too little data for the method.
    keep
        Data that the model should still be good at, to measure forgetting by; what the base model was
        validated on when left out, if that is here.
    steps
        At most so many steps.
    epochs
        At most so many times through the data, where no steps are named; 8 when left out.
    minutes
        Stop after so long.
    batch
        Rows of text, or pictures, in a step; 8 when left out.
    length
        Tokens in a row of text; 256 when left out.
    lr
        Learning rate; 0.001 for lora and 0.0003 for full when left out.
    patience
        Stop after so many looks at held-out data without a better one; 3 when left out.
    rank
        Of the additions; 8 when left out.
    alpha
        The additions count alpha / rank times; alpha is 16 when left out.
    targets
        Layers to add to, such as q_proj; may be given many times; attention and feed-forward when left out.
    seed
        The same seed gives the same model.
    device
        `cpu`, `cuda`, ...; the fastest there is when left out.
    as_json
        Print the report as JSON.
    """
    from fromnoise.training.finetuning.tuning import fine_tune

    done = fine_tune(
        model,
        data,
        method=method,
        out=out,
        force=force,
        seed=seed,
        steps=steps,
        epochs=epochs,
        minutes=minutes,
        batch=batch,
        length=length,
        lr=lr,
        patience=patience,
        rank=rank,
        alpha=alpha,
        targets=targets,
        keep=keep,
        device=device,
        progress=True,
    )
    if as_json:
        print(json.dumps(done.report, indent=1, ensure_ascii=False, allow_nan=False))
    else:
        print("\n".join(done.report["words"]))
    print(f"saved to {out}; use it as --model {out}", file=sys.stderr if as_json else sys.stdout)
