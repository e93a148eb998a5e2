"""What the benchmark says of an extractor; the slow test holds the shipped one to it."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import extractors
from fromnoise.data.shapes import build_shapes
from fromnoise.errors import DataError
from fromnoise.evaluation.extractors import open_extractor
from fromnoise.home import home
from fromnoise.models.store import find_model

MOST_BYTES = 4_000_000


def test_distances_are_ranked_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build_shapes(tmp_path / "shapes", count=240, size=32)
    monkeypatch.setattr(
        extractors, "save_result", lambda name, result: (tmp_path / name).write_text(json.dumps(result))
    )
    extractors.main(("pixels", "pixels"), dataset=str(tmp_path / "shapes"), count=16)
    result = json.loads((tmp_path / "extractors").read_text())
    assert len(result["rows"]["pixels"]) == 1 + 3 * (len(extractors.SPOILS) + 1)
    assert result["agreement"] == {"pixels": pytest.approx(1)}
    assert "real" in capsys.readouterr().out


def test_what_grows_is_in_order() -> None:
    rows = [
        ["real", 0.0, 1.0, 2.0],
        *(["blur", level, 1.0 + level, 3.0 + level] for level in (1.0, 2.0, 4.0)),
    ]
    assert extractors.in_order(rows) == 1
    assert extractors.in_order([*rows[:3], ["blur", 4.0, 1.5, 9.0]]) == 0


def test_too_few_held_out_pictures_are_told(tmp_path: Path) -> None:
    build_shapes(tmp_path / "shapes", count=12, size=32)
    with pytest.raises(DataError, match="it takes at least 16"):
        extractors.main(("pixels",), dataset=str(tmp_path / "shapes"))


@pytest.mark.slow
def test_the_shipped_encoder_sees_what_others_see() -> None:
    if not (home() / "data" / "emoji").is_dir() or not importlib.util.find_spec("efficientnet_lite_pytorch"):
        pytest.skip("needs the emoji set and EfficientNet-Lite0")
    assert (find_model("fromnoise-features") / "weights.safetensors").stat().st_size < MOST_BYTES
    spoilt, other = extractors.halves("emoji", 261, seed=0)
    own, theirs = (
        extractors.distances(open_extractor(spec), spoilt, other)
        for spec in ("fromnoise", "efficientnet-lite0")
    )
    assert extractors.in_order(own) == len(extractors.SPOILS) + 1
    assert extractors.rank_correlation(own, theirs) >= 0.9
    assert abs(float(own[0][2])) < 0.25 * min(float(row[2]) for row in own[1:])
    assert np.isfinite([float(row[3]) for row in own]).all()
