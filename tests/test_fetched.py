"""Two test processes that want the same data at the same moment: fetched by one, used by both."""

from multiprocessing import get_context
from pathlib import Path
from time import sleep

from tests.fetched import fetched_once


def _fetch(folder: Path) -> None:
    folder.mkdir()
    sleep(0.3)
    (folder / "data").write_text("whole")


def _want(folder: Path) -> str:
    return (fetched_once(folder, _fetch) / "data").read_text()


def test_two_processes_at_once_find_one_whole_folder(tmp_path: Path) -> None:
    with get_context("spawn").Pool(2) as pool:
        assert pool.map(_want, [tmp_path / "kept"] * 2, chunksize=1) == ["whole", "whole"]
    assert {path.name for path in tmp_path.iterdir()} <= {"kept", "kept.lock"}
