"""Put any picture on a white square."""

from typing import Literal

import numpy as np
from PIL import Image

Fit = Literal["crop", "pad"]


def on_white(picture: Image.Image) -> np.ndarray:
    """Lay an RGBA picture over white; return uint8 (H, W, 3)."""
    sheet = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(sheet, picture).convert("RGB"))
