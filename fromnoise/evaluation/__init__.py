"""Measure what a model makes, and say in plain words whether it is ready. Names are imported on first use.

Some functions bear the name of their file: `from fromnoise.evaluation import leakage` gives the function.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fromnoise.evaluation.coverage import density_coverage as density_coverage
    from fromnoise.evaluation.coverage import precision_recall as precision_recall
    from fromnoise.evaluation.evaluating import evaluate as evaluate
    from fromnoise.evaluation.frechet import frechet_distance as frechet_distance
    from fromnoise.evaluation.frechet import kernel_distance as kernel_distance
    from fromnoise.evaluation.inception import inception_score as inception_score
    from fromnoise.evaluation.leakage import leakage as leakage
    from fromnoise.evaluation.memorization import memorization as memorization
    from fromnoise.evaluation.models import evaluate_model as evaluate_model
    from fromnoise.evaluation.variety import vendi_score as vendi_score
    from fromnoise.evaluation.verdict import judge as judge

_HOMES = {
    "density_coverage": "coverage",
    "evaluate": "evaluating",
    "evaluate_model": "models",
    "frechet_distance": "frechet",
    "inception_score": "inception",
    "judge": "verdict",
    "kernel_distance": "frechet",
    "leakage": "leakage",
    "memorization": "memorization",
    "precision_recall": "coverage",
    "vendi_score": "variety",
}
__all__ = sorted(_HOMES)


class _Package(ModuleType):
    """Keeps the import of a file from hiding the function of the same name."""

    def __setattr__(self, name: str, value: Any) -> None:
        is_file = isinstance(value, ModuleType) and _HOMES.get(name) == name
        super().__setattr__(name, getattr(value, name) if is_file else value)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__


sys.modules[__name__].__class__ = _Package
