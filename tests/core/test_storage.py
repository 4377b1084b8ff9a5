import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from glyphlens.core.errors import InputError, OutputError
from glyphlens.core.storage import (
    load_array,
    load_json,
    load_table,
    replacing_folder,
    save_array,
    save_json,
    save_metrics,
    save_table,
    save_text,
    sha256_file,
    sha256_tree,
    writing,
)

LIMIT_BYTES = 20_000
WRITERS = {
    "array": "save_array(path, np.zeros(100_000))",
    "table": "save_table(path, pd.DataFrame({'x': np.random.default_rng(0).random(100_000)}))",
    "text": "save_text(path, 'x' * 100_000)",
    "json": "save_json(path, list(range(100_000)))",
}
FULL_DISK = """
import resource, sys
import numpy as np, pandas as pd
from pathlib import Path
from glyphlens.core.errors import OutputError
from glyphlens.core.storage import *
path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    {writer}
except OutputError as error:
    print(error)
    sys.exit(3)
"""


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS.keys())
@pytest.mark.parametrize("before", [None, b"what was there before"])
def test_what_does_not_fit_leaves_nothing_behind(tmp_path: Path, writer: str, before: bytes | None) -> None:
    """The limit on a file's size stands for a full disk: both end a write half-way."""
    path = tmp_path / "result"
    if before is not None:
        path.write_bytes(before)
    script = FULL_DISK.format(limit=LIMIT_BYTES, writer=writer)
    run = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=False)
    assert run.returncode == 3, run.stderr
    assert f"{path}: cannot be written" in run.stdout
    assert "MiB free); nothing was left behind" in run.stdout
    assert names(tmp_path) == ([] if before is None else ["result"])
    assert before is None or path.read_bytes() == before


def test_an_error_inside_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "result"
    save_text(path, "old")
    with pytest.raises(TypeError), writing(path) as partial, partial.open("w") as handle:
        handle.writelines(["new, but not wh", None])  # type: ignore[list-item]
    assert (path.read_text(), names(tmp_path)) == ("old", ["result"])


def test_the_old_file_is_there_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "result"
    save_text(path, "old")
    with writing(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert (path.read_text(), names(tmp_path)) == ("new", ["result"])


def test_a_folder_in_the_way_is_an_output_error_or_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "result").mkdir()
    with pytest.raises((OutputError, OSError)):
        save_text(tmp_path / "result", "x")
    assert names(tmp_path) == ["result"]


@settings(deadline=None)
@given(arrays.arrays(st.sampled_from([np.uint8, np.int64, np.float32, np.uint16]), arrays.array_shapes(min_side=0)))
def test_arrays_round_trip(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray) -> None:
    path = tmp_path_factory.mktemp("arrays") / "deep/er/array.npy"
    save_array(path, array)
    for mmap in (False, True):
        found = load_array(path, mmap=mmap)
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)


def test_tables_round_trip_and_repeat_byte_for_byte(tmp_path: Path) -> None:
    table = pd.DataFrame({"label": ["beh.init", "عين"], "index": [3, 4], "share": [0.5, np.nan], "flag": [True, False]})
    save_table(tmp_path / "one.parquet", table)
    save_table(tmp_path / "two.parquet", table)
    pd.testing.assert_frame_equal(load_table(tmp_path / "one.parquet"), table)
    assert sha256_file(tmp_path / "one.parquet") == sha256_file(tmp_path / "two.parquet")


def test_json_round_trips_and_ends_with_a_line(tmp_path: Path) -> None:
    content = {"label": "عين", "numbers": [1, 2.5, None, True]}
    save_json(tmp_path / "a.json", content)
    assert load_json(tmp_path / "a.json") == content
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert "عين" in text


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_is_refused(tmp_path: Path, value: float) -> None:
    with pytest.raises(ValueError, match=r"JSON|metric 'x'"):
        save_json(tmp_path / "a.json", {"x": value})
    with pytest.raises(ValueError, match="metric 'x' is"):
        save_metrics(tmp_path / "a.json", {"x": value})
    assert names(tmp_path) == []


