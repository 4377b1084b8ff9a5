"""Every target has a lock of exact pins; its environment is made when it is missing or of another lock."""

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from glyphlens.cli.runtimes import TargetName
from glyphlens.core.errors import GlyphlensError, InputError
from glyphlens.edge import environment
from glyphlens.edge.environment import TARGETS, environment_python
from glyphlens.edge.worker import RUNTIMES, TO

ROOT = Path(__file__).resolve().parents[2]


def pins(file: Path) -> dict[str, str]:
    found = [re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.]+)", line) for line in file.read_text().splitlines()]
    assert all(found), file
    return {pin[1].lower().replace("_", "-"): pin[2] for pin in found if pin}


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_locked_with_its_runtime(target: str) -> None:
    own, house = pins(ROOT / "edge" / f"{target}.lock"), pins(ROOT / "requirements.lock")
    assert RUNTIMES[target] in own
    assert own.get("torch", house["torch"]) == house["torch"], "a saved program is read by the torch that wrote it"


def test_the_command_offers_what_the_worker_converts() -> None:
    assert [each.value for each in TargetName] == list(TARGETS) == list(TO) == list(RUNTIMES)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge/openvino.lock").write_text("openvino==1.0\n")
    return tmp_path


def made(root: Path, stamp: str) -> Path:
    folder = root / ".edge/openvino"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").touch()
    (folder / ".set-up").write_text(stamp)
    return folder


def test_an_environment_of_the_same_lock_is_used_as_it_is(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(root, hashlib.sha256(b"openvino==1.0\n").hexdigest())
    monkeypatch.setattr(subprocess, "run", None)
    assert environment_python(root, "openvino") == folder / "bin/python"


def test_one_of_another_lock_is_made_anew(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(root, "of another lock")
    installed: list[Path] = []
    monkeypatch.setattr(environment, "_install", lambda folder, lock: installed.append(lock))
    environment_python(root, "openvino")
    assert installed == [root / "edge/openvino.lock"]
    assert (folder / ".set-up").read_text().strip() == hashlib.sha256(b"openvino==1.0\n").hexdigest()


def test_one_that_cannot_be_installed_is_not_taken_for_whole(root: Path) -> None:
    (root / "edge/openvino.lock").write_text("no such requirement at all\n")
    with pytest.raises(GlyphlensError, match="cannot be installed"):
        environment_python(root, "openvino")
    assert not (root / ".edge/openvino/.set-up").exists()
    assert "no such requirement" in (root / ".edge/openvino/set-up.log").read_text()


def test_without_its_lock_a_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run from the repository's root"):
        environment_python(tmp_path, "openvino")
