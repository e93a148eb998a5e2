"""This machine's key: made at first use, kept where only its owner reads it, and what it signs (Ed25519)."""

import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fromnoise.errors import OutputError
from fromnoise.home import home

KEY = "signing-key"
_SIZE = 32  # bytes of a private key, and of a public one


def key_file() -> Path:
    """Return where the key is kept; it need not exist yet."""
    return home() / KEY


def sign(message: bytes) -> tuple[str, str]:
    """Sign a message; return the public key and the signature, in hexadecimal."""
    key = private_key()
    return key.public_key().public_bytes_raw().hex(), key.sign(message).hex()


def signed(message: bytes, public_key: str, signature: str) -> bool:
    """Tell whether the owner of a public key signed exactly this message."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(
            bytes.fromhex(signature), message
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def own_key() -> str | None:
    """Return this machine's public key, in hexadecimal; None when nothing was signed here yet."""
    return private_key().public_key().public_bytes_raw().hex() if key_file().exists() else None


def private_key() -> Ed25519PrivateKey:
    """Return this machine's key; make it when there is none."""
    return _key(key_file())


@lru_cache(maxsize=8)
def _key(path: Path) -> Ed25519PrivateKey:
    """Read the key, or make it."""
    try:
        content = path.read_bytes() if path.exists() else _made(path)
    except OSError as error:
        raise OutputError(f"can't keep the signing key {path}: {error.strerror}") from None
    if len(content) != _SIZE:
        raise OutputError(
            f"the signing key {path} has {len(content)} bytes in place of {_SIZE}; "
            "delete it, and a new one is made: what the old one signed is then another key's"
        )
    return Ed25519PrivateKey.from_private_bytes(content)


def _made(path: Path) -> bytes:
    """Make a key and return the one that is kept: the first, when two processes make one at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{KEY}-{secrets.token_hex(8)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_SIZE))
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path.read_bytes()
