"""The one-line way in: a prompt goes in, pictures come out."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from fromnoise.models.store import find_model
from fromnoise.requests import ImageResult

if TYPE_CHECKING:
    import numpy as np

    from fromnoise.models.image_diffusion import ImageDiffusion

DEFAULT_MODEL = "emoji-diffusion"


def generate(
    prompt: str,
    *,
    model: str | Path = DEFAULT_MODEL,
    device: str | None = None,
    style: str | None = None,
    negative: str | None = None,
    seed: int = 0,
    count: int = 1,
    steps: int | None = None,
    solver: str | None = None,
    grid: str | None = None,
    eta: float | None = None,
    guidance: float | None = None,
    guidance_rescale: float | None = None,
    guidance_interval: tuple[float, float] | None = None,
    weaker: str | None = None,
    init: "np.ndarray | None" = None,
    strength: float = 0.6,
    mask: "np.ndarray | None" = None,
    between: str | None = None,
) -> ImageResult:
    """Make pictures of `prompt` with a model's name or folder; `ImageRequest` says what each option means.

    The model stays in memory, so the next call starts at once.
    """
    folder = find_model(model)
    loaded = _loaded(folder, (folder / "config.toml").stat().st_mtime_ns, device)
    return loaded.generate(
        prompt,
        style=style,
        negative=negative,
        seed=seed,
        count=count,
        steps=steps,
        solver=solver,
        grid=grid,
        eta=eta,
        guidance=guidance,
        guidance_rescale=guidance_rescale,
        guidance_interval=guidance_interval,
        weaker=weaker,
        init=init,
        strength=strength,
        mask=mask,
        between=between,
    )


@lru_cache(maxsize=1)
def _loaded(folder: Path, saved_at: int, device: str | None) -> "ImageDiffusion":
    """Load a model once; `saved_at` makes a model that was trained further count as another one."""
    from fromnoise.models.checkpoint import load

    model: ImageDiffusion = load(str(folder), device=device)
    return model
