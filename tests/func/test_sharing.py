"""Data and models through remotes: a folder, SSH, another repository; and damaged objects, found and replaced."""

import getpass
import json
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import dvc.api
import pytest

from glyphlens.commands.verify import find_objects
from glyphlens.core.storage import sha256_tree
from glyphlens.tracks import tracks
from tests.func.small_repository import SmallRepository
from tests.func.ssh_server import asyncssh_server, openssh_server, write_keys

GLYPHS = "data/arabic/glyphs"
DATABASE = f"{GLYPHS}/glyphs.db"
MODEL = "models/kanji/export/cnn/int8.onnx"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sender(small: SmallRepository, tmp_path_factory: pytest.TempPathFactory) -> SmallRepository:
    """A workspace with everything in its cache, and a remote folder that is configured but empty."""
    made = small.second_workspace(tmp_path_factory.mktemp("sender") / "glyphlens")
    made.dvc("remote", "add", "--default", "shared", str(made.folder.with_name("remote")))
    made.commit("a remote")
    return made


@pytest.fixture
def receiver(sender: SmallRepository, tmp_path: Path) -> SmallRepository:
    """A fresh clone after `dvc pull` from the folder."""
    sender.dvc("push")
    made = sender.clone(tmp_path / "receiver")
    made.dvc("pull")
    return made


# ── remotes ──────────────────────────────────────────────────────────────────────────────────
def test_a_clone_pulls_all_from_a_folder_and_has_nothing_to_do(
    sender: SmallRepository, receiver: SmallRepository
) -> None:
    assert receiver.status() == {}
    for name in (*(f"data/{track}" for track in tracks()), "models", "reports"):
        assert sha256_tree(receiver.folder / name) == sha256_tree(sender.folder / name)


@pytest.fixture
def ssh_port(tmp_path: Path) -> Iterator[int]:
    """The port of a server on loopback: OpenSSH's sshd, else asyncssh's, which comes with the client that DVC uses."""
    write_keys(tmp_path / "keys")
    with ExitStack() as stack:
        try:
            port = stack.enter_context(openssh_server(tmp_path / "keys"))
        except ConnectionError as error:
            warnings.warn(f"{error}; asyncssh's server is used instead", stacklevel=1)
            port = stack.enter_context(asyncssh_server(tmp_path / "keys"))
        yield port


def test_a_clone_pulls_all_through_ssh_and_has_nothing_to_do(
    sender: SmallRepository, ssh_port: int, tmp_path: Path
) -> None:
    clones = [sender.second_workspace(tmp_path / "pushes"), sender.clone(tmp_path / "pulls")]
    address = f"ssh://{getpass.getuser()}@127.0.0.1:{ssh_port}{tmp_path / 'remote'}"
    for clone in clones:
        clone.dvc("remote", "add", "--local", "--default", "loopback", address)
        clone.dvc("remote", "modify", "--local", "loopback", "keyfile", str(tmp_path / "keys/user"))
    clones[0].dvc("push")
    clones[1].dvc("pull")
    assert find_objects(tmp_path / "remote")
    assert clones[1].status() == {}
    assert sha256_tree(clones[1].folder / GLYPHS) == sha256_tree(sender.folder / GLYPHS)


# ── damage ───────────────────────────────────────────────────────────────────────────────────
def object_of(repository: SmallRepository, path: str, store: Path) -> Path:
    """The object that holds a file inside of a folder that a stage writes."""
    outs = {out["path"]: out["md5"] for stage in repository.lock().values() for out in stage["outs"]}
    folder = next(out for out in outs if path.startswith(f"{out}/"))
    objects = find_objects(store)
    listed = {entry["relpath"]: entry["md5"] for entry in json.loads(objects[outs[folder]].read_bytes())}
    return objects[listed[path.removeprefix(f"{folder}/")]]


