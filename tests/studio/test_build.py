"""The built studio, as it lies in the package: small, whole and with no address but its own."""

import gzip
import re
from pathlib import Path

import fromnoise

BUILT = Path(fromnoise.__file__).parent / "serving" / "studio"
LARGEST = 120_000  # bytes, gzipped, in all
NAMESPACES = {
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/xhtml",
    "http://www.w3.org/1998/Math/MathML",
}
NAMESPACES |= {"http://www.w3.org/1999/xlink", "http://www.w3.org/XML/1998/namespace"}


def built() -> dict[str, bytes]:
    found = [file for file in BUILT.rglob("*") if file.is_file()]
    return {file.relative_to(BUILT).as_posix(): file.read_bytes() for file in found}


def test_the_page_is_there_with_all_that_it_names() -> None:
    page = built()["index.html"].decode()
    named = re.findall(r'(?:src|href)="\./([^"]+)"', page)
    assert named and set(named) <= set(built())


def test_all_files_together_stay_small() -> None:
    sizes = {name: len(gzip.compress(data, 9)) for name, data in built().items()}
    assert sum(sizes.values()) <= LARGEST, sizes


def test_nothing_is_asked_of_another_host() -> None:
    for name, data in built().items():
        text = data.decode()
        found = {url for url in re.findall(r"https?://[\w.\-/]+", text) if url not in NAMESPACES}
        # Svelte words its own errors with an address to read; nothing is fetched from it.
        assert {url for url in found if not url.startswith("https://svelte.dev/e/")} == set(), name
        assert "//cdn" not in text and "@import" not in text and "@font-face" not in text, name


def test_no_code_is_made_from_text() -> None:
    """A strict content security policy must do."""
    for name, data in built().items():
        assert not re.search(rb"\beval\(|new Function\(", data), name
