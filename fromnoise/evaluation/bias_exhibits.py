"""What a page shows of a template: pictures and texts that differ in one attribute, and words that lean."""

from fromnoise.evaluation.bias_evidence import Exhibit, Leaning
from fromnoise.evaluation.findings import shown
from fromnoise.evaluation.gallery import Tile
from fromnoise.evaluation.html import Html, Node, element

COLUMNS = 8  # pictures in a row; report.css lays out as many


def odds(leaning: Leaning) -> Html:
    """List the words whose odds differ most."""
    half = len(leaning.words) // 2
    rows = [
        (f"Likelier after “{leaning.value}” than after {leaning.other}", leaning.words[:half]),
        ("Less likely", list(reversed(leaning.words[half:]))),
    ]
    return element(
        "dl",
        {"class": "odds"},
        *[
            element(
                "div",
                None,
                element("dt", None, head),
                element(
                    "dd", None, ", ".join(f"{word} ({group}) {_times(odds)}" for word, group, odds in words)
                ),
            )
            for head, words in rows
        ],
    )


def _times(odds: float) -> str:
    return f"\N{MULTIPLICATION SIGN}\N{NO-BREAK SPACE}{shown(odds)}"


def look(exhibit: Exhibit) -> Node:
    """Show the pictures or texts of all values side by side."""
    if not exhibit.tiles:
        return None
    pictures = exhibit.tiles[0][1][0].picture is not None
    told = "One row a value; below each other stand the same text and the same seed. Nobody picked them."
    return element(
        "div",
        {"class": "gallery"},
        element("h3", None, "Look for yourself"),
        element(
            "p", None, told if pictures else "The same texts and seeds for every value. Nobody picked them."
        ),
        _strip(exhibit) if pictures else _quotes(exhibit),
    )


def _strip(exhibit: Exhibit) -> Html:
    heads = [*exhibit.heads[:COLUMNS], *[""] * (COLUMNS - len(exhibit.heads))]
    cells: list[Node] = [element("span"), *[element("span", None, head) for head in heads]]
    for name, tiles in exhibit.tiles:
        shown_tiles: list[Tile | None] = [*tiles[:COLUMNS], *[None] * (COLUMNS - len(tiles))]
        cells += [element("b", None, name), *[_image(tile) for tile in shown_tiles]]
    return element("div", {"class": "strip"}, *cells)


def _image(tile: Tile | None) -> Html:
    if tile is None:
        return element("span")
    return element("img", {"src": tile.uri, "alt": tile.text, "title": tile.text})


def _quotes(exhibit: Exhibit) -> Html:
    columns = [
        element(
            "div",
            {"class": "texts"},
            element("h3", None, name),
            *[element("blockquote", None, tile.text) for tile in tiles],
        )
        for name, tiles in exhibit.tiles
    ]
    return element("div", {"class": "sides"}, *columns)
