import json
import tarfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fromnoise.data import emoji, emoji_styles
from fromnoise.data.dataset import Item
from fromnoise.data.packages import Package
from fromnoise.files import file_sha256

APPLE, HEART, RUNNER = "1F34E", "2764", "1F3C3"
BODY = '<circle cx="64" cy="64" r="40" fill="{}"/>'


def pack(package: Package, cache: Path, files: dict[str, bytes]) -> Package:
    """Write a package of these files to the cache; return it with the checksum that it has."""
    path = cache / package.filename
    with tarfile.open(path, "w:gz") as ball:
        for name, data in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            ball.addfile(member, BytesIO(data))
    return replace(package, sha256=file_sha256(path))


def iconify_files(colours: dict[str, str], chars: dict[str, str]) -> dict[str, bytes]:
    icons = {name: {"body": BODY.format(colour)} for name, colour in colours.items()}
    tree = {"icons": icons, "aliases": {"apple-2": {"parent": "red-apple"}}, "width": 128, "height": 128}
    return {"icons.json": json.dumps(tree).encode(), "chars.json": json.dumps(chars).encode()}


def webp(colour: tuple[int, int, int, int]) -> bytes:
    buffer = BytesIO()
    Image.new("RGBA", (32, 32), colour).save(buffer, "WEBP", lossless=True)
    return buffer.getvalue()


def emojibase_files() -> dict[str, bytes]:
    entries = [
        {"hexcode": "1F1E6", "label": "regional indicator A"},
        {"hexcode": "1F9B0", "label": "red hair", "group": 2, "subgroup": 2, "order": 9},
        {"hexcode": "1F3C1", "label": "chequered flag", "group": 9, "subgroup": 3, "order": 8},
        {
            "hexcode": RUNNER,
            "label": "person running",
            "group": 1,
            "subgroup": 1,
            "order": 3,
            "tags": ["fast"],
        },
        {
            "hexcode": APPLE,
            "label": "red apple",
            "group": 4,
            "subgroup": 4,
            "order": 2,
            "tags": ["fruit", "red"],
        },
        {
            "hexcode": "2764-FE0F",
            "label": "red heart",
            "group": 0,
            "subgroup": 0,
            "order": 1,
            "tags": ["love"],
        },
    ]
    groups = {"0": "smileys-emotion", "1": "people-body", "2": "component", "4": "food-drink", "9": "flags"}
    subgroups = {"0": "heart", "1": "person-activity", "2": "hair-style", "3": "flag", "4": "food-fruit"}
    meta = {"groups": groups, "subgroups": subgroups}
    return {"en/data.json": json.dumps(entries).encode(), "meta/groups.json": json.dumps(meta).encode()}


@pytest.fixture
def emoji_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with tiny packages of words and of the styles noto, noto-v1 and fluent-3d."""
    cache = tmp_path / "packages"
    cache.mkdir()
    chars = {APPLE.lower(): "apple-2", "2764": "red-heart", "1f3c3": "runner", "1f3c1": "flag"}
    red = {"red-apple": "#d00000", "red-heart": "#e00000", "runner": "currentColor", "flag": "#000"}
    styles = emoji_styles.STYLES
    noto = pack(styles["noto"].package, cache, iconify_files(red, chars))
    blob = pack(styles["noto-v1"].package, cache, iconify_files({"red-apple": "#00d000"}, {}))
    glossy = {f"assets/{name}.webp": webp((0, 0, 255, 255)) for name in ("1f34e", "2764-fe0f", "1f3c3-1f3fb")}
    fluent = pack(styles["fluent-3d"].package, cache, glossy)
    small = {
        "noto": replace(styles["noto"], package=noto),
        "noto-v1": replace(styles["noto-v1"], package=blob, names=noto),
        "fluent-3d": replace(styles["fluent-3d"], package=fluent),
    }
    monkeypatch.setattr(emoji, "STYLES", small)
    monkeypatch.setattr(emoji, "EMOJIBASE", pack(emoji.EMOJIBASE, cache, emojibase_files()))
    return cache


@pytest.fixture
def item() -> Item:
    return Item(
        id="noto/1F34E",
        concept=APPLE,
        caption="red apple",
        label="red apple",
        tags=("fruit", "red", "healthy"),
        group="food-drink",
        subgroup="food-fruit",
        style="noto",
        family="noto",
        split="train",
        licence="Apache-2.0",
        attribution="somebody",
        source="package@1",
    )


def save_picture(path: Path, shade: int, size: tuple[int, int] = (20, 16)) -> None:
    """Save a picture of one colour that no other shade has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.full((size[1], size[0], 3), (shade * 7 % 256, shade, 255 - shade), np.uint8)
    Image.fromarray(array).save(path)
