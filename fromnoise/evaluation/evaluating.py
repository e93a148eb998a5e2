"""The whole evaluation of a set, or of a model: figures, notes, pictures to look at, and the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fromnoise import __version__
from fromnoise.data.dataset import PictureSet
from fromnoise.errors import DataError
from fromnoise.evaluation.extractors import DEFAULT, Extractor, open_extractor
from fromnoise.evaluation.gallery import Gallery, Tile
from fromnoise.evaluation.picture_memory import copies, leaks
from fromnoise.evaluation.picture_metrics import Metrics, map_of_looks, set_metrics
from fromnoise.evaluation.picture_prompts import prompt_metrics
from fromnoise.evaluation.sides import Drawn, Report, Side, draw, look
from fromnoise.evaluation.sources import Source, dataset_source, open_source, source_of
from fromnoise.evaluation.thresholds import Thresholds
from fromnoise.evaluation.verdict import judge
from fromnoise.evaluation.word_gallery import word_gallery
from fromnoise.evaluation.word_sources import PICTURE_FILES, TEXT_FILES, Texts, as_texts
from fromnoise.evaluation.words import evaluate_words

SHOWN = 42  # pictures of each side
CLOUD = 500  # dots of each side


@dataclass(frozen=True)
class Evaluation:
    """A report, and what its page shows beside the figures."""

    report: dict[str, Any]
    gallery: Gallery


@dataclass(frozen=True)
class Method:
    """How pictures are compared: all that must be the same for two reports to be comparable."""

    extractor: Any = DEFAULT
    """Name, `name:argument` or callable."""
    n: int | None = None
    """At most so many pictures a side; None takes all there are."""
    k: int = 5
    """Neighbours that count."""
    seed: int = 0


def evaluate(
    generated: Any,
    real: Any,
    train: Any = None,
    *,
    extractor: Any = DEFAULT,
    n: int | None = None,
    k: int = 5,
    seed: int = 0,
    thresholds: Thresholds | dict[str, object] | Path | str | None = None,
    report: Report | None = None,
) -> dict[str, Any]:
    """Compare generated pictures or texts with real ones and return the report, verdict included.

    Each set is a folder, a list of pictures or of strings, a dataset or a Source. `train` is what the model
    learnt from: copies of it are looked for, and leaks of the real ones into it. `report` is told how far
    it is.
    """
    method = Method(extractor, n, k, seed)
    return compare(generated, real, train, method, thresholds, report).report


def compare(
    generated: Any,
    real: Any,
    train: Any = None,
    method: Method | None = None,
    thresholds: Thresholds | dict[str, object] | Path | str | None = None,
    report: Report | None = None,
) -> Evaluation:
    """Do what `evaluate` does and keep the pictures for the report's page."""
    method = method or Method()
    given = {"generated": generated, "real": real} | ({} if train is None else {"train": train})
    kinds = {name: kind_of(one, name) for name, one in given.items()}
    if len(set(kinds.values())) > 1:
        held = ", ".join(f"{name} holds {kind}" for name, kind in kinds.items())
        raise DataError(f"{held}; compare pictures with pictures, or texts with texts")
    if kinds["generated"] == "words":
        found = _words(generated, real, train, method)
    else:
        sources = {name: as_source(one, name) for name, one in given.items()}
        found = compare_pictures(sources["generated"], sources["real"], sources.get("train"), method, report)
    found.report["verdict"] = judge(found.report, thresholds).as_json()
    return found


def compare_pictures(
    generated: Source, real: Source, train: Source | None, method: Method, report: Report | None = None
) -> Evaluation:
    """Draw equal sets and measure them; the report has no verdict yet."""
    drawn = draw(generated, real, train, method.n, method.seed)
    names = {"generated": generated, "real": real, "train": train}
    return measure(drawn, names, open_extractor(method.extractor), method, report)


