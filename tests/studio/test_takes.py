"""What the server tells the studio that a model takes is what the model doesn't refuse."""

from typing import Any

import pytest

from fromnoise.errors import RequestError
from fromnoise.requests import ImageRequest

pytest.importorskip("fastapi")
ASKED: dict[str, Any] = {"grid": "uniform", "eta": 0.5, "between": "a blue square", "between_seed": 3}
ASKED |= {"guidance_rescale": 0.5, "guidance_interval": (0.1, 0.9), "guidance_start": 2.0, "temperature": 0.9}
ASKED |= {"top_k": 5, "top_p": 0.9, "best_of": 2, "guidance": 2.0, "negative": "grey", "solver": None}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("kind", ["image-diffusion", "image-tokens"])
def test_what_is_told_to_be_taken_is_not_refused(request: Any, kind: str, name: str) -> None:
    from fromnoise.serving.shelf import Offer
    from fromnoise.serving.studio import _takes

    model = request.getfixturevalue("model" if kind == "image-diffusion" else "tokens_model")
    taken = _takes(model, Offer("tiny", "tiny", kind, "pictures", "", 0, 0))
    options = {name: ASKED[name]}
    if name == "between_seed":
        options["between"] = ASKED["between"]
    if name.startswith("between"):
        options["count"] = 2
    asked = ImageRequest(prompt="red circle", **options)
    if name in taken:
        model.check(asked)
    else:
        with pytest.raises(RequestError):
            model.check(asked)
