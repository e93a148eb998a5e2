"""What documents say to a text, for people and for programs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fromnoise.guard.documents import Excerpt
    from fromnoise.guard.grounding import Claim

LONGEST = 300  # characters of a passage that is shown
_MARKS = {"supported": "+", "contradicted": "!", "not-found": "?"}


def print_claims(claims: "Sequence[Claim]") -> None:
    """Print each sentence's verdict and, where there is one, the passage that decides, by file and span."""
    for claim in claims:
        why = f" ({claim.reason})" if claim.reason else ""
        print(f"  {_MARKS[claim.verdict]} {claim.verdict}: {one_line(claim.text)}{why}")
        if claim.evidence is not None and claim.verdict != "not-found":
            print(f"      {place(claim)} {one_line(claim.evidence.text)}")


def claims_for_json(claims: "Sequence[Claim]") -> list[dict[str, Any]]:
    """Return claims as plain data."""
    return [
        {
            "text": claim.text,
            "verdict": claim.verdict,
            "reason": claim.reason,
            "source": place(claim),
            "evidence": claim.evidence.text if claim.evidence is not None else "",
        }
        for claim in claims
    ]


def place(claim: "Claim") -> str:
    """Return where a claim's evidence stands: file:first-last character."""
    found = claim.evidence
    return f"{found.source}:{found.start}-{found.end}" if found is not None else ""


def span(found: "Excerpt") -> str:
    """Return where a passage stands: file:first-last character."""
    return f"{found.name}:{found.start}-{found.end}"


def one_line(text: str) -> str:
    """Return a text in one line, its end left out when it is long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 3].rstrip() + "..."
