import numpy as np
import pytest
from PIL import Image

from glyphlens.commands import predict
from glyphlens.commands.model import open_model, releases
from glyphlens.core.errors import InputError

NOT_AN_IMAGE = "not an image of a format that is read (PNG, JPEG, TIFF, GIF, WEBP, BMP, PPM)"


@pytest.fixture
def pictures(tmp_path):
    """A bar, a corner, and a broken file."""
    bar, corner = np.full((90, 60), 255, np.uint8), np.full((90, 90), 255, np.uint8)
    bar[10:80, 20:29] = 0
    corner[10:80, 10:19] = corner[71:80, 10:80] = 0
    paths = [tmp_path / name for name in ("bar.png", "broken.png", "corner.png")]
    Image.fromarray(bar).save(paths[0])
    paths[1].write_text("no picture")
    Image.fromarray(corner).save(paths[2])
    return paths


@pytest.mark.parametrize("batch", [1, 2, 256])
def test_pictures_are_answered_and_broken_ones_reported(monkeypatch, pictures, model_folder, batch):
    monkeypatch.setattr(predict, "BATCH", batch)
    table, packed = predict.predict_images(pictures, open_model(model_folder, 1), top=2)
    assert table["label"].tolist() == ["bar", "", "corner.fina"]
    assert table["image"].tolist() == [str(path) for path in pictures]
    assert table["fault"].tolist() == ["", NOT_AN_IMAGE, ""]
    assert packed.shape == (3, 128, 16) and packed[0].any() and not packed[1].any()


def test_the_geometry_is_unknown(pictures, model_folder, monkeypatch):
    recognizer = open_model(model_folder, 1)
    seen = []
    monkeypatch.setattr(
        type(recognizer),
        "probabilities",
        lambda self, feeds: seen.append(feeds["geometry"]) or np.ones((2, 6), np.float32),
    )
    predict.predict_images(pictures, recognizer)
    assert seen[0].shape == (2, 7) and seen[0].dtype == np.float32 and not seen[0].any()


def test_diacritics_are_drawn_small(pictures, model_folder):
    _, packed = predict.predict_images(pictures[:1], open_model(model_folder, 1), diacritic=True)
    assert packed[0, 63].any() and not packed[0, 64:].any()


def test_a_picture_in_doubt_is_read_in_every_way(glyphlens, tmp_path, model_folder):
    """A block in a frame as thick as strokes are: the answer says how sure it is that the frame is none of it."""
    grey = np.full((128, 128), 255, np.uint8)
    grey[:9] = grey[-9:] = grey[:, :9] = grey[:, -9:] = 0
    grey[40:88, 60:69] = 0
    path = tmp_path / "framed.png"
    Image.fromarray(grey).save(path)
    (row,) = predict.predict_images([path], open_model(model_folder, 1)).table.to_dict("records")
    assert "ink" in row["note"] and row["note"].endswith("% sure")
    status, out, _ = glyphlens("predict", path, "--model", model_folder)
    assert status == 0 and "note" in out and "% sure" in out


def test_a_plain_picture_has_no_note(pictures, model_folder):
    table = predict.predict_images(pictures, open_model(model_folder, 1)).table
    assert table["note"].tolist() == ["", "", ""]
    assert table.columns[-2:].tolist() == ["note", "fault"]


def test_a_language_makes_what_it_does_not_need_less_likely(pictures, model_folder):
    recognizer = open_model(model_folder, 1)
    plain, spoken = (
        predict.predict_images(pictures[:1], recognizer, top=6, language=language).table.iloc[0].to_dict()
        for language in (None, "ur")
    )
    assert plain["label"] == spoken["label"] and plain["confidence"] == spoken["confidence"]  # all are of the language
    assert {plain[name] for name in plain if name.startswith("code_points")} == {"U+0628", "U+0627 U+0644"}
    with pytest.raises(InputError, match="--language is for models of the Arabic script"):
        predict.predict_images(pictures[:1], open_model(releases()["kanji"], 1), language="ur")
