import pytest

from fromnoise.guard.grounding import fact_check
from fromnoise.guard.sentences import Sentence, sentences

SOURCE = """The Eiffel Tower was built by Gustave Eiffel's company between 1887 and 1889.
It is 330 metres tall. Paris has about 2.1 million inhabitants.
The tower was never meant to last more than twenty years.
Dr. Smith met Anna Jones in London on 3 March 1901; Jones did not return to Paris before July.
The museum opens at 9:30 and closes at 18:00. In 2023, 6,300,000 people visited it,
of whom 75% came from abroad."""


def verdict(claim: str) -> str:
    (found,) = fact_check(claim, {"tower.md": SOURCE})
    return found.verdict


@pytest.mark.parametrize(
    "claim",
    [
        "It is 330 metres tall.",
        "The Eiffel Tower was built between 1887 and 1889.",
        "Paris has about 2,100,000 inhabitants.",
        "The tower was never meant to last more than 20 years.",
        "Dr. Smith met Anna Jones in London on 3 March 1901.",
        "Jones didn't return to Paris before July.",
        "The museum opens at 9:30.",
        "In 2023, 6.3 million people visited it.",
        "75 percent came from abroad.",
        "Dr. Smith met Anna Jones in London on 3 March 1901; Jones did not return to Paris before July.",
    ],
)
def test_what_stands_in_the_source_is_supported(claim):
    assert verdict(claim) == "supported"


@pytest.mark.parametrize(
    "claim",
    [
        "It is 320 metres tall.",
        "The Eiffel Tower was built between 1887 and 1899.",
        "The Eiffel Tower was built between 1889 and 1887.",
        "Lyon has about 2.1 million inhabitants.",
        "Paris has about 2.1 billion inhabitants.",
        "The tower was meant to last more than twenty years.",
        "Anna Jones met Dr. Smith in London on 3 March 1901.",
        "Dr. Smith met Anna Jones in London on 3 April 1901.",
        "Dr. Smith did not meet Anna Jones in London on 3 March 1901.",
        "Jones returned to Paris before July.",
        "The museum opens at 9:45.",
        "In 2022, 6.3 million people visited it.",
        "57% came from abroad.",
    ],
)
def test_one_false_number_name_date_or_negation_is_never_supported(claim):
    assert verdict(claim) != "supported"


def test_a_false_number_on_the_same_matter_contradicts_and_says_where():
    (found,) = fact_check("It is 320 metres tall.", {"tower.md": SOURCE})
    assert found.verdict == "contradicted" and "320" in found.reason
    assert found.evidence is not None and found.evidence.source == "tower.md"
    assert SOURCE[found.evidence.start : found.evidence.end] == "It is 330 metres tall."


def test_what_no_source_speaks_of_is_not_found():
    assert verdict("Bananas grow in Ecuador.") == "not-found"
    assert [claim.verdict for claim in fact_check("A thing. Another thing!", [])] == ["not-found"] * 2
    assert fact_check("", SOURCE) == []


def test_sentences_are_cut_where_they_end():
    text = 'Mr. Brown paid $3.50. "Why?" she asked. \n\n# A heading\n- one item\n- another\nJ. S. Bach lived.'
    assert [one.text for one in sentences(text)] == [
        "Mr. Brown paid $3.50.",
        '"Why?"',
        "she asked.",
        "# A heading",
        "- one item",
        "- another\nJ. S. Bach lived.",
    ]
    assert all(text[one.start : one.end] == one.text for one in sentences(text))


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("twenty-five cats and 3,000 dogs", ["25", "3000"]),
        ("a million euros", ["1000000"]),
        ("two hundred", ["200"]),
        ("the first of May", ["1", "may"]),
        ("on the 4th", ["4"]),
        ("$5 million", ["5000000$"]),
        ("12 percent", ["12%"]),
    ],
)
def test_facts_have_one_spelling(text, facts):
    assert Sentence(text, 0, len(text)).facts == facts