def damage(file: Path) -> None:
    """Change a byte and leave the file as long and as protected as it was."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(content)
    file.chmod(0o444)


def test_a_damaged_cache_is_named_and_mended(receiver: SmallRepository, sender: SmallRepository) -> None:
    cached = object_of(receiver, DATABASE, receiver.folder / ".dvc/cache")
    damage(cached)
    (receiver.folder / DATABASE).unlink()
    receiver.dvc("checkout")  # DVC trusts its cache …
    assert receiver.status() == {}
    assert (receiver.folder / DATABASE).read_bytes() != (sender.folder / DATABASE).read_bytes()

    told = receiver.glyphlens_fails("verify", "--remove")
    assert f"{cached.relative_to(receiver.folder)}: damaged: {DATABASE}\n" in told
    assert receiver.status() != {}  # … until it has to look again
    receiver.dvc("fetch")
    receiver.dvc("checkout", "--force")
    assert (receiver.folder / DATABASE).read_bytes() == (sender.folder / DATABASE).read_bytes()
    assert receiver.status() == {}
    assert "0 damaged" in receiver.glyphlens("verify")


def test_a_damaged_remote_is_refused_named_and_mended(sender: SmallRepository, tmp_path: Path) -> None:
    sender.dvc("push")
    remote = sender.folder.with_name("remote")
    stored = object_of(sender, DATABASE, remote)
    damage(stored)
    clone = sender.clone(tmp_path / "clone")
    clone.dvc("remote", "modify", "--local", "shared", "verify", "true")
    assert GLYPHS in clone.dvc_fails("pull", GLYPHS)
    assert not (clone.folder / DATABASE).exists()

    assert f"{stored}: damaged: {DATABASE}\n" in sender.glyphlens_fails("verify", str(remote), "--remove")
    sender.dvc("push")
    clone.dvc("pull", GLYPHS)
    assert (clone.folder / DATABASE).read_bytes() == (sender.folder / DATABASE).read_bytes()
    assert "0 damaged" in sender.glyphlens("verify", str(remote))


# ── a registry of data ───────────────────────────────────────────────────────────────────────
@pytest.fixture
def other(sender: SmallRepository, tmp_path: Path) -> SmallRepository:
    """Another project: an empty repository with DVC."""
    sender.dvc("push")
    folder = tmp_path / "other"
    folder.mkdir()
    made = SmallRepository(folder)
    made.git("init", "--quiet", "--initial-branch", "main")
    made.dvc("init", "--quiet")
    made.commit("start")
    return made


def test_another_repository_imports_the_database_and_a_model(sender: SmallRepository, other: SmallRepository) -> None:
    for path in (DATABASE, MODEL):
        other.dvc("import", str(sender.folder), path, "--rev", "main")
        name = Path(path).name
        assert (other.folder / name).read_bytes() == (sender.folder / path).read_bytes()
        source = (other.folder / f"{name}.dvc").read_text(encoding="utf-8")
        assert path in source
        assert sender.git("rev-parse", "main").strip() in source
    assert other.status() == {}
    other.commit("the database and a model")
    (other.folder / "glyphs.db").unlink()
    other.dvc("pull", "glyphs.db.dvc")
    with closing(sqlite3.connect(other.folder / "glyphs.db")) as database:
        assert database.execute("SELECT count(*) FROM glyphs").fetchone()[0] > 1000


def test_a_file_without_a_repository_of_ones_own(sender: SmallRepository, tmp_path: Path) -> None:
    sender.dvc("get", str(sender.folder), MODEL, "--out", str(tmp_path / "model.onnx"))
    assert (tmp_path / "model.onnx").read_bytes() == (sender.folder / MODEL).read_bytes()


def test_python_reads_data_and_metrics_of_a_commit(sender: SmallRepository) -> None:
    where = {"repo": str(sender.folder), "rev": "main"}
    metrics = json.loads(dvc.api.read("metrics/arabic/rasters.json", **where))
    with dvc.api.open("data/arabic/rasters/classes.json", **where) as handle:
        assert len(json.load(handle)["classes"]) == metrics["classes"]
