"""Drift is what DVC itself would run again, seen without its data; the repositories are run by the real DVC."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.review.drift import Drift, find_drift
from tests.preloaded import python
from tests.scratch_repository import Repository

GRAPH = """
vars:
  - kanji: {recognizers: [cnn, vit]}
stages:
  pack:
    cmd: mkdir -p data && cat packages/*.txt packages/deep/*.txt src/pack.py > data/packed
    deps: [packages, src/pack.py]
    params: [pack]
    outs: [data/packed]
    metrics: [{metrics/pack.json: {cache: false}}]
  kanji:
    matrix: {recognizer: "${kanji.recognizers}"}
    cmd: mkdir -p models/${item.recognizer} && cp data/packed models/${item.recognizer}/weights
    deps: [data/packed, "src/${item.recognizer}.py"]
    params: ["recognizers.${item.recognizer}"]
    outs: ["models/${item.recognizer}"]
  release:
    cmd: mkdir release && cp models/cnn/weights release/weights
    deps: [models]
    outs: [{release: {cache: false}}]
"""
PARAMS = """
pack: {share: 3e-4}
recognizers: {cnn: {lr: 0.001, widths: [1, 2]}, vit: {lr: 1e-5}}
"""
IGNORED = """
/data
/models
/packages/?*
!/packages/*.txt
!/packages/deep/
!/packages/*.dvc
/packages/own.txt
"""

CHANGES = [
    ("src/cnn.py", "cnn", "CNN", ("kanji@cnn", "src/cnn.py")),
    ("src/pack.py", "\r\n", "\n", ("pack", "src/pack.py")),
    ("packages/deep/c.txt", "c", "C", ("pack", "packages")),
    ("metrics/pack.json", "{}", '{"a": 1}', ("pack", "metrics/pack.json")),
    ("release/weights", "packages", "Packages", ("release", "release")),
    ("params.yaml", "3e-4", "4e-4", ("pack", "pack.share")),
    ("params.yaml", "1e-5", "2e-5", ("kanji@vit", "recognizers.vit.lr")),
    ("params.yaml", "[1, 2]", "[1, 3]", ("kanji@cnn", "recognizers.cnn.widths")),
    ("dvc.yaml", "cp models/cnn/weights", "mv models/cnn/weights", ("release", "command")),
    ("dvc.yaml", "deps: [models]", "deps: [models, src/cnn.py]", ("release", "src/cnn.py")),
    ("dvc.yaml", "outs: [data/packed]", "outs: [data/packed, data/more]", ("pack", "data/more")),
]


def dvc(folder: Path, *arguments: str) -> str:
    command = [python().with_name("dvc"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository after `dvc repro`, committed."""
    made = Repository(tmp_path_factory.mktemp("drift") / "ran")
    dvc(made.folder, "init", "--quiet")
    made.write(
        "dvc.yaml",
        GRAPH.replace("> data/packed\n", "> data/packed && mkdir -p metrics && echo '{}' > metrics/pack.json\n"),
    )
    made.write("params.yaml", PARAMS)
    made.write(".gitignore", IGNORED)
    for path in ("packages/b.txt", "packages/a.txt", "packages/deep/c.txt", "src/pack.py", "src/cnn.py", "src/vit.py"):
        made.write(path, f"{path}\r\n")
    dvc(made.folder, "repro", "--quiet")
    made.commit()
    return made.folder


@pytest.fixture
def clone(ran: Path, tmp_path: Path) -> Path:
    """The same as somebody else has it: no data, no cache."""
    subprocess.run(["git", "clone", "--quiet", ran, tmp_path / "clone"], check=True)
    return tmp_path / "clone"


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new).encode())


def seen(folder: Path) -> set[tuple[str, str]]:
    return {(drift.stage, drift.what) for drift in find_drift(folder)}


def test_a_run_that_is_committed_fits(clone: Path) -> None:
    assert find_drift(clone) == []


@pytest.mark.parametrize(("path", "old", "new", "expected"), CHANGES)
def test_a_change_is_named(clone: Path, path: str, old: str, new: str, expected: tuple[str, str]) -> None:
    replace(clone / path, old, new)
    assert seen(clone) == {expected}


def test_dvc_names_the_same(clone: Path) -> None:
    for path, old, new, _ in CHANGES:
        replace(clone / path, old, new)
    ours = {(stage, what if "/" in what else what.partition(".")[0]) for stage, what in seen(clone)}
    assert ours == set(named_by_dvc(clone))


def named_by_dvc(folder: Path) -> Iterator[tuple[str, str]]:
    """What `dvc status` calls changed, but for data that is only not there; of parameters the first part."""
    for stage, entries in json.loads(dvc(folder, "status", "--json")).items():
        for entry in entries:
            if entry == "changed command":
                yield stage, "command"
                continue
            for paths in entry.values():
                for path, state in paths.items():
                    if isinstance(state, dict):
                        yield from ((stage, name.partition(".")[0]) for name in state)
                    elif state not in ("deleted", "not in cache") or path == "data/more":
                        yield stage, path


def test_numbers_written_otherwise_are_the_same(clone: Path) -> None:
    replace(clone / "params.yaml", "3e-4", "0.0003")
    assert find_drift(clone) == []


def test_drift_says_what_was_recorded_and_what_is(clone: Path) -> None:
    replace(clone / "params.yaml", "1e-5", "2e-5")
    assert find_drift(clone) == [Drift("kanji@vit", "recognizers.vit.lr", 1e-5, 2e-5)]


def test_a_stage_that_never_ran_is_named(clone: Path) -> None:
    replace(clone / "dvc.yaml", "[cnn, vit]", "[cnn, vit, third]")
    assert ("kanji@third", "dvc.lock") in seen(clone)


def test_a_stage_whose_input_was_written_anew_is_behind(clone: Path) -> None:
    """Only the first of two stages ran and was committed: the lock itself says so, without data."""
    written = "outs:\n    - path: data/packed\n      hash: md5\n      md5: "
    md5 = (clone / "dvc.lock").read_text(encoding="utf-8").split(written)[1][:32]
    replace(clone / "dvc.lock", written + md5, written + md5[::-1])
    assert seen(clone) == {("kanji@cnn", "data/packed"), ("kanji@vit", "data/packed")}


def test_code_that_is_gone_is_named(clone: Path) -> None:
    (clone / "src/vit.py").unlink()
    assert seen(clone) == {("kanji@vit", "src/vit.py")}


OWN = "packages/own.txt"  # which git ignores


def test_a_file_of_ones_own_is_a_change_to_dvc_and_here(clone: Path) -> None:
    (clone / OWN).write_text("a font of mine", encoding="utf-8")
    assert seen(clone) == set(named_by_dvc(clone)) == {("pack", "packages")}


def test_a_git_repository_among_the_sources_is_seen_as_dvc_sees_it(clone: Path) -> None:
    mine = Repository(clone / "packages/mine")
    mine.write("font.txt", "a font of mine")
    assert seen(clone) == set(named_by_dvc(clone)) == {("pack", "packages")}
    rerun(clone)
    assert find_drift(clone) == []
    mine.commit("which DVC does not see")
    assert seen(clone) == set(named_by_dvc(clone)) == set()


def test_folders_that_dvc_does_not_look_into_are_no_change(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/font.txt").write_text("a font", encoding="utf-8")
    (clone / "packages/linked").symlink_to(tmp_path / "elsewhere")
    (clone / "packages/other/.dvc").mkdir(parents=True)
    (clone / "packages/other/font.txt").write_text("a font", encoding="utf-8")
    assert seen(clone) == set(named_by_dvc(clone)) == set()


def test_a_linked_file_is_a_change_to_dvc_and_here(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "font.txt").write_text("a font", encoding="utf-8")
    (clone / OWN).symlink_to(tmp_path / "font.txt")
    assert seen(clone) == set(named_by_dvc(clone)) == {("pack", "packages")}


def test_a_link_to_nowhere_is_named(clone: Path, tmp_path: Path) -> None:
    (clone / OWN).symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match=f"^{OWN}: cannot be read.*; remove it or mend the link"):
        find_drift(clone)


def test_names_that_are_no_utf_8_are_compared_too(clone: Path) -> None:
    (clone / os.fsdecode(b"packages/own\xff.txt")).write_text("a font of mine", encoding="utf-8")
    (clone / os.fsdecode(b"notes\xff.md")).write_text("elsewhere", encoding="utf-8")
    assert seen(clone) == {("pack", "packages")}


def test_what_dvc_ignores_is_no_change(clone: Path) -> None:
    (clone / ".dvcignore").write_text("own.*\n", encoding="utf-8")
    (clone / OWN).write_text("a backup", encoding="utf-8")
    assert seen(clone) == set(named_by_dvc(clone)) == set()


@pytest.fixture(scope="module")
def ran_with_own(ran: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with data in which a file of one's own was used, committed."""
    folder = tmp_path_factory.mktemp("own") / "own"
    shutil.copytree(ran, folder)
    (folder / OWN).write_text("a font of mine", encoding="utf-8")
    rerun(folder)
    return folder


@pytest.fixture
def with_own(ran_with_own: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(ran_with_own, tmp_path / "own"))


def rerun(folder: Path) -> None:
    dvc(folder, "repro", "--quiet")
    for words in (("add", "--all"), ("commit", "--quiet", "--message", "own")):
        subprocess.run(["git", *words], cwd=folder, check=True)


def cloned(folder: Path, target: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", folder, target], check=True)
    return target


def test_a_run_with_files_of_ones_own_fits_here_and_in_a_clone(with_own: Path, tmp_path: Path) -> None:
    assert find_drift(with_own) == []
    other = cloned(with_own, tmp_path / "other")
    assert find_drift(other) == []
    (other / "packages/d.txt").write_text("more", encoding="utf-8")
    assert seen(other) == {("pack", "packages")}


def test_a_file_of_ones_own_that_is_gone_is_a_change_where_the_data_is(with_own: Path) -> None:
    (with_own / OWN).unlink()
    assert seen(with_own) == set(named_by_dvc(with_own)) == {("pack", "packages")}


def test_a_file_that_dvc_keeps_is_compared_in_a_clone_too(with_own: Path, tmp_path: Path) -> None:
    dvc(with_own, "add", "--quiet", OWN)
    assert seen(with_own) == set(named_by_dvc(with_own)) == {("pack", "packages")}
    rerun(with_own)
    assert find_drift(with_own) == []
    other = cloned(with_own, tmp_path / "other")
    assert find_drift(other) == []
    note = (other / f"{OWN}.dvc").read_text(encoding="utf-8")
    (other / f"{OWN}.dvc").write_text(note.replace("md5: ", "md5: 0", 1), encoding="utf-8")
    assert seen(other) == {("pack", "packages")}


def test_a_folder_that_dvc_keeps_is_taken_as_recorded_in_a_clone(with_own: Path, tmp_path: Path) -> None:
    (with_own / "packages/set").mkdir()
    for name in "ab":
        (with_own / "packages/set" / name).write_text(name, encoding="utf-8")
    dvc(with_own, "add", "--quiet", "packages/set")
    rerun(with_own)
    assert find_drift(with_own) == []
    assert find_drift(cloned(with_own, tmp_path / "other")) == []


@pytest.mark.parametrize("name", ["dvc.lock", "dvc.yaml", "params.yaml"])
def test_a_file_that_is_not_there_is_named(clone: Path, name: str) -> None:
    (clone / name).unlink()
    with pytest.raises(InputError, match=f"^{name}: not in the repository"):
        find_drift(clone)


def test_data_that_is_there_changes_nothing(ran: Path, tmp_path: Path) -> None:
    shutil.copytree(ran, tmp_path / "copy")
    assert find_drift(tmp_path / "copy") == []
