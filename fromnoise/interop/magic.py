"""What a file is, judged by its first bytes and never by its name."""

from pathlib import Path

from fromnoise.errors import CheckpointError

_PICKLES = (
    b"\x80\x02",
    b"\x80\x03",
    b"\x80\x04",
    b"\x80\x05",  # pickle itself, and torch's oldest layout
    b"PK\x03\x04",  # torch.save since 1.6: a zip with a pickle inside
)
_OTHERS = {
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"\x1f\x8b": "a gzip archive",
    b"version https://git-lfs": "a Git LFS pointer: the file itself was never downloaded",
}


def kind_of_file(path: Path) -> str:
    """Return "gguf" or "safetensors"; raise CheckpointError for all else, above all for pickles."""
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except OSError as error:
        raise CheckpointError(f"{path} can't be read: {error.strerror}") from None
    if head.startswith(b"GGUF"):
        return "gguf"
    length = int.from_bytes(head[:8], "little")  # of a header; its bytes may look like any magic
    if head[8:9] == b"{" and length <= path.stat().st_size - 8:
        return "safetensors"
    if head.startswith(_PICKLES):
        raise CheckpointError(
            f"{path} is a pickle, whatever its name says: opening one can run code, so it is never opened; "
            "ask its author for safetensors or GGUF"
        )
    for magic, name in _OTHERS.items():
        if head.startswith(magic):
            raise CheckpointError(f"{path} is {name}, not safetensors or GGUF")
    raise CheckpointError(f"{path} is neither safetensors nor GGUF, or is cut short")
