"""The studio's addresses: every step is told, everything is kept, and what is kept can be had and deleted."""

import base64
import json
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image


def events(http: Any, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    told = http.post(path, json=body)
    assert told.status_code == 200, told.text
    return [json.loads(line[6:]) for line in told.text.splitlines() if line.startswith("data: ")]


def picture(told: str) -> Image.Image:
    return Image.open(BytesIO(base64.b64decode(told.rpartition(",")[2])))


def test_models_say_what_they_can_do(http: Any) -> None:
    told = http.get("/api/models").json()
    pictures, words = told["models"]
    assert pictures["makes"] == "pictures" and pictures["size"] == 16 and pictures["defaults"]["steps"] == 3
    assert "dpmpp-2m" in pictures["solvers"] and pictures["styles"] == ["outline", "plain"]
    assert words["makes"] == "words" and words["solvers"] == []
    assert told["defaults"] == {"pictures": "tiny-pictures", "words": "tiny-words", "diffused_words": None}
    assert told["limits"]["queue"] == 32


def test_every_step_of_a_picture_is_shown(http: Any) -> None:
    start, *steps, done = events(http, "/api/images/stream", {"prompt": "red circle", "seed": 7, "n": 2})
    assert (start["type"], start["seed"], start["n"]) == ("start", 7, 2)
    assert [step["step"] for step in steps] == [1, 2, 3]
    assert all(picture(one).size == (16, 16) for step in steps for one in step["images"])
    assert [one["seed"] for one in done["images"]] == [7, 8]
    assert done["images"][0]["settings"]["prompt"] == "red circle"
    kept = http.get(done["images"][0]["url"]).content
    assert kept == base64.b64decode(done["images"][0]["b64_json"])


def test_previews_can_be_few_or_none(http: Any) -> None:
    for previews, shown in (("none", 0), (1, 2), (0, 0)):
        told = events(http, "/api/images/stream", {"prompt": "red circle", "previews": previews})
        assert sum("images" in one for one in told if one["type"] == "step") == shown


def test_a_way_leads_from_one_picture_to_another(http: Any) -> None:
    ask = {"prompt": "red circle", "seed": 3, "style": "plain"}
    (*_, first), (*_, last) = (
        events(http, "/api/images/stream", {**ask, **change})
        for change in ({}, {"prompt": "blue square", "seed": 9})
    )
    way = {**ask, "between": "blue square", "between_seed": 9, "n": 4}
    *_, done = events(http, "/api/images/stream", way)
    made = [picture(one["b64_json"]).tobytes() for one in done["images"]]
    assert made[0] == picture(first["images"][0]["b64_json"]).tobytes()
    assert made[-1] == picture(last["images"][0]["b64_json"]).tobytes()
    assert done["images"][0]["settings"]["between_seed"] == 9


def test_a_variation_starts_from_a_picture(http: Any) -> None:
    *_, done = events(http, "/api/images/stream", {"prompt": "red circle", "seed": 1})
    init = f"data:image/png;base64,{done['images'][0]['b64_json']}"
    *steps, varied = events(
        http, "/api/images/stream", {"prompt": "red circle", "seed": 2, "init": init, "strength": 0.7}
    )
    assert len(varied["images"]) == 1 and len(steps) == 3


def test_words_come_as_they_are_written(http: Any) -> None:
    start, *deltas, done = events(http, "/api/text/stream", {"prompt": "the cat", "seed": 1, "max_tokens": 6})
    assert start["model"] == "tiny-words"
    assert "".join(delta["text"] for delta in deltas) == done["texts"][0]["text"]
    assert done["texts"][0]["tokens"] == 6 and done["texts"][0]["settings"]["prompt"] == "the cat"


def test_an_error_is_a_status_at_once(http: Any) -> None:
    told = http.post("/api/images/stream", json={"prompt": "a naked woman"})
    assert told.status_code == 400 and told.json()["error"]["code"] == "unsafe_prompt"
    told = http.post("/api/images/stream", json={"prompt": "red circle", "weaker": "/etc"})
    assert told.status_code == 404
    told = http.post("/api/images/stream", json={"prompt": "red circle", "mask": "AAAA"})
    assert told.status_code == 400


def test_history_keeps_everything_until_it_is_deleted(http: Any) -> None:
    http.delete("/api/history")
    for seed in (1, 2, 3):
        events(http, "/api/images/stream", {"prompt": "red circle", "seed": seed})
    events(http, "/api/text/stream", {"prompt": "the cat", "max_tokens": 2})
    page = http.get("/api/history", params={"limit": 2}).json()
    rest = http.get("/api/history", params={"limit": 5, "before": page["next"]}).json()
    items = [*page["items"], *rest["items"]]
    assert [item["kind"] for item in items] == ["words", "picture", "picture", "picture"]
    assert [item["settings"]["seed"] for item in items[1:]] == [3, 2, 1]
    assert rest["next"] is None
    assert len(http.get("/api/history", params={"kind": "words"}).json()["items"]) == 1
    assert http.get(f"/api/history/{items[1]['id']}").json() == items[1]
    assert http.delete(f"/api/history/{items[1]['id']}").json()["deleted"]
    assert http.get(f"/api/history/{items[1]['id']}").status_code == 404
    assert http.get(items[1]["url"]).status_code == 404
    assert http.delete("/api/history").json() == {"deleted": 3}


def test_reports_are_shown_without_scripts(http: Any, server: SimpleNamespace) -> None:
    folder = server.folder / "reports" / "emoji"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text('{"model": "emoji", "verdict": "pass"}')
    (folder / "report.html").write_text("<p>fine</p>")
    (told,) = http.get("/api/reports").json()["reports"]
    assert told["model"] == "emoji" and told["verdict"] == "pass"
    sent = http.get(told["html"])
    assert "sandbox" in sent.headers["content-security-policy"] and sent.text == "<p>fine</p>"
    assert http.get(told["json"]).json()["verdict"] == "pass"


def test_what_happens_is_counted(http: Any) -> None:
    events(http, "/api/images/stream", {"prompt": "red circle"})
    http.post("/v1/images/generations", json={"prompt": "a naked woman"})
    told = http.get("/api/monitoring").json()
    assert told["requests"]["done"] >= 1 and told["requests"]["refused"] >= 1
    assert any(one["category"] == "sexual" and one["stage"] == "prompt" for one in told["refusals"])
    assert {kind["model"] for kind in told["kinds"]} >= {"tiny-pictures"}
    assert told["queue"] == {"running": 0, "waiting": 0, "room": 32}
    page = http.get("/metrics").text
    assert 'fromnoise_request_success_total{finished_reason="done",model_name="tiny-pictures"}' in page
    assert 'fromnoise_guard_decisions_total{action="block",category="sexual",stage="prompt"}' in page


def test_no_prompt_stands_in_the_record(http: Any, server: SimpleNamespace) -> None:
    secret = "quokkas waltzing"
    events(http, "/api/images/stream", {"prompt": secret})
    for path in server.folder.glob("record.sqlite*"):
        assert secret.encode() not in path.read_bytes()


@pytest.mark.parametrize("path", ["/health", "/docs", "/openapi.json", "/"])
def test_pages_are_there(http: Any, path: str) -> None:
    assert http.get(path).status_code == 200


def test_the_description_fetches_nothing(http: Any) -> None:
    page = http.get("/docs").text
    assert "<script" not in page and "http://" not in page and "https://" not in page
