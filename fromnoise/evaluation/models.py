"""Judge a model by what it makes of the test split of its own data, whatever kind it is."""

from pathlib import Path
from typing import Any

from fromnoise.errors import RequestError
from fromnoise.evaluation.evaluating import Evaluation, Method
from fromnoise.evaluation.extractors import DEFAULT
from fromnoise.evaluation.sides import Report
from fromnoise.evaluation.thresholds import Thresholds
from fromnoise.evaluation.verdict import judge
from fromnoise.models.store import find_model, read_config
from fromnoise.registry import Registry

JUDGED = Registry(
    "kind",
    {
        "gpt": "fromnoise.evaluation.model_words:compare_writing",
        "image-diffusion": "fromnoise.evaluation.model_pictures:compare_drawing",
        "image-tokens": "fromnoise.evaluation.model_pictures:compare_drawing",
        "text-diffusion": "fromnoise.evaluation.model_words:compare_writing",
    },
)
"""Kind of model -> (name, dataset, method, report) -> Evaluation without a verdict."""


def evaluate_model(
    name: str | Path,
    n: int | None = None,
    *,
    data: str | None = None,
    extractor: Any = DEFAULT,
    k: int = 5,
    seed: int = 0,
    thresholds: Thresholds | dict[str, object] | Path | str | None = None,
    report: Report | None = None,
) -> dict[str, Any]:
    """Let a model make `n` pictures or texts like those held out, and return the report, verdict included.

    `data` is the dataset that it was trained on, by name or folder; None finds it by the model's name.
    """
    return compare_model(name, data, Method(extractor, n, k, seed), thresholds, report).report


def compare_model(
    name: str | Path,
    data: str | None = None,
    method: Method | None = None,
    thresholds: Thresholds | dict[str, object] | Path | str | None = None,
    report: Report | None = None,
) -> Evaluation:
    """Do what `evaluate_model` does and keep what was made for the report's page."""
    kind = str(read_config(find_model(name)).get("kind"))
    if kind not in JUDGED:
        told = f"{name} is of kind {kind!r}, and only {', '.join(JUDGED)} models are judged by name"
        raise RequestError(f"{told}; judge what it makes: fromnoise eval FOLDER --against REAL")
    found: Evaluation = JUDGED[kind](name, data, method or Method(), report or (lambda done, of: None))
    found.report["verdict"] = judge(found.report, thresholds).as_json()
    return found
