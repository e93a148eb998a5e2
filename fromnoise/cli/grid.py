"""`fromnoise grid`: fit a time grid to a model."""

from typing import Annotated

from cyclopts import Parameter

from fromnoise.errors import RequestError


def grid(
    model: str,
    /,
    *,
    steps: int,
    samples: int = 64,
    seed: int = 0,
    device: Annotated[str | None, Parameter(name="--device")] = None,
) -> None:
    """Fit a time grid to a model, for few steps.

    Parameters
    ----------
    model
        A model's name, or its folder.
    steps
        Solver steps that the grid is for.
    samples
        Pictures whose paths from noise the grid is fitted to; more take longer and fit better.
    seed
        Where the noise of those pictures comes from.
    device
        `cpu`, `cuda`, ...; the fastest there is when left out.
    """
    for name, value in (("--steps", steps), ("--samples", samples)):
        if value < 1:
            raise RequestError(f"{name} must be at least 1, got {value}")
    from fromnoise.models.checkpoint import load

    loaded = load(model, device=device)
    times = [float(time) for time in loaded.optimise_grid(steps, samples, seed)]
    folder = loaded.save_grid(steps, times)
    print(f"{len(times) - 1} steps: " + " ".join(f"{time:.4g}" for time in times))
    print(f"saved to {folder}")
