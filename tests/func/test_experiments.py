"""Experiments as the README runs them: a queued sweep with two workers, and one that is killed and run again."""

import json
import os
import re
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.func.small_repository import SmallRepository

PHASE1 = "metrics/arabic/phase1.json"
PATIENCE_S = 1800
RATES = (0.003, 0.001)
pytestmark = pytest.mark.slow


class Sweep(NamedTuple):
    """Every number of steps with every rate, and of each queued experiment task, name, time and status."""

    workspace: SmallRepository
    steps: tuple[int, ...]
    queue: list[list[str]]


@pytest.fixture(scope="module", params=[(30, 40), pytest.param((35, 45, 55, 65, 75), marks=pytest.mark.full)])
def sweep(request: pytest.FixtureRequest, small: SmallRepository, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """With two workers, to its end; no sweep has steps of another, whose results DVC would take from its cache."""
    workspace = small.second_workspace(tmp_path_factory.mktemp("experiments") / "glyphlens")
    changes = (f"phase1.steps=choice({','.join(map(str, request.param))})", "phase1.lr=choice(3e-3,1e-3)")
    parameters = [word for change in changes for word in ("--set-param", change)]
    workspace.dvc("exp", "run", "--queue", *parameters, "phase1")
    workspace.dvc("queue", "start", "--jobs", "2")
    deadline = time.monotonic() + PATIENCE_S
    while any(task[-1] in ("Queued", "Running") for task in tasks(workspace)):
        assert time.monotonic() < deadline, workspace.dvc("queue", "status")
        time.sleep(5)  # to ask takes a second of the processor that they need
    workspace.glyphlens("track")  # what a busy machine had no time to deliver
    return Sweep(workspace, request.param, tasks(workspace))


def tasks(workspace: SmallRepository) -> list[list[str]]:
    lines = workspace.dvc("queue", "status").splitlines()
    return [line.split() for line in lines if re.match(r"[0-9a-f]{7} ", line)]


def shown(workspace: SmallRepository) -> dict[str, dict[str, Any]]:
    """Metrics of phase 1 and its parameters, by experiment that came to its end, as DVC reads them back."""
    content = json.loads(workspace.dvc("exp", "show", "--json"))
    experiments = [experiment for commit in content for experiment in commit["experiments"] or []]
    # After a hard kill, DVC also shows the dead one as running.
    ended = [entry for entry in experiments if (entry["executor"] or {}).get("state") != "running"]
    return {
        entry["name"]: {
            "params": entry["data"]["params"]["params.yaml"]["data"]["phase1"],
            "metrics": entry["data"]["metrics"][PHASE1]["data"],
        }
        for entry in (experiment["revs"][0] for experiment in ended)
    }


def tracked(workspace: SmallRepository) -> dict[str, dict[str, float]]:
    """Final metrics in MLflow's database, by the name of the experiment."""
    query = (
        "SELECT tags.value, latest_metrics.key, latest_metrics.value FROM runs"
        " JOIN tags ON tags.run_uuid = runs.run_uuid AND tags.key = 'dvc.experiment'"
        " JOIN latest_metrics ON latest_metrics.run_uuid = runs.run_uuid WHERE runs.status = 'FINISHED'"
    )
    found: dict[str, dict[str, float]] = {}
    with closing(sqlite3.connect(workspace.folder / "mlflow.db")) as database:
        for experiment, metric, value in database.execute(query):
            found.setdefault(experiment, {})[metric] = value
    return found


def test_queued_experiments_with_two_workers_all_succeed(sweep: Sweep) -> None:
    logs = {task[1]: sweep.workspace.dvc("queue", "logs", task[1]) for task in sweep.queue}
    expected = ["Success"] * len(sweep.steps) * len(RATES)
    assert [task[-1] for task in sweep.queue] == expected, "\n".join(logs.values())[-6000:]
    assert not re.search(r"[Ll]ock error|LockError|is busy|database is locked|Traceback", "".join(logs.values()))


def test_no_metric_is_lost_or_mixed_up(sweep: Sweep) -> None:
    found = shown(sweep.workspace)
    queued = {(steps, rate) for steps in sweep.steps for rate in RATES}
    assert {(entry["params"]["steps"], entry["params"]["lr"]) for entry in found.values()} == queued
    assert set(found) == {task[1] for task in sweep.queue}
    assert len({tuple(entry["metrics"].values()) for entry in found.values()}) == len(queued)
    in_mlflow = tracked(sweep.workspace)
    assert set(in_mlflow) == set(found)
    for name, entry in found.items():
        assert {key: pytest.approx(in_mlflow[name][key], abs=1e-4) for key in entry["metrics"]} == entry["metrics"]


def test_queued_experiments_leave_the_workspace_and_nothing_else_behind(sweep: Sweep) -> None:
    workspace = sweep.workspace
    assert workspace.git("status", "--porcelain") == ""
    assert list((workspace.folder / "checkpoints/phase1").iterdir()) == []
    assert list((workspace.folder / ".glyphlens/outbox").glob("*.json")) == []


def test_the_sweep_as_table_and_picture(sweep: Sweep, tmp_path: Path) -> None:
    picture = tmp_path / "sweep.png"
    told = sweep.workspace.glyphlens("experiments", "phase1:accuracy", "--output", str(picture))
    assert picture.stat().st_size > 10_000
    assert all(task[1] in told for task in sweep.queue)
    assert re.search(r"experiment +accuracy +phase1\.steps +phase1\.lr", told)


def test_an_experiment_that_is_killed_goes_on_where_it_was(small: SmallRepository, tmp_path: Path) -> None:
    workspace = small.second_workspace(tmp_path / "glyphlens")
    command = ("dvc", "exp", "run", "--temp", "--name", "killed", "--set-param", "phase1.steps=120", "phase1")
    first = workspace.start(*command)
    states = wait_for_states(workspace.folder / "checkpoints/phase1", least_step=30)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert states.is_dir()

    second = workspace.start(*command)
    told, _ = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 0, told
    steps = [int(step) for step in re.findall(r"(\d+)/120 \[", told)]
    assert min(step for step in steps if step) > 30
    assert not states.exists()
    changed = json.loads(workspace.dvc("params", "diff", "--json", "HEAD", "killed"))
    assert changed["params.yaml"]["phase1.steps"]["new"] == 120


def wait_for_states(parent: Path, least_step: int) -> Path:
    """The folder of a training that has come so far."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for state in parent.glob("*/step-*.ckpt"):
            if int(state.stem.removeprefix("step-")) >= least_step:
                return state.parent
        time.sleep(0.05)
    raise AssertionError(f"{parent}: no training came to step {least_step} within {PATIENCE_S} s")


def test_a_stage_that_torchrun_starts_is_one_training(small: SmallRepository, tmp_path: Path) -> None:
    """As the README says: two processes share the stage's command, then `dvc commit` records what they wrote."""
    workspace = small.second_workspace(tmp_path / "glyphlens")
    workspace.set({"onestage.random_steps": 8})
    command = workspace.stages()["onestage"]["cmd"].split()
    module, *options = command[command.index("-m") + 1 :]
    together = workspace.start("torchrun", "--standalone", "--nproc-per-node=2", "-m", "--", module, *options)
    told, _ = together.communicate(timeout=PATIENCE_S)
    assert together.returncode == 0, told
    workspace.dvc("commit", "--force", "onestage")
    assert workspace.dvc("status", "onestage").strip() == "Data and pipelines are up to date."
    curves = workspace.folder / "models/arabic/onestage/curves/metrics.json"
    assert json.loads(curves.read_bytes())["step"] == 8
    assert list((workspace.folder / "checkpoints/onestage").iterdir()) == []
    with closing(sqlite3.connect(workspace.folder / "mlflow.db")) as database:
        assert database.execute("SELECT COUNT(*) FROM runs").fetchone() == (1,)


def test_own_fonts_that_are_added_go_along(small: SmallRepository, arabic_font_path: Path, tmp_path: Path) -> None:
    """An experiment elsewhere has what git and DVC have: not what lies beside them."""
    workspace = small.second_workspace(tmp_path / "glyphlens")
    own = workspace.folder / "data/own_fonts/mine.woff2"
    shutil.copyfile(arabic_font_path, own)
    workspace.dvc("add", "data/own_fonts/mine.woff2")
    workspace.dvc("commit", "--force", "fonts")
    workspace.commit("a font of one's own")
    assert workspace.git("ls-files", "data/own_fonts").split() == [
        "data/own_fonts/README.md",
        "data/own_fonts/mine.woff2.dvc",
    ]
    assert "Stage 'fonts' didn't change" in workspace.dvc("exp", "run", "--temp", "fonts")
