"""A policy made ready: each rule with its words in all forms."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fromnoise.errors import ConfigError, unknown
from fromnoise.guard.forms import all_inflected, inflected
from fromnoise.guard.normalise import fold
from fromnoise.guard.policy_file import Action, Near, PolicySettings, RuleSettings

Forms = frozenset[str]
Phrase = tuple[Forms, ...]
_APART = re.compile(r"[\u0000-\u052f\u1c80-\u1fff]+")
"""Latin, Greek and Cyrillic, whose words stand apart; others are looked for anywhere in the text."""
_SET = re.compile(r"<(\w+)>")


@dataclass(frozen=True)
class Together:
    """Words near each other: the forms of each group."""

    groups: tuple[Forms, ...]
    within: int
    ordered: bool
    unless: Forms


@dataclass(frozen=True)
class Rule:
    """A rule of a category; see RuleSettings."""

    place: int
    """Its place in the policy."""
    name: str
    category: str
    title: str
    action: Action
    strong: Forms
    weak: Forms
    anywhere: tuple[str, ...]
    phrases: tuple[Phrase, ...]
    near: tuple[Together, ...]
    patterns: tuple[re.Pattern[str], ...]
    excuses: tuple[tuple[str, ...], ...]
    contexts: Forms

    @property
    def known(self) -> Forms:
        """Return the forms that say something only beside others."""
        parts = [part for phrase in self.phrases for part in phrase]
        return frozenset().union(*parts, *(group for near in self.near for group in near.groups))


def rules_of(policy: PolicySettings) -> list[Rule]:
    """Make every rule of a policy ready; raise ConfigError for a set or pattern that is wrong."""
    named = [
        (category, name, rule)
        for category, settings in policy.categories.items()
        for name, rule in settings.rules.items()
    ]
    return [_rule(place, category, name, rule, policy) for place, (category, name, rule) in enumerate(named)]


def _rule(place: int, category: str, name: str, rule: RuleSettings, policy: PolicySettings) -> Rule:
    sets, of = policy.sets, policy.categories[category]
    words = [_folded(word) for word in rule.words.split()]
    apart = [word for word in words if _APART.fullmatch(word)]
    phrases = [tuple(_forms(part, sets) for part in _folded(phrase).split()) for phrase in rule.phrases]
    joined = [_folded(phrase).replace(" ", "") for phrase in rule.phrases if "<" not in phrase]
    return Rule(
        place=place,
        name=name,
        category=category,
        title=of.title,
        action=of.action,
        strong=all_inflected(apart) | all_inflected(word for word in joined if _APART.fullmatch(word)),
        weak=all_inflected(_folded(rule.hidden).split()),
        anywhere=tuple(word for word in words if not _APART.fullmatch(word)),
        phrases=tuple(phrases),
        near=tuple(_together(near, sets) for near in rule.near),
        patterns=tuple(_pattern(category, name, pattern) for pattern in rule.patterns),
        excuses=tuple(tuple(_folded(phrase).split()) for phrase in rule.excuses),
        contexts=_all(rule.contexts, sets),
    )


def _together(near: Near, sets: dict[str, str]) -> Together:
    groups = tuple(_all(group, sets) for group in near.groups)
    return Together(groups, near.within, near.ordered, _all(near.unless, sets))


def _all(words: str, sets: dict[str, str]) -> Forms:
    return frozenset().union(*(_forms(word, sets, plurals=False) for word in _folded(words).split()))


def _forms(word: str, sets: dict[str, str], plurals: bool = True) -> Forms:
    """Return the forms of a word, or of each word of a <set>."""
    if called := _SET.fullmatch(word):
        if called[1] not in sets:
            raise ConfigError(unknown("set of words", called[1], sets))
        return frozenset(_folded(sets[called[1]]).split())
    return frozenset(inflected(word)) if plurals or word[-1] in "*+" else frozenset([word])


def _pattern(category: str, name: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ConfigError(
            f"categories.{category}.rules.{name}: {pattern!r} is no regular expression: {error}"
        ) from None


def _folded(text: str) -> str:
    return fold(text).casefold()


def union(sets: Iterable[Forms]) -> Forms:
    """Return all forms of several sets."""
    return frozenset().union(*sets)
