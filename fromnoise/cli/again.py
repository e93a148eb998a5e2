"""`--again`: what a picture remembers about its making, and how to ask for the same."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from fromnoise.cli.image_options import ImageOptions
from fromnoise.errors import RequestError
from fromnoise.files import file_sha256

_REMEMBERED: dict[str, tuple[type, ...]] = {
    "style": (str,),
    "negative": (str,),
    "between": (str,),
    "between_seed": (int,),
    "count": (int,),
    "seed": (int,),
    "model": (str,),
    "strength": (int, float),
    "steps": (int,),
    "solver": (str,),
    "grid": (str,),
    "eta": (int, float),
    "guidance": (int, float),
    "guidance_rescale": (int, float),
    "weaker": (str,),
    "keep": (str,),
    "guidance_start": (int, float),
    "temperature": (int, float),
    "top_k": (int,),
    "top_p": (int, float),
    "best_of": (int,),
}


def recall(
    path: Path, settings: dict[str, Any], prompt: str | None, options: ImageOptions
) -> tuple[str, ImageOptions]:
    """Fill what was not said anew with what the picture at `path` remembers."""
    remembered = {key: _typed(path, settings, key, kinds) for key, kinds in _REMEMBERED.items()}
    remembered["guidance_interval"] = _interval(path, settings)
    for what in ("init", "mask"):
        if getattr(options, what) is None:
            remembered[what] = _source(path, settings, what)
    if settings.get("between") is None:
        del remembered["count"]  # a picture is one of any number of neighbours
    news = {key: value for key, value in remembered.items() if getattr(options, key) is None}
    return settings["prompt"] if prompt is None else prompt, replace(options, **news)


def other_weights(settings: dict[str, Any], installed: str) -> str | None:
    """Say that a picture was made with other weights than those installed; None when it was not."""
    made_with = str(settings.get("weights_sha256"))
    if made_with == installed:
        return None
    return (
        f"made with other weights ({made_with[:12]}) of {settings.get('model')} than these ({installed[:12]})"
    )


def sources(options: ImageOptions) -> dict[str, Any]:
    """Return what a picture is to remember of the files it started from."""
    files = {
        what: name for what, name in (("init", options.init), ("mask", options.mask)) if name is not None
    }
    return {what: {"path": name, "sha256": _sha256(Path(name), what)} for what, name in files.items()}


def frame_of(settings: dict[str, Any], options: ImageOptions) -> int | None:
    """Return which frame of a film the picture was; None when it was none, or the film is another now."""
    frame, count = settings.get("frame"), options.count
    if not isinstance(frame, int) or count is None or options.between is None or options.film is not None:
        return None
    same = options.between == settings.get("between") and count == settings.get("count")
    return frame if same and 0 <= frame < count else None


def _typed(path: Path, settings: dict[str, Any], key: str, kinds: tuple[type, ...]) -> Any:
    value = settings.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, kinds)):
        raise RequestError(f"the settings in {path} are damaged: {key} is {value!r}")
    return value


def _interval(path: Path, settings: dict[str, Any]) -> str | None:
    value = settings.get("guidance_interval")
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise RequestError(f"the settings in {path} are damaged: guidance_interval is {value!r}")
    return ",".join(map(str, value))


def _source(path: Path, settings: dict[str, Any], what: str) -> str | None:
    """Find the init or mask file again: where it was, or beside the picture; its content must be the same."""
    stored = settings.get(what)
    if stored is None:
        return None
    if not isinstance(stored, dict) or not isinstance(stored.get("path"), str):
        raise RequestError(f"the settings in {path} are damaged: {what} is {json.dumps(stored)}")
    places = [Path(stored["path"]), path.parent / Path(stored["path"]).name]
    found = [place for place in places if place.is_file()]
    if not found:
        raise RequestError(
            f"{path} was made from {stored['path']}, which is not there; give it with --{what}"
        )
    same = [place for place in found if _sha256(place, what) == stored.get("sha256")]
    if not same:
        raise RequestError(f"{found[0]} is not what {path} was made from any more; give that with --{what}")
    return str(same[0])


def _sha256(path: Path, what: str) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        raise RequestError(f"can't read {what} {path}: {error.strerror}") from None
