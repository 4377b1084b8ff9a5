"""Training: it learns, repeats bit by bit, survives SIGKILL bit by bit, and tidies up."""

import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
import torch
from torch.nn.functional import cross_entropy

from glyphlens.core.curves import read_curves
from glyphlens.tracks.arabic.recognizers.grid import GridRecognizer
from glyphlens.tracks.arabic.training.glyph_training import GlyphParams, GlyphTask
from glyphlens.training.batches import Batch, StepSource
from glyphlens.training.callbacks import warmed_decay
from glyphlens.training.checkpoints import newest_state
from glyphlens.training.loop import train
from glyphlens.training.machine import this_machine
from glyphlens.training.task import Task
from tests.training.processes import exit_code
from tests.training.settings import COMMON, GLYPH, kept_in

CLASSES = 5
ROWS = 8  # of a batch


class Striped:
    """Grids whose first rows tell the class; the process gets a signal when asked for step ``fatal``."""

    def __init__(self, fatal: int = -1, how: signal.Signals = signal.SIGKILL) -> None:
        self.fatal, self.how = fatal, how

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        if step == self.fatal:
            os.kill(os.getpid(), self.how)
        generator = torch.Generator().manual_seed(step)
        targets = torch.randint(0, CLASSES, (ROWS,), generator=generator)
        grids = torch.randint(0, 16, (ROWS, 16, 16), generator=generator)
        grids[:, :8] = targets[:, None, None] + 1
        return Batch((grids, torch.zeros(ROWS, 7)), targets, targets > 2)


def settings(**changes: object) -> GlyphParams:
    return GlyphParams.model_validate({**COMMON, **GLYPH, "batch": ROWS, **changes})


def run(
    folder: Path,
    fatal: int = -1,
    how: signal.Signals = signal.SIGKILL,
    *,
    minutes: float = 5,
    source: StepSource[Batch] | None = None,
    validation: Sequence[Batch] | None = None,
    task: Task[Batch] | None = None,
    workers: int = 0,
    **changes: object,
) -> tuple[GridRecognizer, pd.DataFrame]:
    params = settings(**changes)
    torch.manual_seed(0)
    model = GridRecognizer(params.grid_config(CLASSES, 15))
    trained = train(
        model,
        source or Striped(fatal, how),
        validation or held_out(),
        params,
        task=task or GlyphTask(params),
        **kept_in(folder, minutes, workers),
    )
    return model, trained.curves


def held_out() -> list[Batch]:
    return [Striped().batch(1000 + number) for number in range(2)]


def weights(model: GridRecognizer) -> torch.Tensor:
    return torch.cat([tensor.double().flatten() for tensor in model.state_dict().values()])


class Finished(NamedTuple):
    """A training with the settings as they are, that nothing interrupted."""

    folder: Path
    weights: torch.Tensor
    curves: pd.DataFrame


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Leave its folder as it is."""
    folder = tmp_path_factory.mktemp("straight") / "run"
    model, curves = run(folder)
    return Finished(folder, weights(model), curves)


def assert_same(trained: tuple[GridRecognizer, pd.DataFrame], straight: Finished) -> None:
    model, curves = trained
    assert torch.equal(weights(model), straight.weights)
    pd.testing.assert_frame_equal(curves, straight.curves)


@pytest.mark.parametrize("able", [True, False])
def test_bfloat16_is_for_processors_that_compute_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, able: bool
) -> None:
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {"avx512_bf16": able})
    mixed: set[bool] = set()

    def note(module: torch.nn.Module, _: object) -> None:
        mixed.add(torch.is_autocast_enabled("cpu"))

    hook = torch.nn.modules.module.register_module_forward_pre_hook(note)
    run(tmp_path, steps=2, validate_every=1, precision="bf16-mixed")
    hook.remove()
    assert mixed == {able}
    assert this_machine().device == ("CPU" if able else "CPU without bfloat16")


def test_training_learns(tmp_path: Path) -> None:
    model, curves = run(tmp_path / "run", steps=40, lr=0.01)
    last = curves[curves["name"] == "val_top1"]["value"].iloc[-1]
    assert last > 0.9
    assert not model.training


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_the_weights_left_are_those_that_were_validated(tmp_path: Path, ema_decay: float) -> None:
    """Lightning leaves callbacks out of a file of weights alone, and the average with them."""
    model, curves = run(tmp_path / "run", ema_decay=ema_decay, precision="32-true")
    scores = curves.pivot_table(index="step", columns="name", values="value")
    best = scores.loc[scores["val_top1"].idxmax()]
    with torch.no_grad():
        losses = [cross_entropy(model(*batch.inputs), batch.targets).item() for batch in held_out()]
    assert sum(losses) / len(losses) == pytest.approx(best["val_loss"], abs=1e-4)


def test_a_finished_training_is_not_lost_before_its_model_is_saved(tmp_path: Path, straight: Finished) -> None:
    shutil.copytree(straight.folder, tmp_path / "run")
    assert_same(run(tmp_path / "run", fatal=0), straight)  # would be killed if it trained a step


def test_two_trainings_give_identical_weights(tmp_path: Path, straight: Finished) -> None:
    assert_same(run(tmp_path), straight)


def test_two_trainings_of_other_settings_give_identical_weights(tmp_path: Path) -> None:
    changes: dict[str, object] = {"schedule": "plateau", "ema_decay": 0.0, "precision": "32-true"}
    first, curves = run(tmp_path / "a", **changes)
    assert_same(run(tmp_path / "b", **changes), Finished(tmp_path / "a", weights(first), curves))


def test_batches_made_ahead_by_workers_give_identical_weights(tmp_path: Path, straight: Finished) -> None:
    assert_same(run(tmp_path, workers=2), straight)


@pytest.mark.parametrize("fatal", [3, 13, 23])
def test_a_killed_training_goes_on_bit_by_bit(tmp_path: Path, straight: Finished, fatal: int) -> None:
    assert exit_code(run, tmp_path, fatal) == -signal.SIGKILL
    assert (newest_state(tmp_path) is None) == (fatal < 6)
    assert states(tmp_path) == [step for step in (6, 12, 18) if step < fatal][-2:]  # keep_last is 2
    assert (tmp_path / "best.ckpt").exists() == (fatal > 6)
    assert_same(run(tmp_path), straight)


def states(folder: Path) -> list[int]:
    return sorted(int(path.stem.removeprefix("step-")) for path in folder.glob("step-*.ckpt"))


def test_a_training_that_is_asked_to_end_says_that_it_is_not_done(tmp_path: Path, straight: Finished) -> None:
    """Lightning ends with 0 there, and DVC would take what is half done for the stage's result."""
    assert exit_code(asked_to_end, tmp_path) == 128 + signal.SIGTERM
    assert_same(run(tmp_path), straight)


