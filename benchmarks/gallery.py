"""Draw further styles, which widen the judge's view of a concept. No model learns from them."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from rich.progress import track

from benchmarks.real_pictures import GALLERY, RealPictures
from benchmarks.report import run
from fromnoise.data.dataset import Item, dataset_folder
from fromnoise.data.emoji_sources import iconify
from fromnoise.data.emoji_styles import NOTO, STYLES, Style
from fromnoise.data.packages import Package, fetch, package_folder
from fromnoise.data.split import family
from fromnoise.data.writing import write_pictures

JOYPIXELS = "EmojiOne, JoyPixels, https://github.com/joypixels/emojione"
OPENMOJI = "OpenMoji, Hochschule für Gestaltung Schwäbisch Gmünd, https://openmoji.org"


EMOJIONE = Package(
    "npm",
    "@iconify-json/emojione@1.2.3",
    "26a14f44284407e8bcde91799388dca2bfd91dbcd55a97f425524a1c5b73610e",
)
EMOJIONE_V1 = Package(
    "npm",
    "@iconify-json/emojione-v1@1.2.3",
    "6641d59d48a42823fdc2b84e7427e9f302944eb98d2c7d94d6e67c139e7b37b3",
)
OPENMOJI_1 = Package(
    "npm",
    "@iconify-json/openmoji@1.2.29",
    "03181e2c156cab35cf4a62f1f7886bd971d59212e75ac3f189d5a4cae3930fc5",
)

FURTHER = (
    STYLES["fluent-color"],
    STYLES["fluent-hc"],
    Style("emojione", EMOJIONE, iconify, "CC-BY-4.0", JOYPIXELS, names=NOTO),
    Style("emojione-v1", EMOJIONE_V1, iconify, "CC-BY-SA-4.0", JOYPIXELS, names=NOTO),
    Style("openmoji", OPENMOJI_1, iconify, "CC-BY-SA-4.0", OPENMOJI),
)


def main(*, overwrite: bool = False) -> None:
    """Draw the judged concepts in the further styles beside the emoji set; takes a minute."""
    real = RealPictures.open().judged()
    size, concepts = real.view.size, {str(item.concept): item for item in real.items}
    drawn = write_pictures(dataset_folder(GALLERY), GALLERY, size, _drawn(concepts, size), overwrite)
    print(f"drew {len(drawn)} pictures in {len(FURTHER)} styles at {drawn.folder}")


def _drawn(concepts: dict[str, Item], size: int) -> Iterator[tuple[np.ndarray, Item]]:
    for style in FURTHER:
        archive = fetch(style.package, package_folder())
        drawings = style.find(archive, fetch(style.names, package_folder()) if style.names else archive)
        drawable = [concept for concept in concepts if concept in drawings]
        for concept in track(drawable, style.name, transient=True):
            yield drawings[concept](size), _item(concepts[concept], style)


def _item(concept: Item, style: Style) -> Item:
    return replace(
        concept,
        id=f"{style.name}/{concept.concept}",
        style=style.name,
        family=family(style.name),
        split="judge",
        licence=style.licence,
        attribution=style.attribution,
        source=style.package.source,
    )


if __name__ == "__main__":
    run(main)
