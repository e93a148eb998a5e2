"""/api/monitoring, /health and /metrics: what happens and has happened, in numbers."""

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from fromnoise import __version__
from fromnoise.serving.house import House, house_of

router = APIRouter(tags=["watching"])
In = Annotated[House, Depends(house_of)]
Told = dict[str, Any]
_ROWS = (
    "SELECT at, kind, model, verdict, category, stage, count, waited + seconds AS took FROM requests"
    " WHERE at >= ? ORDER BY at DESC LIMIT 200000"
)


@router.get("/health")
async def tell_health(house: In) -> Response:
    """Say whether requests are taken on."""
    problem = house.crew.full()
    stopping = problem is not None and problem.status == 503
    told = {"status": "stopping" if stopping else "ok", "version": __version__}
    return JSONResponse(told, 503 if stopping else 200)


@router.get("/metrics", response_class=Response)
def tell_metrics(house: In) -> Response:
    """Return the counters for Prometheus."""
    return Response(
        house.metrics.page(house.crew.running, house.crew.waiting), media_type=CONTENT_TYPE_LATEST
    )


@router.get("/api/monitoring")
def tell_monitoring(house: In, hours: Annotated[float, Query(gt=0, le=24 * 365)] = 24) -> Told:
    """Tell what happened in the last hours."""
    now = time.time()
    rows = house.record.read(_ROWS, now - hours * 3600)
    verdicts = [row["verdict"] for row in rows]
    counts = {name: verdicts.count(name) for name in ("done", "refused", "cancelled", "failed")}
    alerts = house.record.read(
        "SELECT * FROM alerts WHERE at >= ? ORDER BY id DESC LIMIT 100", now - hours * 3600
    )
    return {
        "since": int(house.record.since),
        "now": int(now),
        "requests": {"total": len(rows), **counts, "turned_away": house.metrics.away},
        "kinds": _kinds(rows),
        "refusals": _refusals(rows),
        "drift": [vars(drift) for drift in house.watch.drifts()],
        "alerts": [
            {"time": int(row["at"]), "level": row["level"], "name": row["name"], "message": row["message"]}
            for row in alerts
        ],
        "series": _series(rows, 60 if hours <= 24 else 3600),
        "queue": {"running": house.crew.running, "waiting": house.crew.waiting, "room": house.limits.queue},
    }


def _kinds(rows: Sequence[Any]) -> list[Told]:
    groups: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in rows:
        groups[row["kind"], row["model"]].append(row)
    return [
        {
            "kind": kind,
            "model": model,
            "total": len(group),
            "p50": _quantile(group, 0.5),
            "p99": _quantile(group, 0.99),
            "items": sum(row["count"] for row in group if row["verdict"] == "done"),
        }
        for (kind, model), group in sorted(groups.items())
    ]


def _refusals(rows: Sequence[Any]) -> list[Told]:
    groups: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        if row["verdict"] == "refused":
            groups[row["category"], row["stage"]] += 1
    return [
        {"category": category, "stage": stage, "count": count, "share": round(count / len(rows), 4)}
        for (category, stage), count in sorted(groups.items(), key=lambda item: -item[1])
    ]


def _series(rows: Sequence[Any], span: int) -> list[Told]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        groups[int(row["at"] // span) * span].append(row)
    return [
        {
            "time": at,
            "total": len(group),
            "refused": sum(row["verdict"] == "refused" for row in group),
            "failed": sum(row["verdict"] == "failed" for row in group),
            "p50": _quantile(group, 0.5),
        }
        for at, group in sorted(groups.items())
    ]


def _quantile(rows: Sequence[Any], share: float) -> float | None:
    """Return a quantile of the seconds that finished requests took; None without any."""
    took = [row["took"] for row in rows if row["verdict"] == "done"]
    return round(float(np.quantile(took, share)), 3) if took else None
