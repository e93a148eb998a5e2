"""Whether what was said stands in the sources. It compares words, numbers, names, dates and negation.

Likeness of meaning alone can't tell: a false number leaves a sentence as like its source as a true one.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

from fromnoise.errors import DataError
from fromnoise.guard.sentences import Sentence, clauses, sentences

Verdict = Literal["supported", "contradicted", "not-found"]

SUPPORTS = 0.8
"""Share of a claim's meaning, by weight of its words, that must stand in the evidence to support it."""
SPEAKS_OF = 0.6
"""Share from which the evidence speaks of the same matter, so that another fact contradicts."""


LEAST = 2
"""Words and facts that a claim must have to say anything."""
NEAREST = 8
"""Passages that a claim is compared with."""


@dataclass(frozen=True)
class Evidence:
    """A passage of a source, by its span of characters."""

    source: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Claim:
    """One sentence of an answer, and what the sources say to it."""

    text: str
    verdict: Verdict
    evidence: Evidence | None = None
    """The passage that supports or contradicts it, or the nearest one."""
    reason: str = ""
    """What differs, in words."""


def fact_check(answer: str, sources: Mapping[str, str] | Sequence[str] | str) -> list[Claim]:
    """Check every sentence of an answer against sources, texts by name or in a row.

    A claim is supported only if one passage has its words, all its numbers, names and dates in their order,
    and denies or affirms as it does; it is contradicted by a passage on the same matter that differs in
    one of these. All else is not found: no proof that it is false.
    """
    return Sources(_named(sources)).check(answer)


@dataclass(frozen=True)
class Passage:
    """One sentence of a source, or two neighbours."""

    source: str
    said: tuple[Sentence, ...]

    @cached_property
    def mentions(self) -> list[str]:
        """Return its numbers, dates and names in their order."""
        return [fact for one in self.said for fact in one.mentions]

    @cached_property
    def words(self) -> frozenset[str]:
        """Return all that a claim's words and facts may be found among."""
        lower = (token.lower for one in self.said for token in one.tokens)
        return frozenset([*lower, *self.mentions, *(word for one in self.said for word in one.words)])

    @property
    def evidence(self) -> Evidence:
        """Return where it stands."""
        text = " ".join(one.text for one in self.said)
        return Evidence(self.source, text, self.said[0].start, self.said[-1].end)


