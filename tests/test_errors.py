from fromnoise.errors import unknown


def test_an_unknown_name_is_answered_with_the_nearest_first() -> None:
    message = unknown("solver", "hean", ["heun", "ddim", "euler"])
    assert message == "unknown solver 'hean'; did you mean heun? (known: ddim, euler, heun)"


def test_without_any_near_name_all_are_listed() -> None:
    assert unknown("style", "zzz", ["noto"]) == "unknown style 'zzz' (known: noto)"
    assert unknown("style", "zzz", []) == "unknown style 'zzz' (known: none)"
