"""Find the emoji pictures inside packages, and draw them."""

import json
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fromnoise.data.packages import read_member, read_members
from fromnoise.data.split import bare

Draw = Callable[[int], np.ndarray]
"""size in px -> uint8 (size, size, 3) on white."""


def iconify(archive: Path, names: Path) -> dict[str, Draw]:
    """Find the pictures of an Iconify package: SVG bodies by icon name, and a table of characters."""
    chars = json.loads(read_member(names, "package/chars.json"))
    icons = json.loads(read_member(archive, "package/icons.json"))
    found: dict[str, Draw] = {}
    for hexcode, name in chars.items():
        if (svg := _iconify_svg(icons, name)) is not None:
            found.setdefault(bare(hexcode), partial(draw_svg, svg))
    return found


def _iconify_svg(icons: dict[str, Any], name: str) -> str | None:
    alias = icons.get("aliases", {}).get(name, {})
    icon = icons["icons"].get(alias.get("parent", name))
    if icon is None:
        return None
    width, height = (icon.get(side, icons.get(side, 16)) for side in ("width", "height"))
    flip = f' transform="translate({width} 0) scale(-1 1)"' if alias.get("hFlip") else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}"><g{flip}>{icon["body"]}</g></svg>'
    )


def hexcode_files(ending: str, archive: Path, names: Path) -> dict[str, Draw]:
    """Find the pictures of a package that has one WebP or SVG file per character, named by its hexcode."""
    draw = draw_svg_file if ending == ".svg" else draw_bitmap
    files = read_members(archive, lambda name: name.endswith(ending))
    return {bare(Path(name).stem): partial(draw, data) for name, data in files.items()}


def draw_svg(svg: str, size: int) -> np.ndarray:
    """Draw an SVG that has a viewBox but no width as a white square of `size` px, its longer side filled."""
    import resvg_py

    sized = svg.replace("<svg ", f'<svg width="{size}" height="{size}" ', 1)
    png = resvg_py.svg_to_bytes(svg_string=sized, skip_system_fonts=True, background="#ffffff")
    return np.asarray(Image.open(BytesIO(png)).convert("RGB"))


def draw_svg_file(data: bytes, size: int) -> np.ndarray:
    """Draw the SVG file with the contents `data`."""
    return draw_svg(data.decode(), size)


def draw_bitmap(data: bytes, size: int) -> np.ndarray:
    """Resize a picture with an alpha channel to a white square; Pillow's resize weighs colours by alpha."""
    picture = Image.open(BytesIO(data)).convert("RGBA").resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB"))