def test_metrics_are_few_and_rounded(tmp_path: Path) -> None:
    save_metrics(tmp_path / "m.json", {"top1": 0.8123456, "classes": 1412, "samples": np.int64(7), "whole": 1.0})
    assert json.loads((tmp_path / "m.json").read_text()) == {
        "top1": 0.8123,
        "classes": 1412,
        "samples": 7,
        "whole": 1.0,
    }
    with pytest.raises(ValueError, match="7 metrics, the limit is 6"):
        save_metrics(tmp_path / "m.json", {f"m{number}": 0.0 for number in range(7)})


@pytest.mark.parametrize(
    ("load", "name", "content"),
    [
        (load_array, "a.npy", b"\x93NUMPY broken"),
        (load_array, "a.npy", b""),
        (load_table, "a.parquet", b"PAR1 broken"),
        (load_table, "a.parquet", b""),
        (load_json, "a.json", b"{"),
        (load_json, "a.json", b"\xff\xfe"),
    ],
)
def test_broken_and_missing_files_are_named(tmp_path: Path, load, name: str, content: bytes) -> None:
    path = tmp_path / name
    with pytest.raises(InputError, match=f"{name}: not a readable"):
        load(path)
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"{name}: not a readable"):
        load(path)


def test_a_pickled_array_is_not_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"x": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="not a readable"):
        load_array(tmp_path / "a.npy")


def test_the_hash_of_a_folder_sees_names_and_bytes_not_its_place(tmp_path: Path) -> None:
    for folder, name, text in (("a", "x/one", "1"), ("b", "x/one", "1"), ("c", "x/two", "1"), ("d", "x/one", "2")):
        save_text(tmp_path / folder / name, text)
    a, b, c, d = (sha256_tree(tmp_path / folder) for folder in "abcd")
    assert a == b
    assert len({a, c, d}) == 3
    assert sha256_tree(tmp_path / "a/x/one") == sha256_file(tmp_path / "a/x/one")


def test_nothing_to_hash_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file there"):
        sha256_tree(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        sha256_file(tmp_path / "absent")


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    for number in (1, 2):
        with replacing_folder(folder) as fresh:
            save_text(fresh / f"only in {number}", f"{number}")
        assert names(folder) == [f"only in {number}"]
    assert names(tmp_path) == ["release"]


def test_a_folder_that_the_system_refuses_is_named_with_the_room_left(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    save_text(folder / "model", "old")
    with pytest.raises(OutputError, match=r"release: cannot be written .*MiB free"), replacing_folder(folder) as fresh:
        (fresh / ("long" * 80)).touch()
    assert (names(folder), names(tmp_path)) == (["model"], ["release"])


def test_a_folder_that_cannot_be_finished_stays_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    save_text(folder / "model", "old")
    with pytest.raises(InputError), replacing_folder(folder) as fresh:  # noqa: PT012 - halfway
        save_text(fresh / "model", "new")
        load_json(fresh / "labels.json")
    assert (names(folder), (folder / "model").read_text()) == (["model"], "old")
    assert names(tmp_path) == ["release"]


def test_a_file_that_is_mounted_by_itself_is_written(tmp_path: Path) -> None:
    """As `docker -v answers.csv:/answers.csv` mounts it: it cannot be replaced."""
    (tmp_path / "host.txt").write_text("old")
    (tmp_path / "inside.txt").touch()
    mount = ["mount", "--bind", tmp_path / "host.txt", tmp_path / "inside.txt"]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs permission")
    try:
        save_text(tmp_path / "inside.txt", "new")
        assert (tmp_path / "host.txt").read_text() == "new"
        assert names(tmp_path) == ["host.txt", "inside.txt"]
    finally:
        subprocess.run(["umount", tmp_path / "inside.txt"], check=True)
