"""Exports are read whole; what does not fit the sample set is named with its file."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glyphlens.core.curves import CURVES
from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json
from glyphlens.data.sample_set import SampleSet
from glyphlens.tracks.kanji.evaluation.exports import facts_table, read_exports
from tests.tracks.kanji.evaluation.forged_exports import measured, save_predictions, write_export
from tests.tracks.kanji.gates.forged_samples import write_set


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    """Five classes by twelve hands, ten test samples."""
    return SampleSet.open(write_set(tmp_path_factory.mktemp("kanji") / "samples"))


def test_an_export_is_read_as_it_was_written(tmp_path: Path, samples: SampleSet) -> None:
    write_export(tmp_path / "cnn", samples, wrong={3: 0})
    save_json(tmp_path / "stroke_rnn/measured.json", {"recognizer": "stroke_rnn", "skipped": "no strokes"})
    (export,), skipped = read_exports(tmp_path, samples)
    assert skipped == {"stroke_rnn": "no strokes"}
    assert (export.rows_n == samples.rows("test")).all()
    assert (np.flatnonzero(export.fp32_n != samples.class_indices[export.rows_n])).tolist() == [3]
    assert export.curves.name == "cnn"
    assert facts_table([export])[["recognizer", "fp32_mb", "int8_mb"]].to_numpy().tolist() == [["cnn", 1.6, 0.5]]


def test_an_export_without_curves_is_named(tmp_path: Path, samples: SampleSet) -> None:
    shutil.rmtree(write_export(tmp_path / "cnn", samples) / CURVES)
    with pytest.raises(InputError, match="cnn/curves: no training history"):
        read_exports(tmp_path, samples)


def test_no_recogniser_is_an_error(tmp_path: Path, samples: SampleSet) -> None:
    for folder in (tmp_path / "gone", tmp_path):
        with pytest.raises(InputError, match="no exported recogniser"):
            read_exports(folder, samples)
    save_json(tmp_path / "stroke_rnn/measured.json", {"skipped": "no strokes"})
    with pytest.raises(InputError, match="no exported recogniser"):
        read_exports(tmp_path, samples)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reads": "sound"}, "measured.json: reads: "),
        ({"val_top1": None}, "measured.json: val_top1: "),
    ],
)
def test_a_bad_measurement_is_named(tmp_path: Path, samples: SampleSet, change: dict[str, Any], message: str) -> None:
    folder = write_export(tmp_path / "cnn", samples)
    save_json(folder / "measured.json", measured("cnn", **change))
    with pytest.raises(InputError, match=message):
        read_exports(tmp_path, samples)


def test_a_missing_measurement_is_named(tmp_path: Path, samples: SampleSet) -> None:
    folder = write_export(tmp_path / "cnn", samples)
    save_json(folder / "measured.json", {name: v for name, v in measured("cnn").items() if name != "int8_mb"})
    with pytest.raises(InputError, match="cnn/measured.json: int8_mb: Field required"):
        read_exports(tmp_path, samples)
    assert "int8_mb" not in load_json(folder / "measured.json")


ARRAYS: dict[str, tuple[dict[str, Any], str]] = {
    "an array short": ({"int8": np.zeros(3, np.int32)}, r"int8 has the shape \(3,\), rows \(10,\)"),
    "words for classes": ({"fp32": np.full(10, 0.5, np.float32)}, "fp32 is float32"),
    "an unknown class": ({"fp32": np.full(10, 5, np.int32)}, "fp32 names class 5 of 5"),
    "a negative class": ({"top5": np.full((10, 5), -1, np.int32)}, "top5 names class -1 of 5"),
    "flat top five": ({"top5": np.zeros(10, np.int32)}, "top5 has the shape"),
    "no confidence": ({"confidence": None}, "arrays missing: confidence"),
    "no row": ({name: np.zeros((0, 5) if name == "top5" else 0, np.int32) for name in ("rows", "fp32", "int8", "top5")}
               | {"confidence": np.zeros(0, np.float32)}, "no test row was scored"),
    "rows of training": ({"rows": np.arange(20, 30)}, "row 2[0-9] is not of the test split"),
    "a row twice": ({"rows": np.zeros(10, np.int64)}, "10 rows of which only 1 differ"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), ARRAYS.values(), ids=ARRAYS)
def test_bad_predictions_are_named(tmp_path: Path, samples: SampleSet, change: dict[str, Any], message: str) -> None:
    folder = write_export(tmp_path / "cnn", samples)
    with np.load(folder / "predictions.npz") as archive:
        arrays = {name: archive[name] for name in archive.files} | change
    save_predictions(folder / "predictions.npz", {name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(InputError, match=f"predictions.npz: {message}"):
        read_exports(tmp_path, samples)


def test_a_broken_archive_is_named(tmp_path: Path, samples: SampleSet) -> None:
    folder = write_export(tmp_path / "cnn", samples)
    whole = (folder / "predictions.npz").read_bytes()
    for content in (b"", b"not an archive", whole[: len(whole) // 2]):
        (folder / "predictions.npz").write_bytes(content)
        with pytest.raises(InputError, match="predictions.npz: not a readable"):
            read_exports(tmp_path, samples)
