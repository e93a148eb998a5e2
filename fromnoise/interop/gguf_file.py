"""GGUF, read from its bytes: facts first, then tensors where they lie, dequantised when they are asked for.

The `gguf` package knows how every block of numbers is packed; its reader takes many seconds over the words
of a tokenizer, so the header is read here. Layout: github.com/ggml-org/ggml, docs/gguf.md.
"""

import math
import mmap
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fromnoise.errors import CheckpointError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
ALIGNMENT = 32
_STRING, _ARRAY, _FLOAT32 = 8, 9, 6
_SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_PLAIN = {0: ("F32", 1, 4), 1: ("F16", 1, 2), 30: ("BF16", 1, 2)}
"""Type -> its name, numbers a block, bytes a block."""
_CHUNK = 2**19  # numbers that are dequantised at once: they stay in the cache


@dataclass(frozen=True)
class Entry:
    """Where a tensor lies, and how it is packed."""

    name: str
    shape: tuple[int, ...]
    kind: int
    start: int
    bytes: int


class GGUFFile:
    """Facts and tensors of a GGUF file."""

    def __init__(self, path: Path) -> None:
        """Read the header; raise CheckpointError for whatever doesn't add up."""
        self.where = str(path)
        with path.open("rb") as file:
            size = path.stat().st_size
            # Copy on write: torch and numpy want memory that they could write to; the file stays as it is.
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) if size else b""
        header = _Header(self._data, self.where)
        self.facts, entries = header.read()
        self.tensors = _placed(entries, header.at, self.facts, size, self.where)
        self.shapes = {name: entry.shape for name, entry in self.tensors.items()}

    def read(self, name: str) -> Tensor:
        """Return a tensor in 32 bits."""
        entry = self.tensors[name]
        raw = np.frombuffer(self._data, np.uint8, entry.bytes, entry.start)
        if entry.kind == 0:
            numbers = torch.from_numpy(raw.view(np.float32))
        elif entry.kind in _PLAIN:
            numbers = torch.from_numpy(raw).view(torch.float16 if entry.kind == 1 else torch.bfloat16).float()
        else:
            numbers = torch.from_numpy(_dequantised(raw, entry.kind, math.prod(entry.shape)))
        return numbers.view(entry.shape)


