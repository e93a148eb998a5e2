"""/docs: the addresses, as one page without scripts; /openapi.json says the same to programs."""

from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    ":root{color-scheme:light dark}code{font-size:.9em}table{border-collapse:collapse}"
    "td,th{padding:.2rem .8rem .2rem 0;text-align:left;"
    "vertical-align:top}h2{margin-top:2.5rem}h3{margin-bottom:.2rem}"
)


def describe(app: FastAPI) -> None:
    """Add the page to an application."""

    @app.get("/docs", include_in_schema=False)
    def tell_addresses() -> HTMLResponse:
        headers = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return HTMLResponse(page_of(app.openapi()), headers=headers)


def page_of(schema: dict[str, Any]) -> str:
    """Write an OpenAPI description as HTML."""
    groups: dict[str, list[str]] = {}
    for path, methods in schema["paths"].items():
        for method, told in methods.items():
            groups.setdefault(told.get("tags", ["other"])[0], []).append(_address(schema, path, method, told))
    body = "".join(f"<h2>{escape(name)}</h2>{''.join(parts)}" for name, parts in groups.items())
    title = escape(schema["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f'<h1>{title}</h1><p>For programs: <a href="/openapi.json">/openapi.json</a></p>{body}</html>'
    )


def _address(schema: dict[str, Any], path: str, method: str, told: dict[str, Any]) -> str:
    content = told.get("requestBody", {}).get("content", {})
    fields = [row for kind in content.values() for row in _fields(schema, kind.get("schema", {}))]
    fields += [(one["name"], one["schema"], one.get("description", "")) for one in told.get("parameters", [])]
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code><td>{escape(_type(kind))}<td>{escape(text)}"
        for name, kind, text in fields
    )
    table = f"<table>{rows}</table>" if rows else ""
    summary = escape(told.get("description") or told.get("summary", ""))
    return f"<h3><code>{method.upper()} {escape(path)}</code></h3><p>{summary}</p>{table}"


def _fields(schema: dict[str, Any], kind: dict[str, Any]) -> list[tuple[str, dict[str, Any], str]]:
    if "$ref" in kind:
        kind = schema["components"]["schemas"][kind["$ref"].rpartition("/")[2]]
    return [(name, one, one.get("description", "")) for name, one in kind.get("properties", {}).items()]


def _type(kind: dict[str, Any]) -> str:
    """Say in few words what a field may be."""
    if "anyOf" in kind:
        return " or ".join(_type(one) for one in kind["anyOf"] if one.get("type") != "null")
    if "enum" in kind:
        return ", ".join(map(str, kind["enum"]))
    if "$ref" in kind:
        return str(kind["$ref"]).rpartition("/")[2]
    ends = [str(kind[name]) for name in ("minimum", "exclusiveMinimum") if name in kind]
    ends += [str(kind[name]) for name in ("maximum", "exclusiveMaximum") if name in kind]
    return str(kind.get("type", "any")) + (f" {' to '.join(ends)}" if len(ends) == 2 else "")
