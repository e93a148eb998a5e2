"""What is seen of requests and results over time; drift and alerts follow."""

from fromnoise.requests import ImageResult, TextResult
from fromnoise.serving.record import Row


class Watch:
    """Look at every request that has ended."""

    def drifts(self) -> list[object]:
        """Return how far what comes has moved from what came."""
        return []

    def note(self, row: Row, result: ImageResult | TextResult | None) -> None:
        """Take a request into account."""
