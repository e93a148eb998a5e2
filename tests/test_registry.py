from fractions import Fraction

import pytest

from fromnoise.errors import ConfigError
from fromnoise.registry import Registry


def test_an_entry_is_imported_when_it_is_asked_for() -> None:
    registry = Registry("number", {"fraction": "fractions:Fraction", "broken": "no_such_module:X"})
    assert registry["fraction"] is Fraction
    assert list(registry) == ["fraction", "broken"]
    assert "fraction" in registry
    assert "Fraction" not in registry


def test_an_unknown_name_is_the_users_mistake() -> None:
    with pytest.raises(ConfigError, match="unknown number 'fractoin'; did you mean fraction"):
        Registry("number", {"fraction": "fractions:Fraction"})["fractoin"]


def test_an_entry_can_be_added() -> None:
    registry = Registry("number", {})
    registry.add("fraction", "fractions:Fraction")
    assert registry["fraction"] is Fraction
