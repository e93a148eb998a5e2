from typing import Any

import numpy as np
import pytest

from fromnoise.errors import RequestError
from fromnoise.models.image_diffusion import ImageDiffusion
from fromnoise.requests import ImageRequest

PHOTO = np.zeros((16, 16, 3), np.uint8)
MASK = np.ones((16, 16), np.bool_)


def test_what_is_left_open_is_filled_in(model: ImageDiffusion) -> None:
    request = model.check(ImageRequest(prompt="red", guidance=2.0))
    assert (request.steps, request.solver, request.guidance, request.style) == (3, "dpmpp-2m", 2.0, None)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"prompt": ""}, "the prompt is empty"),
        ({"prompt": " \n"}, "the prompt is empty"),
        ({"steps": 0}, "steps must be a whole number from 1 to 10000, not 0"),
        ({"steps": -5}, "steps must be"),
        ({"steps": 2.5}, "steps must be"),
        ({"steps": True}, "steps must be"),
        ({"count": 0}, "count must be a whole number"),
        ({"count": -1}, "count must be"),
        ({"count": 10**9}, "count must be"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"style": "plane"}, "unknown style 'plane'; did you mean plain"),
        ({"solver": "huen"}, "unknown solver 'huen'; did you mean heun"),
        ({"grid": "karas"}, "unknown grid 'karas'; did you mean karras"),
        ({"grid": "fitted"}, "no fitted grid for 3 steps (it has none yet); fit one: fromnoise grid"),
        ({"guidance": float("nan")}, "guidance must be a number from 0 to 100, not nan"),
        ({"guidance": float("inf")}, "guidance must be"),
        ({"guidance": -1.0}, "guidance must be"),
        ({"guidance": "3"}, "guidance must be"),
        ({"guidance_rescale": 1.5}, "guidance_rescale must be"),
        ({"guidance_interval": (0.8, 0.2)}, "guidance_interval must be 0 <= low <= high <= 1"),
        ({"guidance_interval": (float("nan"), 1)}, "guidance_interval must be"),
        ({"strength": 1.1}, "strength must be"),
        ({"strength": float("nan")}, "strength must be"),
        ({"eta": -0.1}, "eta must be"),
        ({"eta": 0.5, "solver": "heun"}, "heun takes no eta"),
        ({"between": "blue"}, "a count of at least 2"),
        ({"between": " ", "count": 3}, "the second prompt (between) is empty"),
        ({"mask": MASK}, "a mask needs a picture"),
        (
            {"init": PHOTO, "mask": MASK[:8]},
            "mask must be an array of bool (16, 16) for this model, not of bool (8, 16)",
        ),
        ({"init": PHOTO[:1, :1]}, "init must be an array of uint8 (16, 16, 3)"),
        ({"init": PHOTO.astype(float)}, "not of float64 (16, 16, 3)"),
    ],
)
def test_what_cannot_be_made_is_told_in_one_line(
    model: ImageDiffusion, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(RequestError) as caught:
        model.generate(**{"prompt": "red", **options})
    assert told in str(caught.value) and "\n" not in str(caught.value)
