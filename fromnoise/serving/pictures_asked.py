"""From the fields of a body to a request for pictures."""

import secrets
from dataclasses import dataclass
from typing import Any

from fromnoise.requests import ImageRequest
from fromnoise.serving.house import House
from fromnoise.serving.problems import Problem
from fromnoise.serving.shapes import PictureBody, StudioPictureBody
from fromnoise.serving.uploads import mask_of, opened, start_of

RANDOM_SEEDS = 10**9
OPENAI_STYLES = ("vivid", "natural")
"""What OpenAI's clients may say for a style; it means nothing here."""
_SAME = (
    "steps",
    "solver",
    "grid",
    "eta",
    "guidance",
    "guidance_rescale",
    "guidance_start",
    "temperature",
    "top_k",
    "top_p",
    "best_of",
    "between",
    "between_seed",
    "weaker",
    "keep",
    "strength",
)


@dataclass(frozen=True)
class Start:
    """Files of the pictures to start from; their headers were looked at."""

    init: bytes | None = None
    mask: bytes | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return which of them there are."""
        return tuple(name for name in ("init", "mask") if getattr(self, name) is not None)


def seed_of(body: Any) -> int:
    """Return the seed asked for, or a random one."""
    return secrets.randbelow(RANDOM_SEEDS) if body.seed is None else int(body.seed)


def count_of(body: PictureBody, house: House) -> int:
    """Return how many pictures, or raise Problem."""
    count, between = body.n or 1, isinstance(body, StudioPictureBody) and body.between is not None
    most = house.limits.frames if between else house.limits.n
    if count > most:
        raise Problem(400, f"n may be at most {most}", "invalid_value", "n")
    return count


def picture_request(body: PictureBody, model: Any, house: House, seed: int, start: Start) -> ImageRequest:
    """Return the request of a body for a model."""
    options = {name: value for name in _SAME if (value := getattr(body, name, None)) is not None}
    if body.guidance_interval is not None:
        options["guidance_interval"] = tuple(body.guidance_interval)
    if body.style is not None and not (body.style in OPENAI_STYLES and body.style not in model.styles):
        options["style"] = body.style
    if (weaker := options.get("weaker")) is not None:
        options["weaker"] = house.shelf.find(str(weaker), "pictures").source  # a name of ours, never a path
    if start.init is not None:
        picture = opened(start.init, house.limits, "image")
        options["init"] = start_of(picture, model.size)
        if start.mask is not None:
            options["mask"] = mask_of(opened(start.mask, house.limits, "mask"), picture, model.size)
    elif start.mask is not None:
        raise Problem(400, "a mask needs a picture to paint in", "invalid_value", "mask")
    return ImageRequest(
        prompt=body.prompt,
        negative=body.negative_prompt or None,
        seed=seed,
        count=count_of(body, house),
        **options,
    )
