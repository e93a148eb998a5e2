"""Content credentials (C2PA) for a picture: its making, in the form that other programs read.

Signed with this machine's key under a certificate that it issues to itself, so readers call it valid and its
signer unknown. Adds about 4 kB to a file. Needs the extra `c2pa`.
"""

from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fromnoise import __version__
from fromnoise.errors import MissingPackageError, RequestError
from fromnoise.guard.signing import private_key
from fromnoise.pictures import read_settings

_TYPES = {".png": "image/png", ".webp": "image/webp", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
_MADE_BY_MODEL = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_YEARS = 10


def with_manifest(path: Path) -> bytes:
    """Return the bytes of a picture of ours with a C2PA manifest of its settings; pixels stay the same."""
    c2pa = _package()
    settings, content = read_settings(path), path.read_bytes()
    kind = _TYPES.get(path.suffix.lower())
    if kind is None:
        raise RequestError(f"{path}: a C2PA manifest fits {', '.join(_TYPES)}")
    leaf = private_key()
    info = c2pa.C2paSignerInfo(b"ed25519", _chain(leaf.public_key()), _pem(leaf), None)
    signed = BytesIO()
    try:
        plain = c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}})
        with c2pa.Signer.from_info(info) as signer, c2pa.Builder(_manifest(settings), plain) as builder:
            builder.sign(signer, kind, BytesIO(content), signed)
    except c2pa.C2paError as error:
        raise RequestError(f"{path} can't take a C2PA manifest: {error}") from None
    return signed.getvalue()


def state_of(path: Path) -> str | None:
    """Return what C2PA says of a file: Valid, Invalid, Trusted; None where it carries no manifest."""
    c2pa = _package()
    try:
        with c2pa.Reader(str(path)) as reader:
            state: str | None = reader.get_validation_state()
            return state
    except c2pa.C2paError.ManifestNotFound:
        return None


def state_if_known(path: Path) -> str | None:
    """Return `state_of` where the package is installed and the file may carry a manifest, else None."""
    if path.suffix.lower() not in _TYPES or find_spec("c2pa") is None:
        return None
    return state_of(path)


def _package() -> Any:
    try:
        import c2pa
    except ImportError:
        raise MissingPackageError("C2PA manifests need c2pa-python; pip install 'fromnoise[c2pa]'") from None
    return c2pa


def _manifest(settings: dict[str, Any]) -> dict[str, Any]:
    created = {"action": "c2pa.created", "digitalSourceType": _MADE_BY_MODEL}
    return {
        "claim_generator_info": [{"name": "fromnoise", "version": __version__}],
        "title": settings["prompt"],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            {"label": "org.fromnoise.settings", "data": settings},
        ],
    }


def _chain(leaf: Ed25519PublicKey) -> bytes:
    """Return two certificates, PEM: the leaf's, and that of a root made for it and thrown away."""
    root = Ed25519PrivateKey.generate()
    name = _name("fromnoise, self-made root")
    basics = x509.BasicConstraints(ca=True, path_length=0)
    top = _certificate(name, name, root.public_key()).add_extension(basics, critical=True)
    top = top.add_extension(_usage(certificates=True), critical=True)
    low = _certificate(_name("fromnoise on this machine"), name, leaf)
    low = low.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    low = low.add_extension(_usage(certificates=False), critical=True)
    low = low.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key())
    low = low.add_extension(issuer, critical=False)
    return b"".join(each.sign(root, None).public_bytes(serialization.Encoding.PEM) for each in (low, top))


def _certificate(subject: x509.Name, issuer: x509.Name, key: Ed25519PublicKey) -> x509.CertificateBuilder:
    today = datetime.now(UTC) - timedelta(days=1)
    return (
        x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
        .not_valid_before(today)
        .not_valid_after(today + timedelta(days=365 * _YEARS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        not certificates, False, False, False, False, certificates, certificates, False, False
    )


def _name(common: str) -> x509.Name:
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "fromnoise")
    return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(key: Ed25519PrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
