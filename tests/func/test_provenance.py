"""A real training during which params.yaml is edited: nothing false is recorded and no training is lost."""

import time

import pytest

from tests.func.small_repository import SmallRepository

PATIENCE_S = 1800
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workspace(small: SmallRepository, tmp_path_factory: pytest.TempPathFactory) -> SmallRepository:
    return small.second_workspace(tmp_path_factory.mktemp("provenance") / "glyphlens")


def test_parameters_edited_during_a_training_are_not_recorded(workspace: SmallRepository) -> None:
    workspace.set({"phase1.lr": 0.002})
    kept, before = (workspace.folder / "params.yaml").read_bytes(), workspace.lock()
    process = workspace.start("dvc", "repro", "phase1")
    deadline = time.monotonic() + PATIENCE_S
    while not list(workspace.folder.glob("checkpoints/phase1/*")):  # it has read its parameters
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    workspace.set({"phase1.lr": 0.004})
    told, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode != 0
    assert "step/s" in told
    assert "params.yaml: phase1.lr was 0.002, is 0.004" in told
    assert workspace.lock() == before

    (workspace.folder / "params.yaml").write_bytes(kept)
    again = workspace.start("dvc", "repro", "phase1")
    assert "step/s" not in again.communicate(timeout=PATIENCE_S)[0]
    assert again.returncode == 0
    assert workspace.lock()["phase1"]["params"]["params.yaml"]["phase1"]["lr"] == 0.002
    assert not list(workspace.folder.glob("checkpoints/phase1/*/finished.pt"))
    assert "phase1" not in workspace.status()
