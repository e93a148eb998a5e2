"""What a report shows beside its figures: pictures and texts, side by side with real ones."""

import base64
from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image

from fromnoise.evaluation.plots import Points
from fromnoise.evaluation.sources import Pixels

SIDE = 112  # px, of a picture in a report
QUALITY = 82


@dataclass(frozen=True)
class Tile:
    """A picture, or a text, with what is said below it."""

    picture: Pixels | None = None
    text: str = ""
    note: str = ""

    @property
    def uri(self) -> str | None:
        """Return the picture, made small, as a data URI."""
        return None if self.picture is None else picture_uri(self.picture)


@dataclass(frozen=True)
class Pair:
    """Two tiles that belong together, and what connects them; of texts, one quote of both."""

    left: Tile
    right: Tile | None = None
    note: str = ""


@dataclass(frozen=True)
class Gallery:
    """All that a report shows; what is empty isn't shown."""

    generated: list[Tile] = field(default_factory=list)
    real: list[Tile] = field(default_factory=list)
    copies: list[Pair] = field(default_factory=list)
    """Most suspicious first: generated, and the training sample nearest to it."""
    leaks: list[Pair] = field(default_factory=list)
    """Training sample, and the test sample that equals it."""
    asked: list[Pair] = field(default_factory=list)
    """Generated, and a real picture of what was asked for."""
    cloud: tuple[Points, Points] | None = None
    """Generated and real samples on a map of looks, 0 to 1 each way."""


def picture_uri(picture: Pixels) -> str:
    """Shrink uint8 pixels (H, W, 3) to a tile and encode them for a page."""
    image = Image.fromarray(picture)
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=4)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
