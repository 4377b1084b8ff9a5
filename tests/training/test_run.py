"""A training's folder: whose it is, when it goes, where a training goes on from."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

import glyphlens
from glyphlens.core.errors import CheckpointError, OutputError
from glyphlens.training.checkpoints import IDENTITY, Identity
from glyphlens.training.run import TrainingRun, identify, training_run
from tests.training.two_processes import alone, environment, torchrun

CONFIG = {"lr": 0.003, "network": {"widths": [8, 16]}}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with one data file, resuming by itself."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.bin").write_bytes(b"1")
    resume("auto")
    return tmp_path


def resume(where: object, batch_workers: int = 0) -> None:
    checkpoint = f"checkpoint: {{resume: {where}, minutes: 5}}\n"
    machine = f"machine: {{workers: 1, batch_workers: {batch_workers}}}\n"
    Path("params.yaml").write_text(checkpoint + machine, encoding="utf-8")


def save_state(folder: Path, step: int, identity: Identity) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    state = folder / f"step-{step}.ckpt"
    torch.save({IDENTITY: json.dumps(asdict(identity))}, state)
    return state


def started(stage: str = "phase2", config: dict[str, Any] = CONFIG) -> TrainingRun:
    """The run as it begins; its folder is kept as after an error."""
    try:
        with training_run(stage, config, [Path("data.bin")]) as run:
            raise ZeroDivisionError
    except ZeroDivisionError:
        return run


@pytest.mark.parametrize("process", ["0", "1"])
def test_never_begins_anew_in_every_process_of_several(process: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = started()
    save_state(first.folder, 5, first.identity)
    resume("never")
    monkeypatch.setenv("RANK", process)
    assert started().start is None


def test_how_many_processes_make_batches_is_said_by_the_machine_and_makes_no_other_training() -> None:
    before = started()
    resume("auto", batch_workers=2)
    after = started()
    assert (before.batch_workers, after.batch_workers) == (0, 2)
    assert (before.folder, before.identity) == (after.folder, after.identity)


def test_the_folder_goes_when_all_is_written_and_stays_after_an_error() -> None:
    first = started()
    assert first.folder.is_dir()
    with training_run("phase2", CONFIG, [Path("data.bin")]) as again:
        assert again.folder == first.folder
    assert not first.folder.exists()


def test_another_stage_configuration_or_data_has_another_folder() -> None:
    folders = [started().folder, started("phase1").folder, started(config={**CONFIG, "lr": 0.001}).folder]
    Path("data.bin").write_bytes(b"2")
    folders.append(started().folder)
    assert len(set(folders)) == len(folders)
    assert all(folder.is_relative_to(Path("checkpoints").absolute()) for folder in folders)


CELLS, T2T_VIT = "tracks/arabic/primitives/cells.py", "tracks/kanji/recognizers/t2t_vit.py"


@pytest.mark.parametrize(
    ("path", "old", "new", "is_other"),
    [
        (CELLS, "cells_NRPCP.transpose(0, 1, 3, 2, 4)", "cells_NRPCP.transpose(0, 1, 3, 4, 2)", True),
        (CELLS, '"""Rasters cut into 8×8 cells; ', '"""Rasters in cells; ', False),
        (T2T_VIT, "class Network(nn.Module):\n", "class Network(nn.Module):\n    width = 1\n", False),
        (T2T_VIT, '"""', '"""It says: ', False),
    ],
)
def test_a_training_is_of_the_code_that_it_runs_and_of_no_other(
    project: Path, monkeypatch: pytest.MonkeyPatch, path: str, old: str, new: str, is_other: bool
) -> None:
    package = project / "glyphlens"
    shutil.copytree(Path(glyphlens.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(glyphlens, "__file__", str(package / "__init__.py"))
    before = identify("phase1", CONFIG, [])
    text = (package / path).read_text(encoding="utf-8")
    assert old in text
    (package / path).write_text(text.replace(old, new, 1), encoding="utf-8")
    assert (identify("phase1", CONFIG, []) != before) == is_other


def test_the_same_training_twice_at_once_has_two_folders() -> None:
    with training_run("phase2", CONFIG, [Path("data.bin")]) as one:
        with training_run("phase2", CONFIG, [Path("data.bin")]) as other:
            assert one.folder != other.folder
        assert one.folder.is_dir() and not other.folder.exists()


def test_temporary_experiments_keep_their_states_in_the_repository(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".dvc/tmp/exps/tmpabc").mkdir(parents=True)
    monkeypatch.chdir(project / ".dvc/tmp/exps/tmpabc")
    Path("data.bin").write_bytes(b"1")
    resume("auto")
    assert started().folder.parent == project / "checkpoints/phase2"


def test_a_training_goes_on_from_its_newest_state_unless_told_not_to() -> None:
    run = started()
    save_state(run.folder, 6, run.identity)
    newest = save_state(run.folder, 12, run.identity)
    assert started().start == newest
    resume("never")
    assert started().start is None
    assert not list(run.folder.glob("*.ckpt"))


def test_a_state_is_gone_on_from_by_its_path(tmp_path: Path) -> None:
    state = save_state(tmp_path / "elsewhere", 6, identify("phase2", CONFIG, [Path("data.bin")]))
    resume(state)
    assert started().start == state


def test_a_state_of_another_stage_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    resume(save_state(tmp_path / "elsewhere", 6, identify("phase1", CONFIG, [Path("data.bin")])))
    assert started().start is None
    assert "a state of phase1; left alone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("config", "data", "said"),
    [
        ({**CONFIG, "lr": 0.001}, b"1", r"lr: 0\.003 here, 0\.001 there"),
        ({**CONFIG, "network": {"widths": [8, 32]}}, b"1", r"network\.widths: \[8, 16\] here, \[8, 32\] there"),
        (CONFIG, b"2", r"data\.data\.bin: \w{64} here, \w{64} there"),
    ],
)
def test_a_state_of_another_training_is_refused_by_name(
    tmp_path: Path, config: dict[str, Any], data: bytes, said: str
) -> None:
    Path("data.bin").write_bytes(data)
    state = save_state(tmp_path / "elsewhere", 6, identify("phase2", config, [Path("data.bin")]))
    Path("data.bin").write_bytes(b"1")
    resume(state)
    with pytest.raises(CheckpointError, match=rf"step-6\.ckpt: a state of another training \({said}\)"):
        started()


@pytest.fixture
def other_threads() -> Iterator[int]:
    """One thread of torch more than before, until the test ends."""
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    yield before + 1
    torch.set_num_threads(before)


def test_another_number_of_threads_is_another_training(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Sums of floats are cut up by threads: one and two give other weights."""
    before = started()
    state = save_state(tmp_path / "elsewhere", 6, before.identity)
    threads = request.getfixturevalue("other_threads")
    assert started().folder != before.folder
    resume(state)
    with pytest.raises(CheckpointError, match=rf"another training \(threads: {threads} here, {threads - 1} there\)"):
        started()


