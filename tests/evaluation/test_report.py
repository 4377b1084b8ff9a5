"""The run record changes with configuration, data and models; splits are counted."""

from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.params import read_sections
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.report import run_record, split_table

SECTIONS = ("seed", "phase2")


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_configuration_hash_sees_values_of_this_track_only(tmp_path: Path) -> None:
    def hash_of(path: Path) -> str:
        return str(run_record(read_sections(SECTIONS, path), {}, {}, {})["config_sha256"])

    first = write(tmp_path / "a.yaml", "seed: 42\nphase2: {lr: 3e-4, batch: 256}\n")
    same = write(tmp_path / "b.yaml", "# a comment\nphase2:\n  batch: 256\n  lr: 0.0003\nseed: 42\nkanji: {lr: 1}\n")
    other = write(tmp_path / "c.yaml", "seed: 42\nphase2: {lr: 3e-3, batch: 256}\n")
    assert hash_of(first) == hash_of(same) != hash_of(other)
    assert "kanji" not in read_sections(SECTIONS, same)


def test_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params = {"seed": 1}
    data, model = write(tmp_path / "rasters/pixels.npy", "data"), write(tmp_path / "m.onnx", "model")
    record = run_record(params, {"rasters": data.parent}, {"m.onnx": model}, {"test_top1": 0.5})
    assert set(record) == {"config_sha256", "data_sha256", "model_sha256", "metrics"}, "the same at any commit"
    assert record["metrics"] == {"test_top1": 0.5}
    assert len(record["model_sha256"]["m.onnx"]) == 64
    before = record["data_sha256"]["rasters"]
    data.write_text("other data", encoding="utf-8")
    assert run_record(params, {"rasters": data.parent}, {}, {})["data_sha256"]["rasters"] != before
    with pytest.raises(InputError, match="no file there"):
        run_record(params, {"rasters": tmp_path / "absent"}, {}, {})


def test_splits_are_counted_with_the_excluded_last(samples: SampleSet) -> None:
    samples.index.loc[samples.rows("test")[:1], "split"] = "excluded"
    table = split_table(samples)
    assert [part["split"] for part in table] == ["train", "val", "test", "excluded"]
    assert [part["samples"] for part in table] == [8, 5, 7, 1]
    assert table[2]["names"] == ["mada", "qahiri"]
