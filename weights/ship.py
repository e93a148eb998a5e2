"""Put a trained model among those that fromnoise-weights brings, in 16 bits, and write the manifest anew.

Run from the root of the repository: python weights/ship.py runs/emoji-diffusion/emoji-diffusion
Then write its card.md; one that is there stays.
"""

import sys
from pathlib import Path

from fromnoise.models.checkpoint import load, save
from fromnoise.models.checksums import write_manifest

SHIPPED = Path(__file__).parent / "fromnoise_weights"


def ship(folder: Path, models: Path = SHIPPED) -> Path:
    """Copy a model folder's model, in 16 bits, under its own name."""
    target = models / folder.resolve().name
    save(load(folder, device="cpu"), target, half=True)
    write_manifest(models)
    return target


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"wrote {ship(Path(name))}; see that its card.md says what was measured")
