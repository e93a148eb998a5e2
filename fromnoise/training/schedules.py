"""How the learning rate goes: up, level, down."""


def warm_hold_cool(step: int, steps: int, warmup: int, cooldown: float) -> float:
    """Return the factor of the learning rate at `step` of `steps`: a short rise, a plateau, a line down to 0.

    `cooldown` is the share of all steps that the last part takes (Hagele et al. 2024).
    """
    rise = min(1.0, (step + 1) / max(1, warmup))
    fall = min(1.0, (steps - step) / max(1.0, cooldown * steps))
    return min(rise, fall)
