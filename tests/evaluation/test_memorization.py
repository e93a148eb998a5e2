from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from fromnoise.errors import DataError
from fromnoise.evaluation import evaluate, memorization
from fromnoise.evaluation.look_alikes import soften, worst_spots
from fromnoise.evaluation.memorization import memorization_of_pictures
from fromnoise.evaluation.neighbours import near
from fromnoise.evaluation.tails import Tail


def drawn(seed, count, size=32):
    """Draw pictures of a few shapes each on a ground that shades off: (N, S, S, 3)."""
    chance = np.random.default_rng(seed)
    pictures = []
    for _ in range(count):
        corners = chance.integers(40, 256, (2, 2, 3), dtype=np.uint8)
        picture = Image.fromarray(corners).resize((4 * size, 4 * size), Image.Resampling.BILINEAR)
        pen = ImageDraw.Draw(picture)
        for _ in range(3):
            left, top, width, height = (chance.uniform(0.1, 0.6, 4) * 4 * size).tolist()
            shape = chance.choice([pen.ellipse, pen.rectangle])
            shape((left, top, left + width, top + height), fill=tuple(chance.integers(0, 256, 3).tolist()))
        pictures.append(np.asarray(picture.resize((size, size), Image.Resampling.BOX)))
    return np.stack(pictures)


def stored(picture, quality):
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def grained(picture, chance):
    return (picture + 4 * chance.normal(size=picture.shape)).round().clip(0, 255).astype(np.uint8)


def flat(pictures):
    return pictures.reshape(len(pictures), -1) / 255


def clusters(chance, count, width, narrow=1.0):
    centres = np.random.default_rng(0).normal(size=(20, width))
    return 4 * centres[chance.integers(20, size=count)] + narrow * chance.normal(size=(count, width))


def planted(generated, train, grain, chance, share=0.01):
    """Replace some of the generated samples by copies of training samples; return them and which."""
    generated, count = generated.copy(), max(1, round(share * len(generated)))
    rows = chance.permutation(len(generated))[:count]
    generated[rows] = train[chance.permutation(len(train))[:count]]
    generated[rows] += grain * train.std() * chance.normal(size=generated[rows].shape)
    return generated, rows


def caught(found, rows):
    """Return the share of the rows that are flagged, and that of all others."""
    flags = np.isin(np.arange(len(found.scores)), found.flagged)
    others = np.setdiff1d(np.arange(len(flags)), rows)
    return flags[rows].mean(), flags[others].mean()


@pytest.fixture(scope="module")
def sets():
    return drawn(0, 40), drawn(1, 260), drawn(2, 220)


def test_exact_copies_are_found_and_named():
    chance = np.random.default_rng(0)
    train, held_out, generated = (chance.normal(size=(count, 16)) for count in (400, 250, 200))
    generated[[5, 50]] = train[[7, 70]]
    found = memorization(generated, train, held_out)
    assert set(found.flagged) == set(found.exact) == {5, 50}
    assert found.nearest[[5, 50]].tolist() == [7, 70]
    assert found.share == 0.01 and found.interval[0] < 0.01 < found.interval[1]
    assert found.scores[5] == 0 < found.threshold
    assert 30 < found.auth_pct < 70


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, torch.float32, torch.bfloat16])
def test_any_float_of_numpy_or_torch_is_taken(kind):
    chance = np.random.default_rng(0)
    sets = [chance.normal(size=(count, 8)) for count in (60, 300, 250)]
    sets[0][3] = sets[1][9]
    sets = [torch.tensor(x).to(kind) if isinstance(kind, torch.dtype) else x.astype(kind) for x in sets]
    assert 3 in memorization(*sets).exact


@pytest.mark.parametrize("scale, shift", [(1e-12, 0.0), (1e12, 0.0), (1.0, 1e4)])
def test_neither_the_scale_nor_the_place_of_features_matters(scale, shift):
    chance = np.random.default_rng(0)
    train, held_out = chance.normal(size=(400, 16)), chance.normal(size=(250, 16))
    generated, _ = planted(chance.normal(size=(200, 16)), train, 0.02, chance, 0.05)
    plain = memorization(generated, train, held_out)
    assert len(plain.flagged) == 10
    moved = memorization(*(scale * part + shift for part in (generated, train, held_out)))
    assert moved.flagged.tolist() == plain.flagged.tolist()


