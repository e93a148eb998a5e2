"""Copies of the training pictures among the generated ones, and test pictures among the training ones."""

from typing import Any

import numpy as np

from fromnoise.errors import DataError
from fromnoise.evaluation.extractors import Glimpsed
from fromnoise.evaluation.gallery import Pair, Tile
from fromnoise.evaluation.leakage import picture_leakage
from fromnoise.evaluation.memorization import Memorization, memorization_of_pictures
from fromnoise.evaluation.picture_metrics import entry
from fromnoise.evaluation.sides import Side, Sides
from fromnoise.evaluation.sources import Source

SHOWN = 12
FEWEST = 5


def copies(sides: Sides, notes: list[str]) -> tuple[dict[str, Any] | None, list[Pair]]:
    """Look for copies of training pictures, or of the real ones where no training pictures were given.

    Return the share, beside that of unseen real pictures which look as if they were copies, what is known of
    each copy, and the worst cases. None where there are too few pictures.
    """
    known, unseen = (sides.train, sides.real) if sides.train is not None else (sides.real, sides.other)
    if sides.train is None:
        notes.append("No training pictures were given, so copies of the real ones were looked for.")
    if len(known) < FEWEST:
        notes.append(f"Copies of {len(known)} pictures were not looked for; it takes {FEWEST} or more.")
        return None, []
    try:
        found = _memorized(sides.generated, known, unseen)
        is_new = sides.train is not None and not sides.other_is_train
        honest = _memorized(sides.other, known, unseen) if is_new else None
    except DataError as error:
        notes.append(f"Copies could not be looked for: {error}.")
        return None, []
    about = {
        "flagged": [sides.generated.source.names[row] for row in found.flagged],
        "exact": len(found.exact),
        "threshold": found.threshold,
        "auth_pct": found.auth_pct,
        "calibrated_on": found.calibration,
    }
    share = entry(found.figure, None if honest is None else honest.figure)
    return {"share": share, "about": about}, _worst(found, sides.generated, known, sides.train is not None)


def leaks(sides: Sides) -> tuple[dict[str, Any], list[Pair]]:
    """Look for real pictures that stand in the training set too, exactly or nearly."""
    if sides.train is None:
        return {"leaked": None, "leaks": []}, []
    known, train = sides.train.source, sides.train.found
    tests: list[tuple[Source, Glimpsed]] = [(sides.real.source, sides.real.found)]
    tests += [] if sides.other_is_train else [(sides.other.source, sides.other.found)]
    tests += [] if sides.rest is None else [sides.rest]
    small = np.concatenate([seen.small for _, seen in tests])
    hashes = [one for _, seen in tests for one in seen.hashes]
    places = [(source, row) for source, _ in tests for row in range(len(source))]
    found = picture_leakage(train.small, small, train.hashes, hashes)
    listed: list[dict[str, Any]] = []
    shown: list[Pair] = []
    for (row, asked), exact in zip(found.pairs, found.exact, strict=True):
        test, place = places[asked]
        listed.append({"train": known.names[row], "test": test.names[place], "exact": exact})
        if len(shown) < SHOWN:
            told = "equal" if exact else "nearly equal"
            shown.append(Pair(_tile(known, row, "training"), _tile(test, place, "test"), told))
    return {"leaked": len(found), "leaks": listed}, shown


def _memorized(made: Side, known: Side, unseen: Side) -> Memorization:
    return memorization_of_pictures(made.found.small, known.found.small, unseen.found.small)


def _worst(found: Memorization, made: Side, known: Side, is_train: bool) -> list[Pair]:
    order = np.argsort(found.scores, kind="stable")[:SHOWN]
    flagged = set(found.flagged.tolist())
    return [
        Pair(
            _tile(made.source, int(row)),
            _tile(known.source, int(found.nearest[row]), "" if is_train else "real"),
            "suspected copy" if row in flagged else "no copy",
        )
        for row in order
    ]


def _tile(source: Source, row: int, note: str = "") -> Tile:
    return Tile(source[row], source.names[row], note)
