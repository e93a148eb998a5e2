"""The pictures and texts of a report's page, under the question that they help to answer."""

from collections.abc import Sequence

from fromnoise.evaluation.evidence import Evidence
from fromnoise.evaluation.gallery import Gallery, Pair, Tile
from fromnoise.evaluation.html import Html, Node, element
from fromnoise.evaluation.plots import cloud


def shown_for(question: str, gallery: Gallery, evidence: Evidence) -> list[Node]:
    """Return what a question's section shows beside its figures."""
    things = evidence.kind_of_things
    if question == "real":
        return [_sides(gallery, things)]
    if question == "varied":
        return [_cloud(gallery)]
    if question == "own":
        told = (
            f"Left what was made, right the {things[:-1]} nearest to it among those known; most alike first."
        )
        return [_pairs("The nearest to copies", told, gallery.copies, "training")]
    if question == "fair":
        told = "Left from the training data, right from the test: they are the same."
        return [_pairs("What leaked", told, gallery.leaks, "test")]
    if question == "asked":
        told = "Left what was made of the words below, right a real picture of it. Nobody picked them."
        return [_pairs("What was asked for", told, gallery.asked, "real")]
    return []


def _sides(gallery: Gallery, things: str) -> Node:
    """Show what was made beside what is real."""
    if not gallery.generated and not gallery.real:
        return None
    sides = (("made", "Made", gallery.generated), ("real", "Real", gallery.real))
    return element(
        "div",
        {"class": "gallery"},
        element("h3", None, "Look for yourself"),
        element("p", None, f"The first {things} of each side, in the order of chance. Nobody picked them."),
        element(
            "div",
            {"class": "sides"},
            *[
                element("div", {"class": kind}, element("h3", None, head), _sheet(of))
                for kind, head, of in sides
            ],
        ),
    )


def _sheet(tiles: Sequence[Tile]) -> Html:
    if any(tile.picture is None for tile in tiles):
        return element("div", {"class": "texts"}, *[_text(tile) for tile in tiles])
    return element("div", {"class": "sheet"}, *[_image(tile) for tile in tiles])


def _cloud(gallery: Gallery) -> Node:
    if gallery.cloud is None:
        return None
    generated, real = gallery.cloud
    return element(
        "div",
        {"class": "gallery"},
        element("h3", None, "The map of looks"),
        element(
            "p",
            None,
            "Every dot is a picture, and pictures that look alike lie near each other. Blue without orange "
            "is something real that is never made; orange without blue is something made that isn't real.",
        ),
        cloud(generated, real),
        element(
            "div",
            {"class": "key"},
            element("span", {"class": "real"}, element("i"), "real"),
            element("span", {"class": "made"}, element("i"), "made"),
        ),
    )


def _pairs(title: str, told: str, pairs: Sequence[Pair], right: str) -> Node:
    if not pairs:
        return None
    kind = "texts" if pairs[0].right is None else "pairs"
    return element(
        "div",
        {"class": "gallery"},
        element("h3", None, title),
        element("p", None, told) if kind == "pairs" else None,
        element("div", {"class": kind}, *[_pair(pair, right) for pair in pairs]),
    )


def _pair(pair: Pair, right: str) -> Html:
    if pair.right is None:
        return element("figure", None, _tile(pair.left), element("figcaption", None, pair.note))
    two = [
        element("figure", {"class": kind}, _tile(tile), element("figcaption", None, tile.note or name))
        for kind, name, tile in (("made", "made", pair.left), ("real", right, pair.right))
    ]
    return element(
        "div",
        {"class": "pair"},
        element("div", {"class": "two"}, *two),
        element("p", {"class": "note"}, pair.note) if pair.note else None,
    )


def _tile(tile: Tile) -> Html:
    return _image(tile) if tile.picture is not None else _text(tile)


def _image(tile: Tile) -> Html:
    return element("img", {"src": tile.uri, "alt": tile.text, "title": tile.text or None, "loading": "lazy"})


def _text(tile: Tile) -> Html:
    return element("blockquote", None, tile.text)
