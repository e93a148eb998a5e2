"""Build the emoji dataset: the same concepts in several styles, drawn on this machine from packages."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from fromnoise.data.dataset import Item, PictureSet
from fromnoise.data.emoji_sources import Draw
from fromnoise.data.emoji_styles import PYPI_STYLES, STYLES, Style
from fromnoise.data.emoji_words import EMOJI_PYPI, EMOJIBASE, Concept, emojibase_concepts, pypi_concepts
from fromnoise.data.packages import fetch, npm_is_here, package_folder
from fromnoise.data.split import emoji_split, family
from fromnoise.data.writing import Report, check_place, write_pictures
from fromnoise.errors import DataError, unknown

DEFAULT_STYLES = ("noto", "noto-v1", "fluent-3d", "fluent-flat", "twemoji")


def build_emoji(
    out: Path,
    size: int = 128,
    styles: Sequence[str] | None = None,
    cache: Path | None = None,
    npm: bool | None = None,
    overwrite: bool = False,
    report: Report = lambda done, of: None,
) -> PictureSet:
    """Fetch the packages of `styles` and draw every concept that they have, `size` px square, into `out`.

    `npm=False` takes PyPI's packages: Twemoji alone, without tags and groups; None looks for npm.
    """
    npm = npm_is_here() if npm is None else npm
    cache = cache or package_folder()
    chosen = _chosen_styles(styles, npm)
    check_place(out, size, overwrite)
    words = fetch(EMOJIBASE if npm else EMOJI_PYPI, cache)
    concepts = emojibase_concepts(words) if npm else pypi_concepts(words)
    plan = [drawing for style in chosen for drawing in _plan(style, concepts, cache)]
    return write_pictures(out, "emoji", size, _drawn(plan, size, report), overwrite)


def _chosen_styles(names: Sequence[str] | None, npm: bool) -> list[Style]:
    known = STYLES if npm else PYPI_STYLES
    if names is None:
        names = DEFAULT_STYLES if npm else tuple(PYPI_STYLES)
    if not names:
        raise DataError(f"name at least one emoji style of {', '.join(known)}")
    for name in names:
        if name in STYLES and name not in known:
            only = ", ".join(known)
            raise DataError(f"emoji style {name!r} comes through npm, which isn't used; PyPI has only {only}")
        if name not in known:
            raise DataError(unknown("emoji style", name, known))
    return [known[name] for name in dict.fromkeys(names)]


def _plan(style: Style, concepts: dict[str, Concept], cache: Path) -> list[tuple[Draw, Item]]:
    """Match a style's pictures to the concepts, in the concepts' order."""
    archive = fetch(style.package, cache)
    drawings = style.find(archive, fetch(style.names, cache) if style.names else archive)
    matched = [concept for hexcode, concept in concepts.items() if hexcode in drawings]
    if not matched:
        raise DataError(f"{style.package.source} holds no picture of any emoji; delete {archive}")
    return [(drawings[concept.hexcode], _item(style, concept)) for concept in matched]


def _item(style: Style, concept: Concept) -> Item:
    return Item(
        id=f"{style.name}/{concept.hexcode}",
        concept=concept.hexcode,
        label=concept.label,
        caption=concept.label,
        tags=concept.tags,
        group=concept.group,
        subgroup=concept.subgroup,
        style=style.name,
        family=family(style.name),
        split=emoji_split(concept.hexcode, style.name),
        licence=style.licence,
        attribution=style.attribution,
        source=style.package.source,
    )


def _drawn(plan: list[tuple[Draw, Item]], size: int, report: Report) -> Iterator[tuple[np.ndarray, Item]]:
    """Draw all pictures, but leave out those to train on that equal a held-out one.

    Some sets draw a few concepts alike ("person biking", "man biking"), and what is held out is never
    trained on.
    """
    held_out = {draw(size).tobytes() for draw, item in plan if item.split != "train"}
    for done, (draw, item) in enumerate(plan, start=1):
        picture = draw(size)
        if item.split != "train" or picture.tobytes() not in held_out:
            yield picture, item
        report(done, len(plan))
