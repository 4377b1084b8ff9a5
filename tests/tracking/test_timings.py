"""Every stage has one entry, of where and when it was measured last, however many stages write at once."""

import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.tracking.timings import note_timing, read_timings
from tests.tracking.repository import commit_all, git

WRITERS = 4


def note(path: Path, stage: str) -> None:
    for seconds in range(5):
        note_timing(path, stage, seconds=seconds)


def test_an_entry_says_where_and_at_which_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "params.yaml").touch()
    commit = commit_all(tmp_path)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "metrics/timings.json"
    for seconds in (3.0, 4.0):
        note_timing(path, "phase2", seconds=seconds)
    entry = read_timings(path)["phase2"]
    assert (entry["seconds"], entry["commit"]) == (4.0, commit)
    assert {"cpu", "cores", "gpu", "torch"} <= set(entry["machine"])
    (tmp_path / "params.yaml").write_text("seed: 1")
    note_timing(path, "phase2", seconds=5.0)
    assert read_timings(path)["phase2"]["commit"] == f"{commit}+changes"


def test_stages_that_end_at_once_lose_no_entry(tmp_path: Path) -> None:
    path, stages = tmp_path / "timings.json", [f"kanji@{number}" for number in range(WRITERS)]
    with ProcessPoolExecutor(WRITERS) as pool:
        list(pool.map(note, [path] * WRITERS, stages))
    assert {stage: entry["seconds"] for stage, entry in read_timings(path).items()} == dict.fromkeys(stages, 4)


def test_the_order_of_the_stages_does_not_show(tmp_path: Path) -> None:
    for stage in ("b", "a"):
        note_timing(tmp_path / "timings.json", stage)
    assert list(read_timings(tmp_path / "timings.json")) == ["a", "b"]


@pytest.mark.parametrize("content", ["[]", json.dumps({"phase2": 3}), "<<<<<<< HEAD"])
def test_a_broken_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "timings.json").write_text(content)
    with pytest.raises(InputError, match=r"timings\.json: "):
        note_timing(tmp_path / "timings.json", "phase2", seconds=1.0)
