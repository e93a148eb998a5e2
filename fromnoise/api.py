"""The one-line way in: a prompt goes in, pictures come out."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fromnoise.models.store import find_model
from fromnoise.requests import ImageRequest, ImageResult

if TYPE_CHECKING:
    import numpy as np

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
    guidance_start: float | None = None,
    guidance_rescale: float | None = None,
    guidance_interval: tuple[float, float] | None = None,
    weaker: str | None = None,
    init: "np.ndarray | None" = None,
    strength: float = 0.6,
    mask: "np.ndarray | None" = None,
    keep: str | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
    best_of: int | None = None,
    between: str | None = None,
    between_seed: int | None = None,
) -> ImageResult:
    """Make pictures of `prompt` with a model's name or folder; `ImageRequest` says what each option means.

    The model stays in memory, so the next call starts at once.
    """
    options = {name: value for name, value in locals().items() if name not in ("model", "device")}
    folder = find_model(model)
    loaded = _loaded(folder, (folder / "config.toml").stat().st_mtime_ns, device)
    result: ImageResult = loaded.run(ImageRequest(**options))
    return result


@lru_cache(maxsize=1)
def _loaded(folder: Path, saved_at: int, device: str | None) -> Any:
    """Load a model once; `saved_at` makes a model that was trained further count as another one."""
    from fromnoise.models.checkpoint import load

    return load(str(folder), device=device)
