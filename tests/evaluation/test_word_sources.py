from pathlib import Path

import pytest

from fromnoise.errors import DataError
from fromnoise.evaluation.word_sources import LONGEST, as_texts, open_texts


def test_jsonl_gives_texts_and_styles(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(
        b'\xef\xbb\xbf{"text": "one", "style": "ode"}\r\n\n{"text": "two\xe2\x80\xa8lines"}\n{"text": " "}'
    )
    texts = open_texts(file)
    assert texts.items == ("one", "two\u2028lines")
    assert texts.styles == ("ode", None)
    assert texts.empty == 1 and texts.places == (0, 1)
    assert texts.size == 3 + 11
    assert texts.take([1]).items == ("two\u2028lines",)


def test_a_folder_of_txt_takes_styles_from_subfolders(tmp_path: Path) -> None:
    (tmp_path / "sonnet").mkdir()
    (tmp_path / "sonnet" / "1.txt").write_text("Shall I compare thee")
    (tmp_path / "plain.txt").write_text("A text.\r\nOf two lines.")
    (tmp_path / ".hidden.txt").write_text("no")
    texts = open_texts(tmp_path)
    assert texts.items == ("A text.\nOf two lines.", "Shall I compare thee")
    assert texts.styles == (None, "sonnet")


def test_a_book_is_cut_into_passages_that_lose_no_word(tmp_path: Path) -> None:
    book = "\n\n".join(f"Paragraph {i} " + "of words " * (i % 40) for i in range(200)) + "x" * 5000
    (tmp_path / "book.txt").write_text(book)
    texts = open_texts(tmp_path)
    assert len(book) > LONGEST
    assert all(len(text) <= 2000 for text in texts.items)
    assert "".join(" ".join(texts.items).split()) == "".join(book.split())


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.jsonl", b'{"text": "ok"}\n{"text": "\xff"}\n', "line 2 of .*a.jsonl isn't UTF-8"),
        ("a.txt", b"one\ntwo\n\xe9t\xe9", "line 3 of .*a.txt isn't UTF-8"),
        (
            "a.jsonl",
            b'{"text": "ok"}\n{"body": "b", "id": 1}',
            "line 2 .* `text` field, not the keys body, id",
        ),
        ("a.jsonl", b'["text"]', "line 1 .* must be an object"),
        ("a.jsonl", b'{"text": 3}', "must be strings"),
        ("a.jsonl", b'{"text": "a", "style": 3}', "must be strings"),
        ("a.jsonl", b'{"text": "a"', "line 1 .* isn't JSON"),
        ("a.jsonl", b'{"text": "\\ud800"}', "surrogate"),
        ("a.jsonl", b"[" * 100_000, "isn't JSON"),
        ("a.jsonl", b"", "holds no texts"),
        ("a.txt", b"  \n", "holds no texts but blank ones"),
        ("a.csv", b"text", "must be a .jsonl or .txt file"),
    ],
)
def test_bad_files_are_named_with_what_is_wrong(name: str, data: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=says) as caught:
        open_texts(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_empty_picture_and_mixed_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no .jsonl or .txt files"):
        open_texts(tmp_path)
    (tmp_path / "a.PNG").write_bytes(b"")
    with pytest.raises(DataError, match="only pictures"):
        open_texts(tmp_path)
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(DataError, match=r"both texts \(a.txt\) and pictures \(a.PNG\)"):
        open_texts(tmp_path)
    with pytest.raises(DataError, match="doesn't exist"):
        open_texts(tmp_path / "no")


def test_lists_are_texts_too() -> None:
    assert as_texts(["a", "", "b"], "generated").items == ("a", "b")
    assert as_texts(["a", "", "b"], "generated").places == (0, 2)
    for wrong, says in (
        (["a", 3], "text 1 is int"),
        ([], "no texts"),
        (7, "a list of strings"),
        (["\ud800"], "pair"),
    ):
        with pytest.raises(DataError, match=says):
            as_texts(wrong, "generated")  # type: ignore[arg-type]
