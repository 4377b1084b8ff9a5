"""Files come from the commit asked for, byte by byte, and from nowhere else."""

import os
import re
from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.review.revisions import commit_of, files_at, repository_root
from tests.scratch_repository import Repository


def everything(path: str) -> bool:
    return True


def test_a_commit_keeps_what_the_workspace_has_changed(repository: Repository) -> None:
    binary = os.urandom(4096) + b"\n\0\n"
    (repository.folder / "odd name\twith ü.bin").write_bytes(binary)
    (repository.folder / "empty").touch()
    commit = repository.commit()
    before = files_at(repository.folder, None, everything)
    assert files_at(repository.folder, commit, everything) == before
    assert before["odd name\twith ü.bin"] == binary
    assert before["empty"] == b""
    (repository.folder / "empty").write_bytes(b"full")
    assert files_at(repository.folder, commit, everything) == before
    assert files_at(repository.folder, None, {"empty"}.__contains__) == {"empty": b"full"}


def test_a_name_that_is_no_utf_8_is_read_like_any_other(repository: Repository) -> None:
    name = os.fsdecode(b"\xff.txt")
    (repository.folder / name).write_bytes(b"content")
    assert files_at(repository.folder, None, everything)[name] == b"content"
    assert files_at(repository.folder, repository.commit(), everything)[name] == b"content"


def test_the_workspace_is_what_git_would_add(repository: Repository) -> None:
    repository.write(".gitignore", "/hidden\n")
    repository.write("hidden", "x")
    repository.write("new", "x")
    Repository(repository.folder / "inner").write("file", "x")  # which git adds as one commit
    (repository.folder / "params.yaml").unlink()
    found = files_at(repository.folder, None, everything)
    assert "new" in found
    assert not {"hidden", "params.yaml", "inner", "inner/", "inner/file"} & set(found)


def test_nothing_wanted_is_nothing_read(repository: Repository) -> None:
    assert files_at(repository.folder, "HEAD", lambda path: False) == {}


@pytest.mark.parametrize("revision", ["nowhere", "--help", "HEAD:params.yaml", ""])
def test_an_unknown_revision_is_named(repository: Repository, revision: str) -> None:
    with pytest.raises(InputError, match=f"^{revision}: git knows no such commit.*git fetch"):
        commit_of(repository.folder, revision)


def test_what_a_shallow_clone_is_told_to_run_brings_the_commit(repository: Repository, tmp_path: Path) -> None:
    for _ in range(3):
        repository.commit()
    clone = Repository(tmp_path / "clone")
    clone.git("remote", "add", "origin", repository.folder.as_uri())
    clone.git("fetch", "--quiet", "--depth=1", "origin", "main")
    clone.git("reset", "--quiet", "--hard", "FETCH_HEAD")
    with pytest.raises(InputError, match="shallow") as caught:
        commit_of(clone.folder, "HEAD~1")
    for command in re.findall(r"`git ([^`]+)`", str(caught.value))[:1]:
        clone.git(*command.split(), "origin", "main")
    assert commit_of(clone.folder, "HEAD~1") == repository.git("rev-parse", "HEAD~1")


def test_a_branch_and_a_tag_are_commits(repository: Repository) -> None:
    repository.git("tag", "--annotate", "v1", "--message", "one")
    assert (
        commit_of(repository.folder, "v1")
        == commit_of(repository.folder, "main")
        == repository.git("rev-parse", "HEAD")
    )


def test_the_root_is_found_from_below_and_missed_outside(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.folder / "metrics/kanji")
    assert repository_root() == repository.folder
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="not a git repository"):
        repository_root()
