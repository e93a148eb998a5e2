"""The tensors of a folder: one safetensors file, or several with an index."""

from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from fromnoise.errors import CheckpointError
from fromnoise.interop.foreign import read_json
from fromnoise.interop.magic import kind_of_file

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
_NUMBERS = ("F64", "F32", "F16", "BF16")


class Shards:
    """Tensors by name, in safetensors files; none is read before it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.where = str(folder)
        self.files = weight_files(folder)
        self.shapes: dict[str, tuple[int, ...]] = {}
        self._homes: dict[str, Path] = {}
        self._kinds: dict[str, str] = {}
        for path in self.files:
            self._read_header(path)

    def read(self, name: str) -> Tensor:
        """Return a tensor of real numbers."""
        path, kind = self._homes[name], self._kinds[name]
        if kind not in _NUMBERS:
            known = ", ".join(_NUMBERS)
            raise CheckpointError(f"{path}: {name} is stored as {kind}; {known} can be read")
        try:
            with safe_open(path, "pt") as file:
                tensor: Tensor = file.get_tensor(name)
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"{path}: {name} can't be read: {error}") from None
        return tensor

    def _read_header(self, path: Path) -> None:
        if (kind := kind_of_file(path)) != "safetensors":
            raise CheckpointError(f"{path} is {kind}, not safetensors")
        try:
            with safe_open(path, "pt") as file:
                for name in file.keys():  # noqa: SIM118 - it is no mapping
                    if name in self._homes:
                        raise CheckpointError(f"{name} is in {self._homes[name].name} and in {path.name}")
                    part = file.get_slice(name)
                    self._homes[name], self._kinds[name] = path, part.get_dtype()
                    self.shapes[name] = tuple(part.get_shape())
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"{path} is no sound safetensors file: {error}") from None


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files of a folder; raise CheckpointError when one is missing."""
    if (folder / INDEX).is_file():
        return _indexed(folder / INDEX)
    if (folder / SINGLE).is_file():
        return [folder / SINGLE]
    others = sorted(path for path in folder.iterdir() if path.suffix in (".bin", ".pt", ".pth", ".ckpt"))
    if others:
        kind_of_file(others[0])  # names a pickle as what it is
    found = sorted(path.name for path in folder.glob("*.safetensors"))
    hint = f"; there are {', '.join(found[:4])}" if found else ""
    raise CheckpointError(f"{folder} has neither {SINGLE} nor {INDEX}{hint}")


def _indexed(index: Path) -> list[Path]:
    homes = read_json(index).get("weight_map")
    if not isinstance(homes, dict) or not all(isinstance(name, str) for name in homes.values()):
        raise CheckpointError(f"{index} should map tensors to files, under weight_map")
    names = sorted(set(homes.values()))
    for name in names:
        if Path(name).name != name:
            raise CheckpointError(f"{index} points to {name!r}; a shard lies in the same folder")
    if missing := [name for name in names if not (index.parent / name).is_file()]:
        raise CheckpointError(f"{index.parent} lacks {', '.join(missing[:8])}, which its index names")
    return [index.parent / name for name in names]
