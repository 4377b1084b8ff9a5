"""An export folder is read as it was written; a release has one file and a manifest of it alone."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json, sha256_file, sha256_tree
from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.folder import ExportFolder, Manifest, ModelContent, Tensor
from tests.changed_bytes import with_changed_bytes

CLASSES = (CharacterClass("beh", ("U+0628",), "isol", ("beh",), ("teh",), 7), CharacterClass("fatha"))
MANIFEST = Manifest(
    script="arabic",
    preparation={"ratio": 0.25},
    classes=CLASSES,
    inputs=(Tensor(name="raster", dtype="uint8", shape=("batch", 8, 8)),),
)


@pytest.fixture
def folder(tmp_path: Path) -> ExportFolder:
    written = ExportFolder(tmp_path / "export")
    contents = {"fp32": ModelContent(b"fp32", 1.5), "int8": ModelContent(b"int8", 1.25)}
    written.save_models(MANIFEST, contents, "glyphs")
    return written


def test_what_was_written_is_read(folder: ExportFolder) -> None:
    manifest = folder.manifest
    assert [file.name for file in folder.model_files] == ["glyphs.fp32.onnx", "glyphs.int8.onnx"]
    assert {kind: file.temperature for kind, file in manifest.files.items()} == {"fp32": 1.5, "int8": 1.25}
    for file in manifest.files.values():
        assert file.sha256 == sha256_file(folder.path / file.name)
    assert [(entry.label, entry.lookalikes, entry.count) for entry in manifest.classes] == [
        ("beh", ("teh",), 0),
        ("fatha", (), 0),
    ]
    assert (manifest.inputs, manifest.preparation) == (MANIFEST.inputs, MANIFEST.preparation)


def test_the_same_content_gives_the_same_bytes(folder: ExportFolder) -> None:
    before = sha256_tree(folder.path)
    contents = {"fp32": ModelContent(b"fp32", 1.5), "int8": ModelContent(b"int8", 1.25)}
    folder.save_models(folder.manifest, contents, "glyphs")
    assert sha256_tree(folder.path) == before


def test_files_beside_the_model_are_released_where_they_lie(folder: ExportFolder, tmp_path: Path) -> None:
    beside = folder.path / "words" / "table.json"
    beside.parent.mkdir()
    beside.write_text("[]", encoding="utf-8")
    target = tmp_path / "release"
    target.mkdir()
    folder.release(target, "int8", "# A card\n", [beside])
    assert (target / "words" / "table.json").read_text(encoding="utf-8") == "[]"
    with pytest.raises(ValueError, match="elsewhere"):
        folder.release(target, "int8", "# A card\n", [tmp_path / "elsewhere"])


def test_a_release_is_one_file_and_what_is_said_of_it(folder: ExportFolder, tmp_path: Path) -> None:
    released = ExportFolder(tmp_path / "release")
    released.path.mkdir()
    folder.release(released.path, "int8", "# A card\n")
    assert released.only_model().read_bytes() == b"int8"
    assert list(released.manifest.files) == ["int8"]
    assert released.card.read_text(encoding="utf-8") == "# A card\n"
    released.manifest.require_listed(released.only_model())


def test_a_file_has_the_precision_that_the_manifest_says(folder: ExportFolder) -> None:
    manifest = folder.manifest
    assert [manifest.precision_of(file) for file in folder.model_files] == ["fp32", "int8"]
    assert manifest.precision_of(folder.path / "step.int8.onnx") is None


def test_the_int8_file_is_used_where_it_is_offered(folder: ExportFolder) -> None:
    assert folder.manifest.used_precision == "int8"
    folder.withdraw("int8")
    assert folder.manifest.used_precision == "fp32"


def test_a_withdrawn_file_is_gone_from_the_manifest_too(folder: ExportFolder) -> None:
    folder.withdraw("int8")
    assert folder.only_model().name == "glyphs.fp32.onnx" and list(folder.manifest.files) == ["fp32"]


def test_a_file_that_was_changed_or_renamed_is_not_listed(folder: ExportFolder) -> None:
    file = folder.path / "glyphs.fp32.onnx"
    folder.manifest.require_listed(file)
    with pytest.raises(InputError, match=r"other\.onnx: not a file that labels\.json"):
        folder.manifest.require_listed(file.rename(file.with_name("other.onnx")))
    file.write_bytes(b"changed")
    with pytest.raises(InputError, match=r"glyphs\.fp32\.onnx: not a file that labels\.json"):
        folder.manifest.require_listed(file)


def test_a_label_map_of_an_earlier_release_is_read(tmp_path: Path) -> None:
    entry = {"label": "beh", "code_points": ["U+0628"], "form": "", "members": [], "lookalikes": []}
    old = {"script": "arabic", "image_px": 128, "rule": {"a": 1}, "temperature": 0.9, "classes": [entry]}
    save_json(tmp_path / "labels.json", old)
    manifest = ExportFolder(tmp_path).manifest
    assert (manifest.decoder, manifest.files, manifest.preparation) == ("softmax", {}, {"a": 1})
    assert manifest.classes[0].code_points == ("U+0628",) and manifest.scores == 1
    manifest.require_listed(tmp_path / "any.onnx")


def test_predictions_are_named_arrays(folder: ExportFolder) -> None:
    folder.save_predictions({"rows": np.arange(3)})
    np.testing.assert_array_equal(folder.predictions(["rows"])["rows"], [0, 1, 2])
    with pytest.raises(InputError, match=r"predictions\.npz: arrays missing: top5"):
        folder.predictions(["rows", "top5"])
    for _ in with_changed_bytes(folder.path / "predictions.npz"):
        with suppress(InputError):  # any other error fails
            folder.predictions(["rows"])
    (folder.path / "predictions.npz").write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"predictions\.npz: not a readable"):
        folder.predictions(["rows"])


def test_a_skipped_recogniser_says_why(folder: ExportFolder) -> None:
    folder.save_skipped({"recognizer": "stroke_rnn"}, "no strokes")
    assert folder.measured() == {"recognizer": "stroke_rnn", "skipped": "no strokes"}
    assert load_json(folder.path / "training.json") == {"skipped": "no strokes"}