def asked_to_end(folder: Path) -> None:
    run(folder, fatal=13, how=signal.SIGTERM)


def test_a_state_cut_short_is_passed_over(
    tmp_path: Path, straight: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(run, tmp_path, 23) == -signal.SIGKILL
    newest = newest_state(tmp_path)
    assert newest
    newest.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2])
    assert_same(run(tmp_path), straight)
    assert newest.name in capsys.readouterr().out


class Spoiled(Striped):
    """From step 24 on, every grid carries the next class's label."""

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        batch = super().batch(step, rank, world)
        return batch if step < 24 else batch._replace(targets=(batch.targets + 1) % CLASSES)


def test_best_weights_are_kept_not_the_last(tmp_path: Path) -> None:
    params = settings(steps=60, lr=0.01, ema_decay=0.0)
    torch.manual_seed(0)
    model = GridRecognizer(params.grid_config(CLASSES, 15))
    validation = [Striped().batch(1000 + number) for number in range(2)]
    curves, _ = train(
        model,
        Spoiled(),
        validation,
        params,
        task=GlyphTask(params),
        **kept_in(tmp_path / "run"),
    )
    accuracies = curves[curves["name"] == "val_top1"]["value"]
    with torch.inference_mode():
        hits = torch.cat([model(*batch.inputs).argmax(1) == batch.targets for batch in validation])
    assert accuracies.iloc[-1] < 0.3 < 0.5 < accuracies.max()
    assert float(hits.float().mean()) == pytest.approx(accuracies.max(), abs=0.05)


@pytest.mark.parametrize(("averaged", "expected"), [(0, 0.1), (8, 0.5), (10_000, 0.998)])
def test_averaging_forgets_the_first_steps(averaged: int, expected: float) -> None:
    assert warmed_decay(averaged, 0.998) == pytest.approx(expected)


def test_tables_of_integers_are_not_averaged(tmp_path: Path) -> None:
    params = settings(steps=4)
    torch.manual_seed(0)
    model = GridRecognizer(params.grid_config(CLASSES, 15))
    model.register_buffer("table", torch.arange(1, 100))
    validation = [Striped().batch(1000)]
    train(model, Striped(), validation, params, task=GlyphTask(params), **kept_in(tmp_path))
    assert torch.equal(model.table, torch.arange(1, 100))


@pytest.mark.parametrize(("steps", "validated"), [(12, [6, 12]), (15, [6, 12, 15]), (4, [4])])
def test_the_last_step_is_validated_and_no_step_twice(tmp_path: Path, steps: int, validated: list[int]) -> None:
    _, curves = run(tmp_path / "run", steps=steps)
    assert curves[curves["name"] == "val_top1"]["step"].tolist() == validated


def test_the_curves_lie_in_files_also_those_of_a_resumed_training(tmp_path: Path, straight: Finished) -> None:
    shutil.copytree(straight.folder, tmp_path / "run")
    assert_same_values(read_curves(tmp_path / "run/curves"), straight.curves)
    files = {path: path.read_bytes() for path in (tmp_path / "run/curves").rglob("*") if path.is_file()}
    shutil.rmtree(tmp_path / "run/curves")
    run(tmp_path / "run", fatal=0)  # finished: written again, not trained again
    assert {path: path.read_bytes() for path in files} == files


def assert_same_values(read: pd.DataFrame, logged: pd.DataFrame) -> None:
    expected = logged.sort_values(["name", "step"], kind="stable", ignore_index=True)
    pd.testing.assert_frame_equal(read, expected, check_dtype=False)


def test_patience_stops_a_training_that_stands_still(tmp_path: Path) -> None:
    _, curves = run(tmp_path / "run", steps=60, lr=1e-12, ema_decay=0.0, patience=2)
    assert curves["step"].max() < 60