def test_the_order_of_samples_does_not_matter():
    chance = np.random.default_rng(0)
    train, held_out = chance.normal(size=(300, 8)), chance.normal(size=(250, 8))
    generated, _ = planted(chance.normal(size=(100, 8)), train, 0.01, chance, 0.05)
    found = memorization(generated, train, held_out)
    turned = memorization(generated[::-1], train[::-1], held_out[::-1])
    assert set(turned.flagged) == {99 - row for row in found.flagged}


def test_copies_of_training_samples_that_occur_twice_are_found_too():
    chance = np.random.default_rng(0)
    train = np.repeat(chance.normal(size=(200, 16)), 2, axis=0) + 1e-4 * chance.normal(size=(400, 16))
    generated, rows = planted(chance.normal(size=(200, 16)), train, 0.02, chance, 0.05)
    assert caught(memorization(generated, train, chance.normal(size=(250, 16))), rows) == (1, 0)


def test_a_leak_into_the_held_out_set_hides_no_copies():
    chance = np.random.default_rng(0)
    train, held_out = chance.normal(size=(400, 16)), chance.normal(size=(250, 16))
    held_out[:20] = train[:20]
    generated, rows = planted(chance.normal(size=(200, 16)), train, 0.02, chance, 0.05)
    found = memorization(generated, train, held_out)
    assert caught(found, rows)[0] == 1
    assert found.held_out_twins.tolist() == list(range(20)) and "20 more left out" in found.calibration


def test_where_samples_are_fewer_than_features_training_samples_calibrate_as_well_as_others():
    chance = np.random.default_rng(0)
    train, generated = chance.normal(size=(500, 512)), chance.normal(size=(1000, 512))
    assert memorization(generated, train).share < 0.005


def test_with_too_little_to_calibrate_on_exact_copies_alone_are_flagged():
    chance = np.random.default_rng(0)
    train = chance.normal(size=(10, 4))
    found = memorization(np.concatenate([train[:1], train[1:2] + 1e-3, chance.normal(size=(5, 4))]), train)
    assert found.flagged.tolist() == [0] and "too few" in found.calibration


def test_the_training_set_itself_is_copied_whole():
    train = np.random.default_rng(0).normal(size=(100, 8))
    found = memorization(train, train, train)
    assert found.share == 1 and found.auth_pct == 0 and np.isfinite(found.scores).all()


def test_what_cannot_be_compared_is_named():
    x = np.zeros((30, 4))
    with pytest.raises(DataError, match="same number of features"):
        memorization(x, np.zeros((30, 5)), x)
    with pytest.raises(DataError, match="train has NaN"):
        memorization(x, np.full((30, 4), np.nan), x)
    with pytest.raises(DataError, match="train has 2 samples"):
        memorization(x, x[:2])
    with pytest.raises(DataError, match="of one size"):
        memorization_of_pictures(drawn(0, 4), drawn(0, 4, size=24))
    with pytest.raises(DataError, match="uint8 pictures"):
        memorization_of_pictures(np.zeros((4, 8, 8, 3)), drawn(0, 4))


@pytest.mark.parametrize("way", ["pictures", "colours last", "colours first", "-1 to 1", "0 to 255"])
def test_copies_of_pictures_are_found_grained_shifted_and_stored_anew(sets, way):
    generated, train, held_out = sets
    chance, made = np.random.default_rng(0), generated.copy()
    made[0], made[1], made[2] = train[0], grained(train[10], chance), np.roll(train[20], 1, axis=1)
    made[3], made[4] = np.roll(train[30], -1, axis=0), stored(train[40], 90)
    look = {
        "pictures": lambda x: x,
        "colours last": flat,
        "colours first": lambda x: flat(x.transpose(0, 3, 1, 2)),
        "-1 to 1": lambda x: torch.tensor(2 * flat(x) - 1).float(),
        "0 to 255": lambda x: x.reshape(len(x), -1).astype(np.float32),
    }[way]
    judge = memorization_of_pictures if way == "pictures" else memorization
    found = judge(look(made), look(train), look(held_out))
    assert set(found.flagged) == {0, 1, 2, 3, 4}
    assert found.nearest[:5].tolist() == [0, 10, 20, 30, 40]


def test_mirrored_copies_are_found(sets):
    generated, train, held_out = sets
    made = generated.copy()
    made[7] = train[3][:, ::-1]
    found = memorization_of_pictures(made, train, held_out)
    assert found.flagged.tolist() == [7] and found.nearest[7] == 3


def test_grey_pictures_are_seen_as_pictures(sets):
    generated, train, held_out = (part.mean(3) for part in sets)
    generated[2] = np.roll(train[8], 1, axis=1)
    assert 2 in memorization(*(part.reshape(len(part), -1) for part in (generated, train, held_out))).flagged


