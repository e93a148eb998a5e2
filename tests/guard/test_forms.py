from fromnoise.guard.forms import in_code, inflected, one_off, shortened, sound


def test_a_plus_takes_the_forms_of_a_verb():
    assert {"stab", "stabs", "stabbed", "stabbing"} <= set(inflected("stab+"))
    assert {"mutilate", "mutilated", "mutilating"} <= set(inflected("mutilate+"))
    assert {"bury", "buries", "buried", "burying"} <= set(inflected("bury+"))
    assert {"kill", "killed", "killin"} <= set(inflected("kill+"))


def test_a_star_takes_every_ending_and_a_bare_word_its_plural():
    assert {"racism", "racist", "racists"} <= set(inflected("rac*"))
    assert set(inflected("apple")) == {"apple", "apples", "applez"}


def test_a_code_can_be_undone():
    codes = set(in_code("naked"))
    assert {"dekan", "anxrq", "mzpvw", "akednay"} <= codes


def test_words_that_sound_alike_have_one_sound():
    assert sound("phuck") == sound("fuk")
    assert sound("seks") == sound("sex")
    assert sound("murda") == sound("murder")
    assert sound("cat") != sound("cut")


def test_one_letter_wrong_or_too_many_is_one_off_and_no_more():
    assert one_off("nakad", "naked") and one_off("nakeed", "naked")
    assert not one_off("naked", "naked") and not one_off("nkeda", "naked")
    assert "nked" in shortened("naked") and "aked" not in shortened("naked")
