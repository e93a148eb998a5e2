"""How others write down rotary positions, and back."""

from collections.abc import Mapping
from typing import Any

from fromnoise.errors import CheckpointError
from fromnoise.interop.foreign import checked
from fromnoise.nets.rotary import RopeScaling
from fromnoise.nets.transformer import TransformerSettings

USUAL_THETA = 10_000.0
_NAMES = {
    "factor": "factor",
    "low": "low_freq_factor",
    "high": "high_freq_factor",
    "length": "original_max_position_embeddings",
}


def read_rope(
    theta: float | None,
    scaling: Mapping[str, Any] | None,
    parameters: Mapping[str, Any] | None,
    where: str,
) -> tuple[float, RopeScaling | None]:
    """Return theta and scaling from `rope_theta` and `rope_scaling`, or from the newer `rope_parameters`."""
    told = {**(scaling or {}), **(parameters or {})}
    base = told.get("rope_theta", theta)
    if base is None:
        base = USUAL_THETA
    if isinstance(base, bool) or not isinstance(base, int | float) or not base > 0:
        raise CheckpointError(f"{where}: rope_theta should be a number above 0, got {base!r}")
    if told.get("partial_rotary_factor", 1.0) != 1.0:
        raise CheckpointError(f"{where}: partial_rotary_factor is not supported; positions turn whole heads")
    kind = told.get("rope_type", told.get("type", "default"))
    if kind in ("default", None):
        return float(base), None
    if kind not in ("linear", "llama3"):
        raise CheckpointError(f"{where}: rope type {kind!r} is not supported; default, linear and llama3 are")
    needed = _NAMES if kind == "llama3" else {"factor": "factor"}
    if missing := [name for name in needed.values() if name not in told]:
        raise CheckpointError(f"{where}: rope type {kind} needs {', '.join(missing)}")
    tree = {"kind": kind} | {ours: told[theirs] for ours, theirs in needed.items()}
    return float(base), checked(RopeScaling, tree, f"{where}, rope scaling")


def write_rope(settings: TransformerSettings) -> dict[str, Any]:
    """Return all three keys, so that older and newer readers find theirs."""
    scaling = settings.rope_scaling
    told: dict[str, Any] = {"rope_type": "default"}
    if scaling is not None:
        needed = _NAMES if scaling.kind == "llama3" else {"factor": "factor"}
        told = {"rope_type": scaling.kind}
        told |= {theirs: getattr(scaling, ours) for ours, theirs in needed.items()}
    return {
        "rope_theta": settings.rope_theta,
        "rope_scaling": told if scaling is not None else None,
        "rope_parameters": {"rope_theta": settings.rope_theta, **told},
    }