class _Header:
    """A place in the file, moving on as things are read."""

    def __init__(self, data: Any, where: str) -> None:
        self.data, self.where, self.at = data, where, 0

    def read(self) -> tuple[dict[str, Any], list[Entry]]:
        """Return the facts, and the tensors with their places counted from the end of the header."""
        if self.data[:4] != MAGIC:
            raise CheckpointError(f"{self.where} is not GGUF: it begins with {bytes(self.data[:4])!r}")
        self.at = 4
        version = self.number("<I")
        if version not in VERSIONS:
            swapped = int.from_bytes(version.to_bytes(4, "little"), "big") in VERSIONS
            reason = "is in the byte order of other machines" if swapped else f"is of version {version}"
            raise CheckpointError(f"{self.where} {reason}; versions 2 and 3 in little endian can be read")
        tensors, facts = self.count("tensors", 24), self.count("facts", 12)
        told: dict[str, Any] = {}
        for _ in range(facts):
            key = self.string()
            if key in told:
                raise CheckpointError(f"{self.where} says {key!r} twice")
            told[key] = self.value(self.number("<I"))
        return told, [self.entry() for _ in range(tensors)]

    def number(self, code: str) -> Any:
        """Read one number."""
        try:
            found = struct.unpack_from(code, self.data, self.at)[0]
        except struct.error:
            raise self.short() from None
        self.at += struct.calcsize(code)
        return found

    def count(self, what: str, least: int) -> int:
        """Read how many things of at least so many bytes follow."""
        found = int(self.number("<Q"))
        if found * least > len(self.data) - self.at:
            raise CheckpointError(
                f"{self.where} promises {found} {what} and has no room for them: it is cut short"
            )
        return found

    def string(self) -> str:
        """Read a string."""
        return self.strings(1)[0]

    def strings(self, count: int) -> list[str]:
        """Read strings, one after the other."""
        data, at, end, found = self.data, self.at, len(self.data), []
        unpack = struct.Struct("<Q").unpack_from
        try:
            for _ in range(count):
                start = at + 8
                at = start + unpack(data, at)[0]
                if at > end:
                    raise self.short()
                found.append(data[start:at].decode())
        except struct.error:
            raise self.short() from None
        except UnicodeDecodeError:
            raise CheckpointError(f"{self.where} has a string that is no UTF-8, at byte {start}") from None
        self.at = at
        return found

    def value(self, kind: int, depth: int = 0) -> Any:
        """Read a value of a kind: a number, a string or an array."""
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY and depth < 2:
            return self.array(depth)
        if kind not in _SCALARS:
            raise CheckpointError(f"{self.where} has a value of unknown kind {kind}, at byte {self.at}")
        found = self.number(_SCALARS[kind])
        # 1e-5 in 32 bits is 9.99999974e-06 in 64: what was meant is the shortest number that rounds to it
        return float(str(np.float32(found))) if kind == _FLOAT32 else found

    def array(self, depth: int) -> list[Any]:
        """Read an array."""
        kind = self.number("<I")
        width = struct.calcsize(_SCALARS[kind]) if kind in _SCALARS else 8
        count = self.count("array entries", width)
        if kind == _STRING:
            return self.strings(count)
        if kind in _SCALARS:
            numbers = np.frombuffer(self.data, _SCALARS[kind], count, self.at)
            self.at += count * width
            return numbers.tolist()  # type: ignore[no-any-return]
        return [self.value(kind, depth + 1) for _ in range(count)]

    def entry(self) -> Entry:
        """Read where a tensor lies; its sizes are told innermost first."""
        name, dimensions = self.string(), self.number("<I")
        if not 1 <= dimensions <= 4:
            raise CheckpointError(f"{self.where}: {name} has {dimensions} dimensions; 1 to 4 are possible")
        shape = tuple(int(self.number("<Q")) for _ in range(dimensions))[::-1]
        kind, start = self.number("<I"), self.number("<Q")
        numbers, size = block_sizes(kind, f"{self.where}: {name}")
        if shape[-1] % numbers:
            raise CheckpointError(f"{self.where}: {name} has rows of {shape[-1]}, in blocks of {numbers}")
        return Entry(name, shape, kind, start, math.prod(shape) // numbers * size)

    def short(self) -> CheckpointError:
        """Word that the file ends too early."""
        return CheckpointError(f"{self.where} is cut short, or not sound: it ends at byte {len(self.data)}")


def block_sizes(kind: int, where: str) -> tuple[int, int]:
    """Return how many numbers and bytes a block of a type has."""
    if kind in _PLAIN:
        return _PLAIN[kind][1:]
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
    from gguf.quants import _type_traits

    known = {int(one) for one in GGMLQuantizationType}
    if kind not in known or GGMLQuantizationType(kind) not in _type_traits:
        raise CheckpointError(f"{where} is stored as type {kind}, which is none for weights")
    numbers, size = GGML_QUANT_SIZES[GGMLQuantizationType(kind)]
    return int(numbers), int(size)


def _placed(
    entries: list[Entry], header: int, facts: dict[str, Any], size: int, where: str
) -> dict[str, Entry]:
    """Return the tensors by name, placed in the file; raise CheckpointError if any overlap or stick out."""
    alignment = facts.get("general.alignment", ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        raise CheckpointError(f"{where}: alignment should be a power of two, got {alignment!r}")
    first = -(-header // alignment) * alignment
    placed: dict[str, Entry] = {}
    for entry in entries:
        if entry.name in placed:
            raise CheckpointError(f"{where} has the tensor {entry.name} twice")
        if entry.start % alignment or first + entry.start + entry.bytes > size:
            raise CheckpointError(
                f"{where}: {entry.name} should lie at {first + entry.start}, with {entry.bytes} bytes, "
                f"but the file has {size}: it is cut short or not sound"
            )
        placed[entry.name] = Entry(entry.name, entry.shape, entry.kind, first + entry.start, entry.bytes)
    order = sorted(placed.values(), key=lambda entry: entry.start)
    for before, after in pairwise(order):
        if before.start + before.bytes > after.start:
            raise CheckpointError(f"{where}: the tensors {before.name} and {after.name} overlap")
    return placed


def _dequantised(raw: "np.ndarray[Any, Any]", kind: int, count: int) -> "np.ndarray[Any, Any]":
    """Unpack blocks to float32, so many at once that they stay in the cache."""
    from gguf.constants import GGMLQuantizationType
    from gguf.quants import dequantize

    numbers, size = block_sizes(kind, "")
    made = np.empty(count, np.float32)
    step = _CHUNK // numbers  # blocks
    with np.errstate(all="ignore"):  # infinite scales are told by name when the model is assembled
        for start in range(0, len(raw) // size, step):
            chunk = raw[start * size : (start + step) * size]
            flat = dequantize(chunk.reshape(1, -1), GGMLQuantizationType(kind)).reshape(-1)
            made[start * numbers : start * numbers + len(flat)] = flat
    return made
