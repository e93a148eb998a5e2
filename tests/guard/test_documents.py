from pathlib import Path

import pytest

from fromnoise.errors import DataError
from fromnoise.guard.documents import Documents, excerpts, quoted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "cats.md").write_text("# Cats\nA cat sleeps fifteen hours a day. Cats drink little water.")
    (tmp_path / "sub" / "dogs.txt").write_text("A dog sleeps twelve hours a day. Dogs bark at cars.")
    page = "<html><head><title>no</title></head><body><p>Birds sing.</p><script>var x</script></body></html>"
    (tmp_path / "birds.html").write_text(page)
    return tmp_path


def test_a_question_finds_its_passage_and_where_it_stands(folder):
    documents = Documents.open(folder)
    best = documents.search("How long do dogs sleep?")[0]
    assert best.name == "sub/dogs.txt"
    assert documents.texts[best.name][best.start : best.end] == best.text
    assert documents.search("Which bird is singing?")[0].text == "Birds sing."
    assert documents.search("xylophone") == []
    assert "var x" not in documents.texts["birds.html"]


def test_a_question_of_other_things_finds_nothing(folder):
    documents = Documents.open(folder)
    assert documents.search("Who won the race of a cat against the train in 1998?") == []
    assert documents.search("How many?") == []


def test_the_sentence_that_answers_is_quoted_by_its_span(folder):
    documents = Documents.open(folder)
    question = "What do cats drink?"
    quote = documents.quote(question, documents.search(question))
    assert quote.text == "Cats drink little water."
    assert documents.texts[quote.name][quote.start : quote.end] == quote.text
    assert documents.quote(question, []) is None


def test_passages_cover_the_text_and_stay_short():
    text = " ".join(f"Sentence number {place} says a little something." for place in range(100))
    parts = list(excerpts("a", text))
    assert all(len(part.text) <= 450 for part in parts)
    assert " ".join(part.text for part in parts) == text
    assert quoted(parts[:1]).startswith("Context:\nSentence number 0") and quoted([]) == ""


def test_what_cannot_be_read_is_said(tmp_path):
    with pytest.raises(DataError, match="no documents"):
        Documents.open(tmp_path)
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not UTF-8"):
        Documents.open(tmp_path)
    (tmp_path / "bad.txt").write_text("  ")
    with pytest.raises(DataError, match="no text"):
        Documents.open(tmp_path)
