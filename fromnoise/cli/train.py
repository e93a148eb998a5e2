"""`fromnoise train`: a recipe in, a model folder out."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def train(
    recipe: Path,
    /,
    *,
    overrides: Annotated[tuple[str, ...], Parameter(name="--set")] = (),
    resume: bool = False,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
) -> None:
    """Train a model from a recipe.

    Parameters
    ----------
    recipe
        A TOML file; those in `recipes/` say what they cost and what they give.
    overrides
        Change one setting: `--set training.lr=0.001`. May be given many times.
    resume
        Go on from the last state of the same run.
    out
        Folder of the run; `runs/` and the recipe's name when left out.
    """
    from fromnoise.training.run import train as run

    run(recipe, list(overrides), resume, out)
