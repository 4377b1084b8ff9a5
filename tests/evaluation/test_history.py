"""The run record names code, configuration, data and models, and changes when they do."""

import subprocess
from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.params import read_sections
from glyphlens.evaluation.history import config_hash, git_commit, run_record

SECTIONS = ("seed", "phase2")


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_configuration_hash_sees_values_of_this_track_only(tmp_path: Path) -> None:
    def hash_of(path: Path) -> str:
        return config_hash(read_sections(SECTIONS, path))

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


def test_the_commit_says_whether_code_was_changed(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    assert git_commit(tmp_path) is None  # no commit yet
    code, metric = write(tmp_path / "src/a.py", "1"), write(tmp_path / "metrics/a.json", "1")
    git("add", ".")
    git("commit", "-q", "--no-verify", "-m", "first")
    commit = git("rev-parse", "HEAD")
    metric.write_text("2", encoding="utf-8")
    assert git_commit(tmp_path) == commit
    code.write_text("2", encoding="utf-8")
    assert git_commit(tmp_path) == f"{commit}+changes"


def test_outside_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert git_commit(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_commit(Path()) is None
