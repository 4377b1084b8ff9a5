"""Lines: batches of like widths, decoding, and a training by CTC that is kept, resumed and exported like any other."""

import os
import signal
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from torch import nn

from glyphlens.core.errors import DivergenceError, InputError, ParamsError
from glyphlens.data.sample_set import SampleSet
from glyphlens.data.tokens import TokenTable
from glyphlens.training.checkpoints import newest_state
from glyphlens.training.lines import CtcTask, LineBatch, LineBatches, greedy_texts, held_out_lines, read_lines
from glyphlens.training.loop import train
from tests.training.processes import exit_code
from tests.training.settings import kept_in
from tests.training.toy_lines import DIGITS, LINES, PARAMS, ToyReader, save_toy_lines, toy_reader

COLUMNS, BUCKETS = 750, 3  # eight lines or twelve


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    return save_toy_lines(tmp_path_factory.mktemp("lines"))


def source(samples: SampleSet) -> LineBatches:
    return LineBatches(samples, COLUMNS, BUCKETS, seed=1)


# ── batches ──────────────────────────────────────────────────────────────────────────────────
@examples(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(step=st.integers(0, 100_000), world=st.sampled_from([1, 2, 4]))
def test_the_shares_of_processes_are_together_the_batch_of_one(samples: SampleSet, step: int, world: int) -> None:
    whole = source(samples).batch(step)
    for rank in range(world):
        part = source(samples).batch(step, rank, world)
        assert torch.equal(part.images_N1HW, whole.images_N1HW[rank::world])
        assert torch.equal(part.widths_N, whole.widths_N[rank::world])
        assert part.texts == whole.texts[rank::world]


def test_a_batch_that_cannot_be_shared_is_refused(samples: SampleSet) -> None:
    with pytest.raises(ParamsError, match=r"a batch of \d+ cannot be shared by 5 processes"):
        source(samples).batch(0, 0, 5)


def test_a_step_shows_lines_of_like_width_and_all_are_shown(samples: SampleSet) -> None:
    batches = [source(samples).batch(step) for step in range(60)]
    assert {text for batch in batches for text in batch.texts} == set(samples.texts)
    widest = [max(samples.widths_N[bucket]) - min(samples.widths_N[bucket]) for bucket in source(samples).buckets]
    assert all(batch.images_N1HW.shape[3] - int(batch.widths_N.min()) <= max(widest) for batch in batches)
    for batch in batches:
        for image, width in zip(batch.images_N1HW, batch.widths_N, strict=True):
            assert not image[:, :, width:].any()


def test_too_few_lines_for_the_buckets_are_refused(samples: SampleSet) -> None:
    with pytest.raises(InputError, match="20 training lines cannot be put into 21 buckets"):
        LineBatches(samples, COLUMNS, LINES + 1, seed=1)


def test_held_out_lines_come_once_each(samples: SampleSet) -> None:
    held_out = held_out_lines(samples, "train", 8)
    assert [len(batch.texts) for batch in held_out] == [8, 8, 4]
    assert sorted(text for batch in held_out for text in batch.texts) == sorted(samples.texts)
    with pytest.raises(IndexError):
        held_out[3]


# ── decoding ─────────────────────────────────────────────────────────────────────────────────
@given(st.text("abc", max_size=6), st.data())
def test_greedy_decoding_inverts_every_alignment(text: str, data: st.DataObject) -> None:
    """Each character some time steps long, blanks between equal ones and anywhere else; what follows is not read."""
    tokens, symbols = TokenTable(tuple("abc")), [0] * data.draw(st.integers(0, 2))
    for place, number in enumerate(tokens.encode(text) + 1):
        is_repeated = place > 0 and text[place] == text[place - 1]
        symbols += [0] * data.draw(st.integers(int(is_repeated), 2)) + [int(number)] * data.draw(st.integers(1, 3))
    steps, symbols = len(symbols), [*symbols, 0, 1, 2]
    logits = nn.functional.one_hot(torch.tensor(symbols), 4).float().unsqueeze(0)
    assert greedy_texts(logits, torch.tensor([steps]), tokens) == [text]


def test_a_network_that_reads_no_lines_is_named(samples: SampleSet) -> None:
    with pytest.raises(TypeError, match="Linear has no time_steps"):
        CtcTask(DIGITS).loss(nn.Linear(2, 2), source(samples).batch(0), 0)


# ── training ─────────────────────────────────────────────────────────────────────────────────
def run(
    folder: Path, samples: SampleSet, made: LineBatches | None = None, **changes: object
) -> tuple[ToyReader, pd.DataFrame]:
    reader = toy_reader()
    params = PARAMS.model_copy(update=changes)
    held_out = held_out_lines(samples, "train", 8)
    trained = train(reader, made or source(samples), held_out, params, task=CtcTask(DIGITS), **kept_in(folder))
    return reader, trained.curves


def values(curves: pd.DataFrame, name: str) -> pd.Series:
    return curves[curves["name"] == name]["value"].reset_index(drop=True)


@torch.inference_mode()
def read(reader: nn.Module, batch: LineBatch) -> list[str]:
    return greedy_texts(*read_lines(reader, batch), DIGITS)


def error_rate(reader: ToyReader, samples: SampleSet) -> float:
    metrics, task = CtcTask(DIGITS).metrics(), CtcTask(DIGITS)
    for batch in held_out_lines(samples, "train", 8):
        with torch.inference_mode():
            task.update(metrics, reader, batch)
    return float(metrics.compute()["val_cer"])


@pytest.fixture(scope="module")
def trained(samples: SampleSet, tmp_path_factory: pytest.TempPathFactory) -> ToyReader:
    reader, curves = run(tmp_path_factory.mktemp("run"), samples)
    assert values(curves, "val_cer").iloc[0] > 0.2
    assert values(curves, "val_cer").min() == 0
    return reader


def test_twenty_lines_are_learnt_by_heart(trained: ToyReader, samples: SampleSet) -> None:
    for batch in held_out_lines(samples, "train", 8):
        assert read(trained, batch) == list(batch.texts)


@pytest.mark.filterwarnings("ignore:.*treespec:FutureWarning")  # torch, of its own exporter
def test_the_file_of_a_line_network_reads_the_same(trained: ToyReader, samples: SampleSet, tmp_path: Path) -> None:
    """For any number of lines of any width."""
    example = held_out_lines(samples, "train", 3)[0].images_N1HW
    shapes = ({0: torch.export.Dim("lines"), 3: torch.export.Dim.AUTO},)
    program = torch.onnx.export(
        trained, (example,), dynamo=True, dynamic_shapes=shapes, input_names=["ink"], output_names=["logits"]
    )
    assert program is not None
    program.save(tmp_path / "reader.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "reader.onnx", providers=["CPUExecutionProvider"])
    for batch in held_out_lines(samples, "train", 8):
        (logits,) = session.run(["logits"], {"ink": batch.images_N1HW.numpy()})
        steps = trained.time_steps(batch.widths_N)
        assert greedy_texts(torch.from_numpy(logits), steps, DIGITS) == list(batch.texts)
        with torch.inference_mode():
            np.testing.assert_allclose(logits, trained(batch.images_N1HW).numpy(), atol=1e-3)


class Spoiled(LineBatches):
    """From step 50 on, lines are said to read backwards."""

    def batch(self, step: int, rank: int = 0, world: int = 1) -> LineBatch:
        batch = super().batch(step, rank, world)
        return batch if step < 50 else batch._replace(texts=tuple(text[::-1] for text in batch.texts))


def test_the_weights_of_the_lowest_error_are_kept(tmp_path: Path, samples: SampleSet) -> None:
    reader, curves = run(tmp_path / "run", samples, Spoiled(samples, COLUMNS, BUCKETS, seed=1))
    rates = values(curves, "val_cer")
    assert rates.iloc[-1] > rates.min() + 0.1
    assert error_rate(reader, samples) == pytest.approx(rates.min(), abs=1e-6)


class Fatal(LineBatches):
    """Kills the process when asked for step 13."""

    def batch(self, step: int, rank: int = 0, world: int = 1) -> LineBatch:
        if step == 13:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().batch(step, rank, world)


SHORT = {"steps": 24, "validate_every": 6, "schedule": "plateau"}


def run_killed(folder: Path, lines: Path) -> None:
    samples = SampleSet.open(lines)
    run(folder, samples, Fatal(samples, COLUMNS, BUCKETS, seed=1), **SHORT)


def test_a_killed_training_goes_on_bit_by_bit(tmp_path: Path, samples: SampleSet) -> None:
    assert exit_code(run_killed, tmp_path / "killed", samples.folder) == -signal.SIGKILL
    newest = newest_state(tmp_path / "killed")
    assert newest and newest.stem in ("step-6", "step-12")
    resumed, resumed_curves = run(tmp_path / "killed", samples, **SHORT)
    straight, straight_curves = run(tmp_path / "straight", samples, **SHORT)
    assert all(torch.equal(one, straight.state_dict()[name]) for name, one in resumed.state_dict().items())
    pd.testing.assert_frame_equal(resumed_curves, straight_curves)


def test_a_line_too_narrow_for_its_text_stops_the_training(tmp_path: Path, samples: SampleSet) -> None:
    class Endless(LineBatches):
        def batch(self, step: int, rank: int = 0, world: int = 1) -> LineBatch:
            batch = super().batch(step, rank, world)
            return batch._replace(texts=("1" * 200, *batch.texts[1:]))

    with pytest.raises(DivergenceError, match="step 1: the loss is inf"):
        run(tmp_path, samples, Endless(samples, COLUMNS, BUCKETS, seed=1), **SHORT)