def test_moves_change_a_picture_less_than_a_small_thing_in_it():
    picture = drawn(5, 1, size=64)
    moved, changed = np.roll(picture, 1, axis=2), picture.copy()
    changed[:, 30:36, 30:36] = 255 - changed[:, 30:36, 30:36]
    soft, *others = (soften(x.transpose(0, 3, 1, 2), 255) for x in (picture, moved, changed))
    least, most = (worst_spots(soft, other)[0] for other in others)
    assert least < 0.02 < 0.1 < most


def test_neighbours_are_those_of_all_distances():
    chance = np.random.default_rng(0)
    train, queries = chance.normal(size=(50, 5)) + 100, chance.normal(size=(7, 5)) + 100
    gaps = np.linalg.norm(queries[:, None] - train, axis=2)
    found = near(queries, train, 4)
    assert found.rows.tolist() == np.argsort(gaps, axis=1)[:, :4].tolist()
    spread = np.sqrt(np.square(train - train.mean(0)).sum(1).mean())
    assert found.distances * spread == pytest.approx(np.sort(gaps, axis=1)[:, :4], rel=1e-5)
    own = near(train, train, 1, np.arange(50))
    assert (own.rows[:, 0] != np.arange(50)).all()


def test_the_tail_of_a_power_law_is_measured():
    values = np.log(np.random.default_rng(0).random(20_000)) / 4  # P(x < r) = r^4
    assert Tail.of(values).share_below(np.log([0.1, 0.3])) == pytest.approx([1e-4, 0.0081], rel=0.2)


def test_a_report_counts_the_copies(sets, tmp_path):
    generated, train, held_out = sets
    made = generated.copy()
    made[:4] = train[:4]
    report = evaluate(list(made), list(held_out), list(train), extractor="pixels")
    assert report["metrics"]["memorized_share"]["value"] == 0.1
    assert sorted(report["memorization"]["flagged"]) == [f"generated {row}" for row in range(4)]


@pytest.mark.slow
@pytest.mark.parametrize("width, count, held_out", [(16, 5000, 2000), (64, 1000, 100), (512, 1000, 0)])
@pytest.mark.parametrize("narrow", [None, 1.0, 0.5])
def test_one_planted_vector_in_a_hundred_is_found_without_accusing_others(width, count, held_out, narrow):
    rates = {}
    for grain in (0, 1e-3, 0.02):
        for seed in range(5):
            chance = np.random.default_rng(seed)

            def draw(size, chance=chance):
                if narrow is None:
                    return chance.normal(size=(size, width))
                return clusters(chance, size, width, narrow)

            train, unseen = draw(count), draw(held_out) if held_out else None
            generated, rows = planted(draw(1000), train, grain, chance)
            rates.setdefault(grain, []).append(caught(memorization(generated, train, unseen), rows))
    for grain, found in rates.items():
        hits, alarms = np.mean(found, axis=0)
        assert hits >= 0.95 and alarms <= 0.005, (grain, hits, alarms)


@pytest.mark.slow
@pytest.mark.parametrize("size", [32, 64])
def test_one_planted_picture_in_a_hundred_is_found_however_it_was_damaged(size):
    damages = {
        "exact": lambda picture, chance: picture,
        "grain": grained,
        "shift": lambda picture, chance: np.roll(picture, chance.choice((-1, 1)), axis=chance.integers(2)),
        "JPEG 90": lambda picture, chance: stored(picture, 90),
        "JPEG 75": lambda picture, chance: stored(picture, 75),
    }
    rates = {kind: [] for kind in damages}
    for seed in range(3):
        made, train, held_out = (drawn(10 * seed + part, 500, size) for part in range(3))
        chance, generated = np.random.default_rng(seed), made.copy()
        rows = chance.permutation(500)[:25].reshape(5, 5)
        for copies, damage in zip(rows, damages.values(), strict=True):
            for row in copies:
                generated[row] = damage(train[chance.integers(500)], chance)
        found = memorization(flat(generated), flat(train), flat(held_out))
        for kind, copies in zip(damages, rows, strict=True):
            rates[kind].append(np.isin(copies, found.flagged).mean())
        assert caught(found, rows.ravel())[1] <= 0.005
    assert np.mean(rates["exact"]) >= 0.95
    assert {kind for kind, found in rates.items() if np.mean(found) < 0.6} == set(), rates
