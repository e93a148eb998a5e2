"""HTML from nested calls: what isn't markup already is escaped, so a file's name can't break a page."""

from collections.abc import Mapping
from html import escape

_VOID = frozenset({"br", "hr", "img", "link", "meta"})


class Html(str):
    """Text that is markup already."""


Node = str | list["Node"] | None
"""What an element can hold: text, which is escaped; markup; a list of them; nothing."""


def element(tag: str, attributes: Mapping[str, object] | None = None, *children: Node) -> Html:
    """Build an element; attributes that are None are left out."""
    given = "".join(
        f' {name}="{escape(str(value))}"' for name, value in (attributes or {}).items() if value is not None
    )
    if tag in _VOID:
        return Html(f"<{tag}{given}>")
    return Html(f"<{tag}{given}>{markup(list(children))}</{tag}>")


def markup(node: Node) -> Html:
    """Turn a node into markup."""
    if node is None:
        return Html("")
    if isinstance(node, list):
        return Html("".join(markup(child) for child in node))
    return node if isinstance(node, Html) else Html(escape(node))
