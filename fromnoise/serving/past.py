"""/api/history: every finished result, with all of its settings, which stand in its file alone."""

import json
import re
import sqlite3
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse, Response
from PIL import Image

from fromnoise.pictures import read_picture
from fromnoise.serving.house import House, house_of
from fromnoise.serving.picture_answers import size_of, sized
from fromnoise.serving.problems import Problem
from fromnoise.serving.wire import picture_bytes

router = APIRouter(prefix="/api/history", tags=["studio"])
In = Annotated[House, Depends(house_of)]
Told = dict[str, Any]
_ID = re.compile(r"h-[0-9a-f]{22}", re.ASCII)
_ALL = 1_000_000


@router.get("")
def tell_history(
    house: In,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(max_length=40)] = None,
    kind: Literal["picture", "words"] | None = None,
) -> Told:
    """Tell of finished results, newest first."""
    rows = house.record.results(limit + 1, before, kind)
    items = [told for row in rows[:limit] if (told := _item(house, row)) is not None]
    return {"items": items, "next": rows[limit - 1]["id"] if len(rows) > limit else None}


@router.delete("")
def forget_all(house: In) -> Told:
    """Delete all results."""
    return {"deleted": house.record.forget([row["id"] for row in house.record.results(_ALL)])}


@router.get("/{id}")
def tell_result(id: str, house: In) -> Told:
    """Tell of one result."""
    told = _item(house, _row(house, id))
    if told is None:
        raise _nothing()
    return told


@router.delete("/{id}")
def forget(id: str, house: In) -> Told:
    """Delete a result."""
    house.record.forget([_row(house, id)["id"]])
    return {"id": id, "deleted": True}


@router.get("/{id}/file", response_class=Response)
def send_file(
    id: str,
    house: In,
    format: Literal["png", "webp", "jpeg", "json"] | None = None,
    size: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """Send a result's file as it was made, or a picture in another format or size."""
    row = _row(house, id)
    path = house.record.path(row["id"], row["format"])
    if not path.is_file():
        raise _nothing()
    wanted, wide = format or row["format"], size_of(size, house.limits.size)
    kind = {"picture": "image", "words": "application"}[row["kind"]]
    if (wanted == "json") != (row["format"] == "json"):
        raise Problem(400, f"this result is {row['format']}", "invalid_value", "format")
    if wanted == row["format"] and wide is None:
        return FileResponse(
            path, media_type=f"{kind}/{wanted}", headers={"cache-control": "private, max-age=86400"}
        )
    content = picture_bytes(sized(read_picture(path), wide), wanted, _settings(path), made=wide is None)
    return Response(content, media_type=f"image/{wanted}")


def _row(house: House, id: str) -> sqlite3.Row:
    row = house.record.result(id) if _ID.fullmatch(id) else None
    if row is None:
        raise _nothing()
    return row


def _nothing() -> Problem:
    return Problem(404, "there is no such result", "not_found", "id")


def _item(house: House, row: sqlite3.Row) -> Told | None:
    """Describe a result; None when its file is gone."""
    path = house.record.path(row["id"], row["format"])
    told = {"id": row["id"], "kind": row["kind"], "created": int(row["at"]), "model": row["model"]}
    told |= {"seconds": row["seconds"], "warnings": []}
    try:
        if row["kind"] == "words":
            told |= json.loads(path.read_bytes())
            return told
        url = f"/api/history/{row['id']}/file"
        told |= {"url": url, "format": row["format"], "width": row["width"], "height": row["height"]}
        told |= {"settings": _settings(path)}
        return told
    except (OSError, ValueError):
        return None


def _settings(path: Any) -> Told:
    """Read the settings out of a PNG's header; its pixels stay as they are."""
    with Image.open(path, formats=("PNG",)) as image:
        settings: Told = json.loads(image.info["fromnoise"])
    return settings
