"""What a result says of its making, sealed with this machine's key: a changed pixel or setting shows.

The seal is part of the settings that a result carries: `version` of the program, `content_sha256` of the raw
pixels or of the text, `key` and `signature` (Ed25519, over all other settings in canonical JSON).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from PIL import Image, ImageSequence

from fromnoise import __version__
from fromnoise.errors import OutputError, RequestError
from fromnoise.guard.signing import own_key, sign, signed
from fromnoise.pictures import encode_picture, read_settings

State = Literal["unaltered", "altered", "unsigned", "signed by another key"]
_LOSSY = ("JPEG",)
_SIGNED = "signature"
_WORST: tuple[State, ...] = ("altered", "unsigned", "signed by another key", "unaltered")
_LARGEST = 64_000_000  # bytes of a JSON file


@dataclass(frozen=True)
class Seal:
    """Whether a file is as it was made, and what it says of its making."""

    state: State
    why: str
    settings: dict[str, Any]


def stamp(settings: Mapping[str, Any], content: bytes) -> dict[str, Any]:
    """Return settings with a seal on them and on a result's raw bytes: pixels in RGB, or text in UTF-8.

    Where no key can be kept, on a read-only disk for instance, they are left unsigned.
    """
    sealed = {name: value for name, value in settings.items() if name not in ("key", _SIGNED)}
    sealed |= {"version": __version__, "content_sha256": hashlib.sha256(content).hexdigest()}
    try:
        key, signature = sign(_message(sealed))
    except OutputError:
        return sealed
    return sealed | {"key": key, _SIGNED: signature}


def encode_stamped(image: Image.Image, format: str, settings: dict[str, Any]) -> bytes:
    """Encode a picture with stamped settings; a lossy format gets a new seal, on what it keeps."""
    if format in _LOSSY:
        with Image.open(BytesIO(encode_picture(image, format, settings))) as kept:
            settings = stamp(settings, pixels(kept))
    return encode_picture(image, format, settings)


def stamp_film(settings: Mapping[str, Any], frames: Sequence[Image.Image]) -> dict[str, Any]:
    """Return settings with a seal on all frames of a film."""
    return stamp(settings, b"".join(pixels(frame) for frame in frames))


def pixels(image: Image.Image) -> bytes:
    """Return the raw bytes that a seal is on: all frames, in RGB."""
    return b"".join(frame.convert("RGB").tobytes() for frame in ImageSequence.Iterator(image))


def verify(path: Path) -> Seal:
    """Say whether a picture or a JSON file of ours is as it was made; of several texts the worst counts."""
    if path.suffix.lower() == ".json":
        return min(
            (_verified(*result) for result in _read_json(path)), key=lambda seal: _WORST.index(seal.state)
        )
    settings = read_settings(path)  # refuses what is broken, huge or not ours
    with Image.open(path) as image:
        return _verified(settings, pixels(image))


def _verified(settings: dict[str, Any], content: bytes) -> Seal:
    key, signature = settings.get("key"), settings.get(_SIGNED)
    if not isinstance(key, str) or not isinstance(signature, str):
        return Seal("unsigned", "it carries settings but no signature", settings)
    if not signed(_message(settings), key, signature):
        return Seal("altered", "its settings are not those that were signed", settings)
    if hashlib.sha256(content).hexdigest() != settings.get("content_sha256"):
        return Seal("altered", "its content is not what was signed", settings)
    if key != own_key():
        return Seal("signed by another key", f"as the owner of key {key[:16]} made it", settings)
    return Seal("unaltered", "as it was made here", settings)


def _message(settings: Mapping[str, Any]) -> bytes:
    """Return what is signed of settings: all but the seal, in one spelling."""
    signed_ones = {name: value for name, value in settings.items() if name not in ("key", _SIGNED)}
    return json.dumps(signed_ones, sort_keys=True, separators=(",", ":")).encode()


def _read_json(path: Path) -> list[tuple[dict[str, Any], bytes]]:
    """Return the settings and the raw bytes of every text in what `fromnoise text --json` prints."""
    try:
        if path.stat().st_size > _LARGEST:
            raise RequestError(f"{path} is larger than {_LARGEST // 10**6} MB; it is no result of ours")
        told = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RequestError(f"can't read {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise RequestError(f"{path} is not valid JSON") from None
    texts, settings = (told.get(name) if isinstance(told, dict) else None for name in ("texts", "settings"))
    if not isinstance(texts, list) or not isinstance(settings, list) or not 0 < len(texts) == len(settings):
        raise RequestError(f"{path} is no result of `fromnoise text --json`: it has no texts with settings")
    pairs = list(zip(settings, texts, strict=True))
    if not all(isinstance(one, dict) and isinstance(text, str) for one, text in pairs):
        raise RequestError(f"{path} is damaged: its texts and settings are of the wrong kind")
    return [(one, text.encode("utf-8", "surrogatepass")) for one, text in pairs]
