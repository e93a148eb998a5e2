"""The models that a server offers: by name, by alias, loaded when they are first needed."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fromnoise.errors import CheckpointError, unknown
from fromnoise.models.store import find_model, list_models, model_info

Makes = Literal["pictures", "words"]
MAKES: dict[str, Makes] = {
    "image-diffusion": "pictures",
    "image-tokens": "pictures",
    "gpt": "words",
    "text-diffusion": "words",
}
"""What each kind of model makes; others make nothing on their own."""


@dataclass(frozen=True)
class Offer:
    """A model on the shelf."""

    name: str
    source: str
    """What `fromnoise.load` takes: a name, a folder or a file."""
    kind: str
    makes: Makes
    description: str
    parameters: int
    created: int


class Shelf:
    """Find models by what clients call them."""

    def __init__(
        self,
        models: Sequence[str] = (),
        aliases: Mapping[str, str] | None = None,
        device: str | None = None,
    ) -> None:
        """Offer `models`, or all that have a name; raise CheckpointError for a wrong name."""
        offers = [_offer(name) for name in models] or [
            _named(info.name) for info in list_models() if info.kind in MAKES
        ]
        self.offers = {offer.name: offer for offer in offers}
        if not self.offers:
            raise CheckpointError(
                "no model that makes pictures or words; pip install fromnoise-weights brings some"
            )
        self._aliases = dict(aliases or {})
        for alias, name in self._aliases.items():
            if name not in self.offers:
                raise CheckpointError(f"--alias {alias}={name}: {unknown('model', name, self.offers)}")
        self._device = device
        self._loaded: dict[str, Any] = {}
        self._locks = {name: threading.Lock() for name in self.offers}

    @property
    def aliases(self) -> dict[str, str]:
        """Return other names of models."""
        return dict(self._aliases)

    def default(self, makes: Makes, kind: str | None = None) -> str | None:
        """Return the model that is taken when nobody names one."""
        able = [one for one in self.offers.values() if one.makes == makes and kind in (None, one.kind)]
        usual = list(MAKES)
        able.sort(key=lambda one: (not _shipped(one.name), usual.index(one.kind)))
        return able[0].name if able else None

    def find(self, name: str | None, makes: Makes) -> Offer:
        """Return the offer of a name, an alias, or the default; raise CheckpointError when there is none."""
        wanted = name or self.default(makes)
        if wanted is None:
            raise CheckpointError(f"this server has no model that makes {makes}")
        offer = self.offers.get(self._aliases.get(wanted, wanted))
        if offer is None:
            raise CheckpointError(unknown("model", wanted[:80], [*self.offers, *self._aliases]))
        if offer.makes != makes:
            raise CheckpointError(f"the model {offer.name!r} makes {offer.makes}, not {makes}")
        return offer

    def loaded(self, offer: Offer) -> Any:
        """Return a model if it is loaded already, else None."""
        return self._loaded.get(offer.name)

    def load(self, offer: Offer) -> Any:
        """Return a model, loaded once."""
        with self._locks[offer.name]:
            if offer.name not in self._loaded:
                from fromnoise.interop.opening import load

                self._loaded[offer.name] = load(offer.source, device=self._device)
            return self._loaded[offer.name]


def _shipped(name: str) -> bool:
    return name in ("emoji-diffusion", "verse-gpt", "verse-diffusion")


def _named(name: str) -> Offer:
    folder = find_model(name)
    info = model_info(folder)
    created = int((folder / "config.toml").stat().st_mtime)
    return Offer(
        info.name, str(folder), info.kind, MAKES[info.kind], info.description, info.parameters, created
    )


def _offer(name: str) -> Offer:
    """Describe a model by name or folder; a folder or file of another project is one of words."""
    path = Path(name).expanduser()
    if path.exists() and not (path / "config.toml").is_file():
        return Offer(
            path.stem if path.is_file() else path.resolve().name,
            name,
            "gpt",
            "words",
            "",
            0,
            int(path.stat().st_mtime),
        )
    kind = model_info(find_model(name)).kind
    if kind not in MAKES:
        raise CheckpointError(f"the model {name!r} ({kind}) makes neither pictures nor words")
    return _named(name)
