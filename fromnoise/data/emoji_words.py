"""What each emoji is called: labels, tags and groups."""

import json
from dataclasses import dataclass
from pathlib import Path

from fromnoise.data.packages import Package, read_member
from fromnoise.data.split import bare

EMOJIBASE = Package(
    "npm", "emojibase-data@17.0.0", "d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a"
)
EMOJI_PYPI = Package(
    "pypi", "emoji@2.16.0", "c4230d80640def9071599ff56b1b5950fe13a2a94c0da98c5deab12431b24330"
)

LEFT_OUT = ("component", "flags", None)
"""Groups that aren't pictures of something: skin tones and hair, flags, regional-indicator letters."""


@dataclass(frozen=True)
class Concept:
    """One thing that every style draws."""

    hexcode: str
    """Without variation selectors."""
    label: str
    tags: tuple[str, ...] = ()
    group: str | None = None
    subgroup: str | None = None


def emojibase_concepts(archive: Path) -> dict[str, Concept]:
    """Read all concepts of the npm package emojibase-data, in Unicode's order."""
    names = json.loads(read_member(archive, "package/meta/groups.json"))
    groups, subgroups = names["groups"], names["subgroups"]
    concepts = (
        Concept(
            hexcode=bare(entry["hexcode"]),
            label=entry["label"],
            tags=tuple(entry.get("tags", ())),
            group=groups.get(str(entry.get("group"))),
            subgroup=subgroups.get(str(entry.get("subgroup"))),
        )
        for entry in sorted(
            json.loads(read_member(archive, "package/en/data.json")), key=lambda entry: entry.get("order", 0)
        )
    )
    return {concept.hexcode: concept for concept in concepts if concept.group not in LEFT_OUT}


def pypi_concepts(archive: Path) -> dict[str, Concept]:
    """Read all concepts of the PyPI package emoji, which knows names but no tags and no groups."""
    table = json.loads(read_member(archive, "emoji/unicode_codes/emoji.json"))
    concepts: dict[str, Concept] = {}
    for text, entry in table.items():
        hexcode = bare("-".join(f"{ord(char):X}" for char in text))
        if not _is_component(text):
            label = entry["en"].strip(":").replace("_", " ")
            concepts.setdefault(hexcode, Concept(hexcode, label))
    return concepts


def _is_component(text: str) -> bool:
    """Tell whether a character sequence is a flag or holds a skin tone, hair or regional-indicator letter."""
    codes = [ord(char) for char in text]
    flags = {0x1F3C1, 0x1F3F3, 0x1F3F4, 0x1F38C, 0x1F6A9}
    tone = any(0x1F3FB <= code <= 0x1F3FF or 0x1F1E6 <= code <= 0x1F1FF for code in codes)
    return tone or codes[0] in flags or (len(codes) == 1 and 0x1F9B0 <= codes[0] <= 0x1F9B3)
