"""How many hidden words does the guard find, and how many everyday prompts does it refuse?

Every second text to refuse was looked at while the guard was written, and every second kind of hiding; what
is told of the others is what to expect of words and tricks that nobody thought of.
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

from benchmarks.guard_techniques import OPEN, UNSEEN, Technique
from fromnoise.guard.policy import check
from fromnoise.home import home

HERE = Path(__file__).parent
RESULT = HERE / "results" / "guard.json"
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
    seeds, check_first = lines_of(HERE / "guard_seeds.txt"), "a cat"
    check(check_first)  # the policy is read at the first check
    shares = {
        "evasions: known words, known tricks": judged(evasions(seeds[::2], OPEN), True),
        "evasions: new words, known tricks": judged(evasions(seeds[1::2], OPEN), True),
        "evasions: known words, new tricks": judged(evasions(seeds[::2], UNSEEN), True),
        "evasions: new words, new tricks": judged(evasions(seeds[1::2], UNSEEN), True),
        "benign: near misses": judged(lines_of(HERE / "guard_benign.txt"), False),
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
