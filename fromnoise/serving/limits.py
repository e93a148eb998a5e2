"""How much one request may ask of the server, and how much the server takes on."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Limits:
    """All that is bounded; a front end reads it from `GET /api/models`."""

    prompt_characters: int = 4096
    n: int = 10
    """Pictures or texts in one request."""
    frames: int = 16
    """Pictures on the way from one to another, and frames of a film."""
    steps: int = 250
    max_tokens: int = 1024
    size: int = 1024
    """Longest side of a picture that is sent, px."""
    body_bytes: int = 1 << 20
    """Largest body without pictures in it."""
    upload_bytes: int = 8 << 20
    """Largest body with pictures in it."""
    upload_pixels: int = 4 << 20
    header_bytes: int = 16 << 10
    inputs: int = 64
    """Texts in one request for embeddings or moderation."""
    queue: int = 32
    """Requests that may wait; one more is turned away at once."""
    running: int = 16
    """Requests that are worked on by turns."""
    seconds: float = 300.0
    """Longest time from a request's arrival to its end."""
    fetch_seconds: float = 10.0
    """Longest time to fetch a picture from a URL, all redirects included."""
    header_seconds: float = 10.0
    """Longest time for a request's headers to come in."""
    upload_seconds: float = 60.0
    """Longest time for a request's body to come in, or for an answer to wait until some of it is read."""
    drain_seconds: float = 20.0
    """Time to finish what is running when the server is told to stop."""

    def told(self) -> dict[str, float]:
        """Return the limits as plain data."""
        return asdict(self)
