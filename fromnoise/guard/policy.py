"""What may be asked for: a policy is data, and a text is checked against it before anything is made.

The guard fails closed: when it can't judge a text, it refuses it and says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fromnoise.errors import UnsafePromptError
from fromnoise.guard.matching import Finding, Matcher
from fromnoise.guard.policy_file import Action, own_policy, read_policy
from fromnoise.guard.rules import rules_of

_SEVERITY: dict[Action, int] = {"allow": 0, "warn": 1, "block": 2}


@dataclass(frozen=True)
class Verdict:
    """What the policy says of a text, and which rule says so."""

    action: Action
    category: str = ""
    rule: str = ""
    matched: str = ""
    title: str = ""
    hidden: bool = False
    """The words were hidden: in other letters, torn apart, backwards, ..."""

    @property
    def reason(self) -> str:
        """Return why, in words."""
        if not self.matched:
            return f"{self.title} (rule {self.category}.{self.rule})"
        how = "hides" if self.hidden else "says"
        return f"{self.title} (rule {self.category}.{self.rule}: {how} {self.matched!r})"


def check(prompt: str, policy: Path | None = None) -> Verdict:
    """Judge a text by a policy file; None for the user's own policy or, without one, the default."""
    try:
        matcher = _matcher(*_in_force(policy))
        return _worst(matcher.findings(prompt))
    except Exception as error:  # whatever breaks in here, nothing gets past: the one place for this
        reason = " ".join(str(error).split()) or type(error).__name__
        return Verdict(
            "block", "guard", "failed", title=f"the guard can't judge it, so it is refused: {reason}"
        )


def require_safe(*texts: str | None, policy: Path | None = None) -> list[str]:
    """Raise UnsafePromptError for the first text that is blocked; return warnings about the others."""
    warnings = []
    for verdict in (check(text, policy) for text in texts if text):
        if verdict.action == "block":
            raise UnsafePromptError(f"Unsafe prompt detected: {verdict.reason}")
        if verdict.action == "warn":
            warnings.append(f"the prompt may be unsafe: {verdict.reason}")
    return warnings


def is_safe_prompt(prompt: str) -> bool:
    """Say whether a text may be asked for."""
    return check(prompt).action != "block"


def _in_force(policy: Path | None) -> tuple[Path | None, int]:
    """Return the policy file, None for the default, and when it was changed."""
    own = policy if policy is not None else own_policy()
    if policy is None and not own.exists():
        return None, 0
    return own, own.stat().st_mtime_ns


@lru_cache(maxsize=8)
def _matcher(path: Path | None, changed: int) -> Matcher:
    return Matcher(tuple(rules_of(read_policy(path, changed))))


def _worst(findings: Iterable[Finding]) -> Verdict:
    """Return the verdict of the most severe rule that holds, the first of the policy."""
    worst = min(findings, key=lambda found: (-_SEVERITY[found.rule.action], found.rule.place), default=None)
    if worst is None or worst.rule.action == "allow":
        return Verdict("allow")
    rule = worst.rule
    return Verdict(rule.action, rule.category, rule.name, worst.matched, rule.title, worst.hidden)