def measure(
    drawn: Drawn,
    named: Mapping[str, Source | None],
    extractor: Extractor,
    method: Method,
    report: Report | None = None,
) -> Evaluation:
    """Measure sets that are drawn already; `named` are the whole ones that they come from."""
    sides, notes = look(drawn, extractor, report or (lambda done, of: None)), list(drawn.notes)
    metrics: Metrics = set_metrics(sides, method.k, method.seed, notes)
    metrics |= prompt_metrics(sides, method.seed, notes)
    memory, copied = copies(sides, notes)
    metrics |= {"memorized_share": memory["share"]} if memory else {}
    leaked, leak_pairs = leaks(sides)
    tree: dict[str, Any] = {
        **head("pictures", len(sides.generated), method),
        "extractor": extractor.name,
        "extractor_sha256": extractor.sha256,
        "resize": extractor.resize,
        "k": method.k,
        **{name: _described(source) for name, source in named.items()},
        "metrics": metrics,
        **leaked,
        "memorization": memory and memory["about"],
        "notes": notes,
    }
    cloud = map_of_looks(sides)
    gallery = Gallery(
        _tiles(sides.generated),
        _tiles(sides.real),
        copied,
        leak_pairs,
        cloud=cloud and (cloud[0][:CLOUD], cloud[1][:CLOUD]),
    )
    return Evaluation(tree, gallery)


def kind_of(given: Any, name: str) -> str:
    """Return "pictures" or "words"; raise DataError for a place that holds neither."""
    if isinstance(given, Texts):
        return "words"
    if isinstance(given, str | Path):
        return _kind_at(Path(given).expanduser())
    if isinstance(given, Source | PictureSet):
        return "pictures"
    if not isinstance(given, Sequence) and not hasattr(given, "__len__"):
        raise DataError(f"{name} must be a folder, a file of texts or a list, not {type(given).__name__}")
    return "words" if len(given) and all(isinstance(one, str) for one in given) else "pictures"


def as_source(given: Any, name: str) -> Source:
    """Return pictures as a Source, wherever they are."""
    if isinstance(given, Source):
        return given
    if isinstance(given, PictureSet):
        return dataset_source(given)
    return open_source(given) if isinstance(given, str | Path) else source_of(given, name)


def _kind_at(place: Path) -> str:
    if not place.exists():
        raise DataError(f"nothing at {place}; name a folder of pictures, or of texts")
    if place.is_file():
        if place.suffix.lower() in TEXT_FILES:
            return "words"
        raise DataError(f"{place} is one file; name a folder of pictures, or a .jsonl or .txt file of texts")
    if (place / "dataset.json").is_file():
        return "pictures"
    kinds = {path.suffix.lower() for path in place.rglob("*") if not path.name.startswith(".")}
    if kinds & PICTURE_FILES:
        return "pictures"
    if kinds & TEXT_FILES:
        return "words"
    raise DataError(f"{place} holds neither pictures (PNG, JPEG, WebP) nor texts (.jsonl, .txt)")


def _words(generated: Any, real: Any, train: Any, method: Method) -> Evaluation:
    sets = as_texts(generated, "generated"), as_texts(real, "real")
    known = None if train is None else as_texts(train, "train")
    found = evaluate_words(*sets, known, seed=method.seed, n=method.n)
    return Evaluation(head("words", found["n"], method) | found, word_gallery(found, *sets, method.seed))


def head(kind: str, n: int, method: Method) -> dict[str, Any]:
    """Return what every report begins with."""
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return {"fromnoise": __version__, "kind": kind, "made": made, "n": n, "seed": method.seed}


def _described(source: Source | None) -> dict[str, Any] | None:
    return None if source is None else {"name": source.name, "count": len(source)}


def _tiles(side: Side) -> list[Tile]:
    """Return the first pictures of a side; it is in the order of chance already."""
    source = side.source
    captions = source.captions or [None] * len(source)
    return [Tile(source[row], captions[row] or source.names[row]) for row in range(min(SHOWN, len(source)))]
