import json
import stat

import numpy as np
import pytest
from PIL import Image

from fromnoise.errors import OutputError, RequestError
from fromnoise.films import encode_film
from fromnoise.guard.provenance import encode_stamped, stamp, stamp_film, verify
from fromnoise.guard.signing import key_file
from fromnoise.pictures import encode_picture

SETTINGS = {
    "prompt": "a cat",
    "seed": 1,
    "model": "some",
    "solver": "ddim",
    "interval": (0.1, 1),
    "style": None,
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def picture():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8))


def test_the_key_is_made_at_first_use_for_its_owner_alone(home):
    assert not home.exists()
    first, second = stamp(SETTINGS, b""), stamp(SETTINGS, b"")
    assert first == second
    assert stat.S_IMODE(key_file().stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == ["signing-key"]


@pytest.mark.parametrize(("name", "format"), [("a.png", "PNG"), ("a.webp", "WEBP"), ("a.jpg", "JPEG")])
def test_a_picture_is_unaltered_until_a_pixel_or_a_setting_changes(tmp_path, picture, name, format):
    path, settings = tmp_path / name, stamp(SETTINGS, picture.tobytes())
    path.write_bytes(encode_stamped(picture, format, settings))
    assert verify(path).state == "unaltered"
    assert verify(path).settings["seed"] == 1

    path.write_bytes(encode_picture(picture, format, verify(path).settings | {"seed": 2}))
    assert verify(path).state == "altered"

    carried = json.loads(encode_picture_settings(tmp_path, picture, format, settings))
    changed = picture.copy()
    changed.putpixel((3, 4), (0, 255, 0))
    path.write_bytes(encode_picture(changed, format, carried))
    assert verify(path).state == "altered"


def encode_picture_settings(folder, picture, format, settings):
    path = folder / f"settings.{format.lower()}"
    path.write_bytes(encode_stamped(picture, format, settings))
    return json.dumps(verify(path).settings)


def test_equal_pictures_and_settings_give_equal_files(picture):
    settings = stamp(SETTINGS, picture.tobytes())
    assert encode_stamped(picture, "PNG", settings) == encode_stamped(
        picture, "PNG", stamp(settings, picture.tobytes())
    )


def test_another_machines_seal_is_told_from_ones_own(tmp_path, picture, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(encode_stamped(picture, "PNG", stamp(SETTINGS, picture.tobytes())))
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path / "elsewhere"))
    assert verify(path).state == "signed by another key"
    forged = stamp({**verify(path).settings, "seed": 9}, picture.tobytes())
    path.write_bytes(encode_picture(picture, "PNG", forged))
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path / "home"))
    assert verify(path).state == "signed by another key"


def test_settings_without_a_seal_are_unsigned(tmp_path, picture):
    (tmp_path / "a.png").write_bytes(encode_picture(picture, "PNG", SETTINGS))
    assert verify(tmp_path / "a.png").state == "unsigned"


def test_a_film_is_sealed_over_all_frames(tmp_path, picture):
    frames = [picture, picture.rotate(90), picture.rotate(180)]
    film, settings = tmp_path / "a.webp", stamp_film(SETTINGS, frames)
    film.write_bytes(encode_film(frames, [80, 80, 80], "WEBP", settings))
    assert verify(film).state == "unaltered"
    film.write_bytes(encode_film([frames[0], frames[0], frames[2]], [80, 80, 80], "WEBP", settings))
    assert verify(film).state == "altered"


def test_of_several_texts_one_changed_letter_shows(tmp_path):
    texts = ["The sea", "Das Meer \U0001f30a"]
    told = {"texts": texts, "settings": [stamp(SETTINGS, text.encode()) for text in texts]}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    assert verify(path).state == "unaltered"
    path.write_text(json.dumps(told | {"texts": ["The sea", "das Meer \U0001f30a"]}), encoding="utf-8")
    assert verify(path).state == "altered"


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"texts": [1], "settings": [{}]}', '{"texts": [], "settings": []}']
)
def test_json_that_is_not_ours_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(RequestError):
        verify(tmp_path / "a.json")


def test_a_broken_key_is_said(home):
    home.mkdir()
    (home / "signing-key").write_bytes(b"short")
    with pytest.raises(OutputError, match="delete it"):
        verify_key()


def verify_key():
    from fromnoise.guard.signing import sign

    sign(b"")


def test_where_no_key_can_be_kept_results_are_unsigned(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FROMNOISE_HOME", str(tmp_path / "file"))
    assert "signature" not in stamp(SETTINGS, b"")


@pytest.mark.parametrize(("name", "format"), [("a.png", "PNG"), ("a.webp", "WEBP"), ("a.jpg", "JPEG")])
def test_a_c2pa_manifest_is_valid_and_leaves_the_seal_as_it_is(tmp_path, picture, name, format):
    pytest.importorskip("c2pa")
    from fromnoise.guard.credentials import state_of, with_manifest

    path = tmp_path / name
    path.write_bytes(encode_stamped(picture, format, stamp(SETTINGS, picture.tobytes())))
    assert state_of(path) is None
    path.write_bytes(with_manifest(path))
    assert state_of(path) == "Valid"
    assert verify(path).state == "unaltered"
