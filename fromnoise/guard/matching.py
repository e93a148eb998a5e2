"""Find what the rules of a policy speak of in a text."""

import re
import tomllib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

from fromnoise.guard.lexicon import Lexicon
from fromnoise.guard.normalise import Word, fold, read
from fromnoise.guard.rules import Phrase, Rule, Together, union

REACH = 8
"""Words to each side within which a context excuses."""
_GAPS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Finding:
    """A rule that holds, and of what."""

    rule: Rule
    matched: str
    hidden: bool = False


@dataclass(frozen=True)
class Matcher:
    """All rules of a policy, in its order."""

    rules: tuple[Rule, ...]

    @cached_property
    def lexicon(self) -> Lexicon:
        """Return the words of all rules."""
        text = files("fromnoise.guard").joinpath("ordinary.toml").read_text("utf-8")
        ordinary = (frozenset(words.split()) for words in tomllib.loads(text).values())
        strong, weak = union(rule.strong for rule in self.rules), union(rule.weak for rule in self.rules)
        known = union(rule.known for rule in self.rules)
        return Lexicon(strong, weak - strong, known - strong - weak, *ordinary)

    @cached_property
    def _by_form(self) -> dict[str, list[Rule]]:
        found = defaultdict(list)
        for rule in self.rules:
            for form in rule.strong | rule.weak:
                found[form].append(rule)
        return dict(found)

    @cached_property
    def _by_start(self) -> dict[str, list[tuple[Phrase, Rule]]]:
        found = defaultdict(list)
        for rule in self.rules:
            for phrase in rule.phrases:
                for form in phrase[0]:
                    found[form].append((phrase, rule))
        return dict(found)

    @cached_property
    def _by_group(self) -> dict[str, list[tuple[int, int]]]:
        found = defaultdict(list)
        for number, (together, _) in enumerate(self._near):
            for group, forms in enumerate(together.groups):
                for form in forms:
                    found[form].append((number, group))
        return dict(found)

    @cached_property
    def _near(self) -> list[tuple[Together, Rule]]:
        return [(together, rule) for rule in self.rules for together in rule.near]

    def findings(self, text: str) -> Iterator[Finding]:
        """Yield what is found in a text."""
        words = read(text, self.lexicon)
        yield from self._words(words)
        yield from self._phrases(words)
        yield from self._groups(words)
        yield from self._texts(fold(text).casefold())

    def _words(self, words: Sequence[Word]) -> Iterator[Finding]:
        for at, word in enumerate(words):
            for rule in self._by_form.get(word.text, ()):
                if word.hidden or (word.text in rule.strong and not _excused(rule, words, at, at + 1)):
                    yield Finding(rule, word.text, word.hidden)

    def _phrases(self, words: Sequence[Word]) -> Iterator[Finding]:
        for at, word in enumerate(words):
            for phrase, rule in self._by_start.get(word.text, ()):
                end = at + len(phrase)
                said = words[at:end]
                if len(said) == len(phrase) and all(
                    each.text in forms for each, forms in zip(said, phrase, strict=True)
                ):
                    hidden = any(each.hidden for each in said)
                    if hidden or not _excused(rule, words, at, end):
                        yield Finding(rule, " ".join(each.text for each in said), hidden)

    def _groups(self, words: Sequence[Word]) -> Iterator[Finding]:
        places: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for at, word in enumerate(words):
            for number, group in self._by_group.get(word.text, ()):
                places[number][group].append(at)
        for number, groups in places.items():
            together, rule = self._near[number]
            if len(groups) < len(together.groups):
                continue
            found = _close(together, groups)
            if found and not _meant_otherwise(together, rule, words, found):
                yield Finding(
                    rule, " ... ".join(words[at].text for at in found), any(words[at].hidden for at in found)
                )

    def _texts(self, text: str) -> Iterator[Finding]:
        bare = "" if text.isascii() else _GAPS.sub("", text)
        for rule in self.rules:
            if bare:
                yield from (Finding(rule, word) for word in rule.anywhere if word in text or word in bare)
            for pattern in rule.patterns:
                if found := pattern.search(text):
                    yield Finding(rule, found.group())


def _excused(rule: Rule, words: Sequence[Word], start: int, end: int) -> bool:
    """Tell whether words[start:end] mean something else here."""
    if rule.contexts and any(
        word.text in rule.contexts for word in words[max(0, start - REACH) : end + REACH]
    ):
        return True
    around = [word.text for word in words[max(0, start - REACH) : end + REACH]]
    place = start - max(0, start - REACH)
    said = set(around)
    for excuse in rule.excuses:
        if said.issuperset(excuse):
            for at in range(max(0, place - len(excuse) + 1), place + end - start):
                if tuple(around[at : at + len(excuse)]) == excuse:
                    return True
    return False


def _close(together: Together, groups: dict[int, list[int]]) -> list[int]:
    """Return a place for each group, all within reach of the first's; [] when there are none."""
    for first in groups[0]:
        chosen = [first]
        for group in range(1, len(together.groups)):
            places = groups[group]
            low = chosen[-1] + 1 if together.ordered else first - together.within
            low, high = bisect_left(places, low), bisect_right(places, first + together.within)
            near = [at for at in places[low:high] if at not in chosen]
            if not near:
                break
            chosen.append(min(near, key=lambda at: abs(at - first)))
        else:
            return chosen
    return []


def _meant_otherwise(together: Together, rule: Rule, words: Sequence[Word], found: Sequence[int]) -> bool:
    start, end = min(found), max(found) + 1
    around = words[max(0, start - REACH) : end + REACH]
    return any(word.text in together.unless for word in around) or _excused(rule, words, start, end)