class Sources:
    """Texts made ready for checking many claims: their passages by the words that stand in them."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.passages = list(_passages(texts))
        self._places: dict[str, list[int]] = defaultdict(list)
        counts: Counter[str] = Counter()
        for place, passage in enumerate(self.passages):
            if len(passage.said) == 1:
                counts.update(passage.words)
            for word in passage.words:
                self._places[word].append(place)
        total = sum(len(passage.said) == 1 for passage in self.passages)
        self._weights = {word: math.log(1 + total / count) for word, count in counts.items()}
        self._unknown = max(self._weights.values(), default=1.0)

    def check(self, answer: str) -> list[Claim]:
        """Check every sentence of an answer."""
        return [self._judged(claim) for claim in sentences(answer)]

    def _judged(self, claim: Sentence) -> Claim:
        if len({*claim.words, *claim.facts}) < LEAST:
            return Claim(claim.text, "not-found", None, "it states nothing that can be checked")
        nearest: Claim | None = None
        for passage in self._near(claim):
            if len(passage.said) > 1 and self._alone(claim, passage):
                continue  # its neighbour's numbers must not help a sentence that speaks of it all
            found = self._against(claim, passage)
            if found.verdict == "supported":
                return found
            if nearest is None or (nearest.verdict == "not-found" and found.verdict == "contradicted"):
                nearest = found
        return nearest or Claim(claim.text, "not-found", None, "no passage speaks of this")

    def _alone(self, claim: Sentence, passage: Passage) -> bool:
        """Tell whether one sentence of the passage has a claim's words by itself."""
        return any(self._share(claim, Passage(passage.source, (one,))) >= SUPPORTS for one in passage.said)

    def _near(self, claim: Sentence) -> list[Passage]:
        """Return the passages that have most of a claim's words and facts, by their weight."""
        scores: dict[int, float] = defaultdict(float)
        for word in {*claim.words, *claim.facts}:
            for place in self._places.get(word, ()):
                scores[place] += self._weights.get(word, self._unknown)
        ranked = sorted(scores, key=lambda place: (-scores[place], len(self.passages[place].said), place))
        return [self.passages[place] for place in ranked[:NEAREST]]

    def _against(self, claim: Sentence, passage: Passage) -> Claim:
        """Compare a claim with one passage."""
        share, evidence, known = self._share(claim, passage), passage.evidence, passage.mentions
        other = [fact for fact in claim.facts if fact not in passage.words]
        if share < SPEAKS_OF:
            return Claim(claim.text, "not-found", evidence, "no passage speaks of this")
        if other:
            same_kind = any(_is_number(fact) == _is_number(one) for fact in other for one in known)
            verdict: Verdict = "contradicted" if same_kind else "not-found"
            return Claim(claim.text, verdict, evidence, f"not in the source: {', '.join(other)}")
        if _denies(claim, passage.said):
            return Claim(claim.text, "contradicted", evidence, "one denies what the other affirms")
        if not _in_order([fact for fact in claim.facts if fact in known], known):
            return Claim(claim.text, "contradicted", evidence, "the source has these in another order")
        if share < SUPPORTS:
            return Claim(claim.text, "not-found", evidence, "the source says only a part of this")
        return Claim(claim.text, "supported", evidence)

    def _share(self, claim: Sentence, passage: Passage) -> float:
        """Return the share of a claim's words, by weight, that a passage has."""
        weights = [(word in passage.words, self._weights.get(word, self._unknown)) for word in claim.words]
        total = sum(weight for _, weight in weights)
        return sum(weight for has, weight in weights if has) / total if weights else 1.0


def _named(sources: Mapping[str, str] | Sequence[str] | str) -> dict[str, str]:
    if isinstance(sources, str):
        return {"source": sources}
    if isinstance(sources, Mapping):
        return dict(sources)
    for place, text in enumerate(sources):
        if not isinstance(text, str):
            raise DataError(f"a source must be a text, not {type(text).__name__} (number {place + 1})")
    return {f"source {place}": text for place, text in enumerate(sources, start=1)}


def _passages(sources: Mapping[str, str]) -> Iterator[Passage]:
    """Cut sources into clauses, sentences and pairs of sentences."""
    for name, text in sources.items():
        said = list(sentences(text))
        for sentence in said:
            parts = list(clauses(sentence))
            yield from (Passage(name, (one,)) for one in ([*parts, sentence] if len(parts) > 1 else parts))
        yield from (Passage(name, pair) for pair in pairwise(said))


def _denies(claim: Sentence, said: Sequence[Sentence]) -> bool:
    """Tell whether one of them denies what the other affirms."""
    ours, theirs = claim.denied, [scope for one in said for scope in one.denied]
    words = {*claim.words, *claim.facts}
    all_said = [word for one in said for word in one.words]
    whole = sum(word in words for word in all_said) >= SUPPORTS * len(all_said)
    if whole and len(ours) != len(theirs):  # the claim is the whole passage, but for a negation
        return True
    passed_over = any(
        scope and scope[0] in words and not any(set(scope) & set(own) for own in ours) for scope in theirs
    )
    made_up = any(not any(set(own) & set(scope) for scope in theirs) for own in ours)
    return passed_over or made_up


def _is_number(fact: str) -> bool:
    return fact[:1].isdigit()


def _in_order(facts: Sequence[str], known: Sequence[str]) -> bool:
    """Tell whether facts come in the order in which the source has them."""
    rest = iter(known)
    return all(fact in rest for fact in facts)
