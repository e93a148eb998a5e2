"""What `fromnoise image` leaves behind: which files, and what it says about them."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fromnoise.cli.image_options import ImageOptions, count_of
from fromnoise.cli.outputs import check_files, free_name, is_folder, numbered, slug
from fromnoise.cli.terminal import show
from fromnoise.errors import OutputError
from fromnoise.files import write_all

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Plan:
    """Where the pictures go, and the film. `pictures` is empty when the film alone is asked for."""

    pictures: list[Path]
    film: Path | None = None


@dataclass(frozen=True)
class Made:
    """Finished pictures, the settings that each is to carry, and the frames of them appearing."""

    images: list["Image"]
    settings: list[dict[str, Any]]
    frames: list["Image"]
    warnings: list[str]


def plan_files(prompt: str, options: ImageOptions, one_frame: bool = False) -> Plan:
    """Name every file to be written and check that it can be; `one_frame` of a film is a picture."""
    from fromnoise.films import film_format
    from fromnoise.pictures import picture_format

    if options.between is not None and not one_frame:
        plan = _plan_film(prompt, options)
    else:
        count = 1 if one_frame else count_of(options)
        plan = Plan(
            _picture_names(prompt, options, count), Path(options.film) if options.film is not None else None
        )
    for path in plan.pictures:
        picture_format(path)
    if plan.film is not None:
        film_format(plan.film)
    check_files([*plan.pictures, *([plan.film] if plan.film else [])], options.force)
    return plan


def save(plan: Plan, made: Made, options: ImageOptions) -> None:
    """Write the pictures and the film, all or none, then tell of them."""
    from fromnoise.guard.provenance import encode_stamped
    from fromnoise.pictures import picture_format

    for warning in made.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    files = {}
    if plan.pictures:
        for path, picture, settings in zip(plan.pictures, made.images, made.settings, strict=True):
            files[path] = encode_stamped(picture, picture_format(path), settings)
    if plan.film is not None:
        files[plan.film] = _film(plan.film, made, options)
    write_all(files)
    _tell(list(files), made.settings, options.json)


def show_pictures(made: Made) -> None:
    """Show the pictures in the terminal, if it can."""
    from fromnoise.films import sheet
    from fromnoise.pictures import encode_picture

    show(encode_picture(sheet(made.images), "PNG", made.settings[0]))


def _plan_film(prompt: str, options: ImageOptions) -> Plan:
    """Name the film between two prompts, and its frames as pictures when -o asks for them."""
    from fromnoise.films import SUFFIXES

    output = options.output
    if options.film is not None:
        pictures = _picture_names(prompt, options, count_of(options)) if output is not None else []
        return Plan(pictures, Path(options.film))
    if output is None:
        return Plan([], free_name(f"{slug(prompt)}-to-{slug(options.between or '')}-{options.seed}", ".webp"))
    if Path(output).suffix.lower() in SUFFIXES and not is_folder(output):
        return Plan([], Path(output))
    return Plan(_picture_names(prompt, options, count_of(options)))


def _picture_names(prompt: str, options: ImageOptions, count: int) -> list[Path]:
    if options.output is None:
        seed = options.seed or 0
        return [free_name(f"{slug(prompt)}-{seed + index}", ".png") for index in range(count)]
    if not options.output:
        raise OutputError("-o is empty; give a file or a folder")
    return numbered(Path(options.output), count, is_folder(options.output))


def _film(path: Path, made: Made, options: ImageOptions) -> bytes:
    from fromnoise.films import appearing, encode_film, film_format, turning
    from fromnoise.guard.provenance import stamp_film

    whole = {key: value for key, value in made.settings[0].items() if key != "frame"}
    turns = options.between is not None
    frames = made.images if turns else made.frames
    durations = turning(len(frames)) if turns else appearing(len(frames))
    return encode_film(frames, durations, film_format(path), stamp_film(whole, frames))


def _tell(paths: list[Path], settings: list[dict[str, Any]], as_json: bool) -> None:
    """Name each file on stdout; a film has the settings of its first picture."""
    for index, path in enumerate(paths):
        carried = settings[index if index < len(settings) and len(paths) >= len(settings) else 0]
        if as_json:
            print(json.dumps({"path": str(path), "seed": carried["seed"], "settings": carried}), flush=True)
        else:
            print(f"{path}  seed {carried['seed']}", flush=True)
