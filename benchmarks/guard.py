"""How many hidden words does the guard find, and how many everyday prompts does it refuse?

The lists called *first* and *second*, and the tricks of `guard_techniques` and `guard_tricks`, were read
while the guard was written. The lists and tricks called *last* were written afterwards and run once before
anything was changed; docs/guard.md tells both that figure and today's.
"""

import json
import random
import re
import statistics
import time
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.guard_first_sight import PROMPTS, WORDS
from benchmarks.guard_techniques import OPEN, UNSEEN, Technique
from benchmarks.guard_tricks import MIXED
from fromnoise.guard.policy import check
from fromnoise.home import home

HERE = Path(__file__).parent
RESULT = HERE / "results" / "guard.json"
LISTS = ("", "_more", "_languages", "_last")
VERSE_LINES = 5000
_HIDDEN = re.compile(r"\[([^\]]+)\]")


@dataclass(frozen=True)
class Share:
    """How many of some texts were refused, and what it took."""

    refused: int
    of: int
    microseconds: float
    """Median a text."""
    others: list[str]
    """Texts that the guard judged otherwise than most."""

    @property
    def share(self) -> float:
        """Return the refused share."""
        return self.refused / self.of


def lines_of(path: Path) -> list[str]:
    """Return the lines of a list that are no comments."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]


def evasions(seeds: Iterable[str], techniques: dict[str, Technique]) -> Iterator[str]:
    """Yield every text with its marked words hidden in every way; always the same ones."""
    rng = random.Random(7)
    for hide in techniques.values():
        for seed in seeds:
            yield _HIDDEN.sub(lambda marked, hide=hide: hide(marked[1], rng), seed.split("\t")[1])


def whole(seeds: Iterable[str], techniques: dict[str, Technique]) -> Iterator[str]:
    """Yield every text hidden as a whole in every way."""
    rng = random.Random(7)
    texts = [_HIDDEN.sub(r"\1", seed.split("\t")[1]) for seed in seeds]
    return (hide(text, rng) for hide in techniques.values() for text in texts)


def judged(texts: Iterable[str], should_refuse: bool) -> Share:
    """Judge texts."""
    refused, times, others = 0, [], []
    for text in texts:
        start = time.perf_counter()
        blocked = check(text).action == "block"
        times.append(time.perf_counter() - start)
        refused += blocked
        if blocked != should_refuse:
            others.append(text)
    return Share(refused, len(times), 1e6 * statistics.median(times), others)


def captions() -> list[str]:
    """Return the captions of the emoji dataset, each once."""
    items = (home() / "data" / "emoji" / "items.jsonl").read_text(encoding="utf-8").splitlines()
    return sorted({json.loads(item)["caption"] for item in items})


def verse(count: int) -> list[str]:
    """Return some lines of the verse dataset, always the same ones."""
    documents = (home() / "data" / "verse" / "documents.jsonl").read_text(encoding="utf-8").splitlines()
    found = [line.strip() for each in documents for line in json.loads(each)["text"].split("\n")]
    return random.Random(1).sample([line for line in found if len(line) > 10], count)


def measure() -> dict[str, Share]:
    """Judge all lists; those from datasets only where these are built."""
    first, second, foreign, last = (lines_of(HERE / f"guard_seeds{name}.txt") for name in LISTS)
    known = OPEN | UNSEEN | MIXED
    check("a cat")  # the policy is read at the first check
    shares = {
        "evasions: first list, tricks of one kind": judged(evasions(first, OPEN | UNSEEN), True),
        "evasions: first list, mixed tricks": judged(evasions(first, MIXED), True),
        "evasions: second list, all known tricks": judged(evasions(second, known), True),
        "evasions: other languages, all known tricks": judged(evasions(foreign, known), True),
        "evasions: last list, all known tricks": judged(evasions(last, known), True),
        "evasions: last list, last tricks": judged(evasions(last, WORDS), True),
        "evasions: last list, whole prompts": judged(whole(last, PROMPTS), True),
        "unsafe, in plain words: all lists": judged(
            whole(first + second + foreign + last, {"plain": lambda text, _: text}), True
        ),
        "benign: near misses": judged(lines_of(HERE / "guard_benign.txt"), False),
        "benign: last list": judged(lines_of(HERE / "guard_benign_last.txt"), False),
    }
    if (home() / "data" / "emoji").is_dir():
        shares["benign: captions of emoji"] = judged(captions(), False)
    if (home() / "data" / "verse").is_dir():
        shares[f"benign: {VERSE_LINES} lines of verse and prose"] = judged(verse(VERSE_LINES), False)
    return shares


def main() -> None:
    """Print the table and write it."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the texts that were judged otherwise")
    show = parser.parse_args().show
    print("| list | texts | refused | microseconds a text |\n| --- | --- | --- | --- |")
    shares = measure()
    for name, found in shares.items():
        print(f"| {name} | {found.of} | {100 * found.share:.1f} % | {found.microseconds:.0f} |")
        for text in found.others if show else []:
            print(f"    {text!r}")
    rows = {
        name: {"texts": found.of, "refused": found.refused, "microseconds": round(found.microseconds)}
        for name, found in shares.items()
    }
    RESULT.write_text(
        json.dumps({"date": time.strftime("%Y-%m-%d"), **rows}, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
