import json
import shutil
from pathlib import Path

import pytest

from glyphlens.commands import model
from glyphlens.core.errors import InputError
from glyphlens.tracks.arabic.reader import drawing_rule


def test_a_folder_and_a_file_are_the_same_model(model_folder):
    of_folder, of_file = model.open_model(model_folder, 1), model.open_model(model_folder / "tiny.onnx", 1)
    assert of_folder.classes == of_file.classes and drawing_rule(of_folder).diacritic_ratio == 0.25


def test_the_released_model_of_the_working_folder_is_the_default(tmp_path, monkeypatch, model_folder):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(model_folder, tmp_path / "models/arabic/release")
    assert model.releases()["arabic"] == Path("models/arabic/release")
    assert model.open_model(None, 1).path == Path("models/arabic/release/tiny.onnx")


def test_a_release_is_named_from_any_folder(tmp_path, monkeypatch, model_folder):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(model, "REPOSITORY", tmp_path / "elsewhere")
    for name in ("kanji", "other"):
        shutil.copytree(model_folder, tmp_path / f"elsewhere/models/{name}/release")
    (tmp_path / "kanji").mkdir()  # as a folder `models` has
    assert model.open_model(Path("kanji"), 1).path == tmp_path / "elsewhere/models/kanji/release/tiny.onnx"
    with pytest.raises(InputError, match=r"kanij: no such model; .*the name of a release \(kanji, other\)"):
        model.open_model(Path("kanij"), 1)


def test_a_model_of_ones_own_comes_before_a_release_of_its_name(tmp_path, monkeypatch, model_folder):
    monkeypatch.chdir(tmp_path)
    for place in ("kanji", "models/kanji/release"):
        shutil.copytree(model_folder, tmp_path / place)
    assert model.open_model(Path("kanji"), 1).path == Path("kanji/tiny.onnx")


def test_without_any_model_the_way_to_one_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(model, "REPOSITORY", tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"models/arabic/release: no model there; .*dvc repro evaluate.*--model"):
        model.open_model(None, 1)


def test_a_path_without_a_model_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere: no such model"):
        model.open_model(tmp_path / "nowhere", 1)


@pytest.mark.parametrize(
    "rule", [{}, {"diacritic_rule": "guess", "diacritic_ratio": 0.25}, {"diacritic_rule": "ratio"}]
)
def test_a_label_map_without_a_drawing_rule_is_refused(tmp_path, model_folder, rule):
    shutil.copytree(model_folder, tmp_path / "model")
    labels: Path = tmp_path / "model" / "labels.json"
    labels.write_text(json.dumps(json.loads(labels.read_text()) | {"rule": rule}))
    with pytest.raises(InputError, match=r"labels\.json: 'rule' is"):
        drawing_rule(model.open_model(tmp_path / "model", 1))
