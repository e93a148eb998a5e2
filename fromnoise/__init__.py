"""Make pictures and texts out of noise, and train the models that do it. Names are imported on first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fromnoise import errors as errors
    from fromnoise.api import generate as generate
    from fromnoise.guard.grounding import fact_check as fact_check
    from fromnoise.guard.policy import is_safe_prompt as is_safe_prompt
    from fromnoise.interop.opening import load as load
    from fromnoise.requests import ImageRequest as ImageRequest
    from fromnoise.requests import ImageResult as ImageResult
    from fromnoise.training.finetuning.tuning import fine_tune as fine_tune

__version__ = "0.1.0"

__all__ = [
    "ImageRequest",
    "ImageResult",
    "__version__",
    "errors",
    "fact_check",
    "fine_tune",
    "generate",
    "is_safe_prompt",
    "load",
]

_HOMES = {
    "ImageRequest": "fromnoise.requests",
    "ImageResult": "fromnoise.requests",
    "fact_check": "fromnoise.guard.grounding",
    "fine_tune": "fromnoise.training.finetuning.tuning",
    "generate": "fromnoise.api",
    "is_safe_prompt": "fromnoise.guard.policy",
    "load": "fromnoise.interop.opening",
}


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module("fromnoise.errors")
    if name not in _HOMES:
        raise AttributeError(f"module 'fromnoise' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
