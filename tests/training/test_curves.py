import json
from xml.etree import ElementTree

from fromnoise.training.curves import draw_curves


def test_losses_share_a_panel_and_what_was_measured_has_its_own(tmp_path):
    log = tmp_path / "log.jsonl"
    lines = [
        {"step": 1.0, "loss": 3.0, "seconds": 1.0},
        {"step": 2.0, "loss": 2.0, "validation_loss": 2.5},
        {"step": 2.0, "loss": 1.5, "validation_loss": 2.25, "coverage": 0.5},
    ]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    draw_curves(log, tmp_path / "curves.svg")
    drawn = ElementTree.fromstring((tmp_path / "curves.svg").read_text())
    said = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert "validation loss 2.25" in said and "loss 1.5" in said and "coverage 0.5" in said
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}polyline"))) == 3
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}g"))) == 2
