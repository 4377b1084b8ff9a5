"""``glyphlens verify`` on a cache with a file, a folder and what DVC leaves between."""

import hashlib
import json
import sys
from pathlib import Path

import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from glyphlens.commands.verify import find_objects
from tests.preloaded import python


def put(store: Path, content: bytes, suffix: str = "") -> str:
    """An object as DVC keeps it; its hash."""
    key = hashlib.md5(content).hexdigest()
    file = store / "files/md5" / key[:2] / f"{key[2:]}{suffix}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    file.chmod(0o444)
    return key + suffix


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The objects of ``cache``: a file, a folder of two files, and one that no output has."""
    monkeypatch.chdir(tmp_path)
    found = {name: put(Path("cache"), name.encode()) for name in ("alone", "first", "second", "old")}
    listed = [{"md5": found[name], "relpath": f"{name}.bin"} for name in ("first", "second")]
    found["folder"] = put(Path("cache"), json.dumps(listed).encode(), ".dir")
    outs = [{"path": "data/alone", "md5": found["alone"]}, {"path": "data/folder", "md5": found["folder"]}]
    YAML().dump({"stages": {"make": {"cmd": "make", "outs": outs}}}, Path("dvc.lock"))
    (tmp_path / "cache/files/md5/ab").mkdir()
    (tmp_path / "cache/files/md5/ab/half-written.tmp").touch()
    return found


def damage(key: str) -> Path:
    file = find_objects(Path("cache"))[key]
    file.chmod(0o644)
    file.write_bytes(b"other")
    file.chmod(0o444)
    return file


def test_a_whole_cache(glyphlens, keys):
    assert glyphlens("verify", "cache") == (0, "cache: 5 objects, 0 damaged\n", "")


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("alone", "data/alone"),
        ("second", "data/folder/second.bin"),
        ("folder", "data/folder"),
        ("old", "of no output in dvc.lock"),
    ],
)
def test_a_damaged_object_is_named_with_its_output(glyphlens, keys, name, output):
    file = damage(keys[name])
    status, out, err = glyphlens("verify", "cache")
    assert (status, err) == (1, "")
    assert f"{file}: damaged: {output}\n" in out and "5 objects, 1 damaged" in out
    assert file.exists()


def test_remove_takes_the_object_and_the_list_that_has_it_and_nothing_else(glyphlens, keys):
    damage(keys["second"])
    workspace = Path("data/folder/second.bin")
    workspace.parent.mkdir(parents=True)
    workspace.touch()
    before = workspace.stat().st_mtime_ns
    assert glyphlens("verify", "cache", "--remove")[0] == 1
    assert set(find_objects(Path("cache"))) == set(keys.values()) - {keys["second"], keys["folder"]}
    assert workspace.stat().st_mtime_ns > before
    assert glyphlens("verify", "cache")[0] == 0


def test_a_folder_that_is_no_cache_is_named(glyphlens, tmp_path):
    status, out, err = glyphlens("verify", tmp_path)
    assert (status, out) == (2, "") and f"{tmp_path}: no files/md5/…; give the folder of a DVC cache" in err


def test_the_cache_is_the_one_that_dvc_uses_from_any_folder(glyphlens, keys, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(python()))
    Repo.init(".", no_scm=True).close()
    Path(".dvc/config").write_text("[core]\n    no_scm = True\n[cache]\n    dir = ../cache\n")
    assert glyphlens("verify") == (0, "cache: 5 objects, 0 damaged\n", "")
    damage(keys["alone"])
    Path("data").mkdir()
    Path("data/alone").touch()
    before = Path("data/alone").stat().st_mtime_ns
    monkeypatch.chdir("data")
    status, out, _ = glyphlens("verify", "--remove")
    assert status == 1 and ": damaged: data/alone\n" in out and f"{tmp_path}/cache: 5 objects, 1 damaged" in out
    assert Path("alone").stat().st_mtime_ns > before


def test_without_a_repository_the_folder_has_to_be_named(glyphlens, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = glyphlens("verify")
    assert (status, out) == (2, "") and f"{tmp_path}: no DVC repository; give the folder of a cache or remote" in err