def test_no_room_says_what_a_training_resumes_from() -> None:
    state = save_state(started().folder, 6, started().identity)
    told = rf"full; `dvc repro`, or the same command again, resumes from {state}"
    with pytest.raises(OutputError, match=told), training_run("phase2", CONFIG, [Path("data.bin")]):
        raise OutputError("full")


def test_ctrl_c_after_the_training_says_that_it_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    finished = started().folder / "finished.pt"
    finished.touch()
    with pytest.raises(KeyboardInterrupt), training_run("phase2", CONFIG, [Path("data.bin")]):
        raise KeyboardInterrupt
    assert f"phase2: interrupted; it is trained: `dvc repro`, or the same command again, reads {finished}" in (
        capsys.readouterr().out
    )


class Evil:
    """What a state from elsewhere may hold: to be unpickled, it makes a file."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("made",)


@pytest.mark.parametrize("place", ["named", "newest"])
def test_nothing_in_a_state_is_run(tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = started()
    state = save_state(run.folder if place == "newest" else tmp_path, 6, run.identity)
    torch.save({IDENTITY: json.dumps(asdict(run.identity)), "more": Evil()}, state)
    if place == "newest":
        assert started().start is None
        assert "cut short (it holds more than tensors" in capsys.readouterr().out
    else:
        resume(state)
        with pytest.raises(CheckpointError, match=r"step-6\.ckpt: not a training state .* nothing in it was run"):
            started()
    assert not Path("made").exists()


def test_a_file_that_is_no_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    for path in ("notes.txt", "nowhere.ckpt"):
        resume(path)
        with pytest.raises(CheckpointError, match=rf"{path}: not a training state of glyphlens"):
            started()


@pytest.mark.slow
@pytest.mark.parametrize(("network", "tolerance"), [("plain", 1e-5), ("cnn", 0.25)])
def test_two_processes_learn_as_one_does(tmp_path: Path, network: str, tolerance: float) -> None:
    """Without a GPU, batch normalisation sees 16 of the 32 rows a process; but for that the curves are the same."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    both = [
        subprocess.Popen(command, env=environment(), cwd=tmp_path, **pipes)
        for command in (alone(network), torchrun(network))
    ]
    curves = []
    for process in both:
        told, errors = process.communicate()
        assert process.returncode == 0, errors[-2000:]
        curves.append(json.loads(told.splitlines()[-1]))
    assert [row[:2] for row in curves[0]] == [row[:2] for row in curves[1]]
    gaps = [abs(one[2] - two[2]) for one, two in zip(*curves, strict=True) if one[1].endswith("loss")]
    assert len(gaps) > 0
    assert max(gaps) <= tolerance
