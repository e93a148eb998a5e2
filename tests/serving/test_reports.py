"""The list of reports tells the verdict of every kind of report, an audit's among them."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI

from fromnoise.serving.house import house_of
from fromnoise.serving.reports import router

pytest.importorskip("httpx")


def test_a_verdict_is_told_by_its_level_and_an_audit_by_its_model(tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    reports = {
        "audit": {"kind": "bias", "model": "verse-gpt", "verdict": {"level": "differences found"}},
        "saved": {"verdict": {"level": "ready"}},
        "old": {"verdict": "pass"},
        "broken": [],
    }
    for name, report in reports.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text(json.dumps(report))
    app = FastAPI()
    app.include_router(router)
    app.dependency_overrides[house_of] = lambda: SimpleNamespace(reports=tmp_path)
    told = {one["id"]: one for one in TestClient(app).get("/api/reports").json()["reports"]}
    verdicts = {name: one["verdict"] for name, one in told.items()}
    assert verdicts == {"audit": "differences found", "saved": "ready", "old": "pass", "broken": None}
    assert told["audit"]["model"] == "verse-gpt" and told["saved"]["model"] == "saved"
