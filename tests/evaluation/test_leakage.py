import numpy as np
import pytest

from fromnoise.errors import DataError
from fromnoise.evaluation.leakage import leakage, picture_leakage

DRAW = np.random.default_rng(0)


def sets(width: int = 32) -> tuple[np.ndarray, np.ndarray]:
    return DRAW.normal(size=(600, width)), DRAW.normal(size=(200, width))


def test_planted_twins_are_found_and_nothing_else():
    train, test = sets()
    test[[3, 50]] = train[[7, 100]]
    test[120] = train[9] + 0.02 * DRAW.normal(size=32)
    found = leakage(train, test)
    assert list(found) == [(7, 3), (100, 50), (9, 120)]
    assert found.exact == (True, True, False)


def test_honest_sets_are_not_accused():
    assert sum(len(leakage(*sets(width))) for width in (4, 16, 64) for _ in range(4)) == 0


def test_the_scale_of_the_features_does_not_matter():
    train, test = sets()
    test[5] = train[6] + 0.02 * DRAW.normal(size=32)
    assert list(leakage(train, test)) == list(leakage(1000 * train, 1000 * test)) == [(6, 5)]


def test_few_samples_have_exact_twins_alone():
    train, test = sets()
    assert list(leakage(train[:3], np.stack([test[0], train[1]]))) == [(1, 1)]
    assert list(leakage(train[:1], test[:1])) == []


def test_the_same_set_leaks_whole():
    train, _ = sets()
    assert list(leakage(train, train)) == [(row, row) for row in range(600)]


def test_features_must_be_of_one_kind():
    with pytest.raises(DataError):
        leakage(np.zeros((30, 3)), np.zeros((5, 4)))


def test_pictures_are_found_by_name_moved_and_mirrored():
    shapes = np.repeat(np.repeat(DRAW.integers(0, 256, (150, 8, 8, 3), dtype=np.uint8), 4, 1), 4, 2)
    train, test = shapes[:120], shapes[120:].copy()
    test[2], test[4], test[6] = train[10], np.roll(train[20], 1, axis=1), train[30][:, ::-1]
    names = [str(row) for row in range(120)]
    other = [f"t{row}" for row in range(30)]
    other[2] = "10"
    found = picture_leakage(train, test, names, other)
    assert list(found) == [(10, 2), (20, 4), (30, 6)]
    assert found.exact == (True, False, False)


def test_a_report_names_what_leaked(tmp_path):
    from PIL import Image

    from fromnoise.evaluation import evaluate

    shapes = np.repeat(np.repeat(DRAW.integers(0, 256, (90, 8, 8, 3), dtype=np.uint8), 4, 1), 4, 2)
    made, real, train = shapes[:20], shapes[20:40].copy(), shapes[40:]
    real[3] = train[5]
    for name, pictures in {"made": made, "real": real, "train": train}.items():
        (tmp_path / name).mkdir()
        for row, picture in enumerate(pictures):
            Image.fromarray(picture).save(tmp_path / name / f"{row:02d}.png")
    report = evaluate(tmp_path / "made", tmp_path / "real", tmp_path / "train", extractor="pixels")
    assert report["leaked"] == 1 and report["leaks"][0]["exact"]
    assert report["leaks"][0]["test"].endswith("03.png") and report["leaks"][0]["train"].endswith("05.png")
    assert report["verdict"]["level"] == "invalid"
