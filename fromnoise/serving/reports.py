"""/api/reports: what `fromnoise eval` left in a folder, for the studio to show."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse, Response

from fromnoise.serving.house import House, house_of
from fromnoise.serving.problems import Problem

router = APIRouter(prefix="/api/reports", tags=["studio"])
In = Annotated[House, Depends(house_of)]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", re.ASCII)
_SAFE = {
    "content-security-policy": "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'",
    "cache-control": "no-store",
}


@router.get("")
def tell_reports(house: In) -> dict[str, Any]:
    """List the reports there are, newest first."""
    folders = [path.parent for path in house.reports.glob("*/report.json")]
    folders.sort(key=lambda folder: -folder.stat().st_mtime)
    return {"reports": [_told(folder) for folder in folders if _NAME.fullmatch(folder.name)]}


@router.get("/{id}/html", response_class=Response)
def send_page(id: str, house: In) -> Response:
    """Send a report's page; no script in it may run."""
    return FileResponse(_file(house, id, "report.html"), media_type="text/html", headers=_SAFE)


@router.get("/{id}/json", response_class=Response)
def send_figures(id: str, house: In) -> Response:
    """Send a report's figures."""
    return FileResponse(_file(house, id, "report.json"), media_type="application/json", headers=_SAFE)


def _file(house: House, id: str, name: str) -> Path:
    """Return a report's file; its folder is one that the listing would name, wherever it points."""
    known = {path.parent.name: path.parent for path in house.reports.glob("*/report.json")}
    folder = known.get(id) if _NAME.fullmatch(id) else None
    if folder is None or not (folder / name).is_file():
        raise Problem(404, "there is no such report", "not_found", "id")
    return folder / name


def _told(folder: Path) -> dict[str, Any]:
    try:
        figures = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        figures = {}
    figures = figures if isinstance(figures, dict) else {}
    verdict = figures.get("verdict")
    address = f"/api/reports/{folder.name}"
    return {
        "id": folder.name,
        "model": figures.get("model") or folder.name,
        "created": int((folder / "report.json").stat().st_mtime),
        "verdict": verdict.get("level") if isinstance(verdict, dict) else verdict,
        "html": f"{address}/html" if (folder / "report.html").is_file() else None,
        "json": f"{address}/json",
    }
