"""Batches of characters: steps repeat, rare classes are drawn more often, strokes stay strokes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_array
from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, save_sample_set
from glyphlens.nets.inputs import Reads
from glyphlens.tracks.kanji.training.batches import CharacterParams, character_data
from tests.imaging.test_augment import NOTHING
from tests.training.settings import COMMON
from tests.training.shares import assert_shares_are_the_whole, tensors

RARE, COMMON_CLASS = 4, 40  # samples


def params(**changes: object) -> CharacterParams:
    augmentation = {**NOTHING, "warp_px": 1.0}
    strokes = {"affine": 0.1, "jitter": 0.02}
    return CharacterParams.model_validate(
        {**COMMON, "batch": 64, "class_balance": 1.0, "augment": augmentation, "stroke_augment": strokes, **changes}
    )


@pytest.fixture
def samples(tmp_path: Path) -> SampleSet:
    """Two classes; every second sample has strokes; row r is as bright as r."""
    classes_N = np.repeat([0, 1], [RARE, COMMON_CLASS])
    count = len(classes_N)
    index = pd.DataFrame(
        {
            "sample_id": np.arange(count),
            "class_index": classes_N,
            "label": np.array(["あ", "い"])[classes_N],
            "group": "writer/1",
            "split": np.where(np.arange(count) % 4 == 3, "val", "train"),
            "source": "rendered",
        }
    )
    pixels = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None], (count, 64, 64))
    save_sample_set(
        tmp_path,
        np.ascontiguousarray(pixels),
        index,
        [CharacterClass("あ"), CharacterClass("い")],
        ImageFormat(64, 64, 8),
    )
    rows = np.arange(1, count, 2)
    strokes = np.zeros((len(rows), 24, 17), np.float32)
    strokes[:, :3] = 0.5
    strokes[:, :3, 16] = 1
    strokes[:, 0, 0] = rows / 100
    save_array(tmp_path / "strokes.npy", strokes)
    save_array(tmp_path / "stroke_rows.npy", rows)
    return SampleSet.open(tmp_path)


@pytest.mark.parametrize("reads", ["raster", "strokes"])
def test_a_step_repeats_and_steps_differ(samples: SampleSet, reads: Reads) -> None:
    data = character_data(samples, reads, params(), seed=1)
    assert data
    first, again, other = (data.source.batch(step).inputs[0] for step in (5, 5, 6))
    assert torch.equal(first, again) and not torch.equal(first, other)


EVERYTHING = {
    "rotate_deg": 6.0,
    "shear": 0.15,
    "zoom": 0.08,
    "stretch": 0.12,
    "shift_px": 2.0,
    "warp_px": 1.2,
    "warp_points": 4,
    "thickness": 0.4,
    "gamma": 0.3,
    "noise": 0.04,
}


@pytest.mark.parametrize("reads", ["raster", "strokes"])
@examples(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 100_000), st.sampled_from([1, 2, 4]))
def test_the_shares_of_processes_are_together_the_batch_of_one(
    samples: SampleSet, reads: Reads, step: int, world: int
) -> None:
    data = character_data(samples, reads, params(augment=EVERYTHING), seed=1)
    assert data
    assert_shares_are_the_whole(data.source, step, world)


@pytest.mark.parametrize("reads", ["raster", "strokes"])
def test_the_number_of_threads_decides_no_batch(samples: SampleSet, reads: Reads) -> None:
    """A worker has one thread, the training may have more."""
    data = character_data(samples, reads, params(augment=EVERYTHING), seed=1)
    assert data
    before, made = torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        made.append(tensors(data.source.batch(3)))
    torch.set_num_threads(before)
    assert all(torch.equal(one, two) for one, two in zip(*made, strict=True))


def test_balance_draws_rare_classes_as_often(samples: SampleSet) -> None:
    def share(balance: float) -> float:
        data = character_data(samples, "raster", params(class_balance=balance), seed=1)
        assert data
        return float(torch.cat([data.source.batch(step).targets for step in range(20)]).float().mean())

    assert share(1.0) == pytest.approx(0.5, abs=0.05)
    assert share(0.0) == pytest.approx(COMMON_CLASS / (RARE + COMMON_CLASS), abs=0.05)


def test_held_out_rows_come_in_order_and_unaltered(samples: SampleSet) -> None:
    data = character_data(samples, "raster", params(), seed=1)
    assert data
    (batch,) = list(data.validation)
    rows = samples.rows("val")
    assert torch.equal(batch.inputs[0][:, 0, 0, 0], torch.from_numpy(rows).float() / 255)
    assert torch.equal(batch.targets, torch.from_numpy(samples.class_indices[rows]))


def test_only_rows_with_strokes_are_shown_to_who_reads_strokes(samples: SampleSet) -> None:
    data = character_data(samples, "strokes", params(), seed=1)
    assert data
    (batch,) = list(data.validation)
    assert (batch.inputs[0][:, 0, 0] * 100).round().int().tolist() == [3, 7, 11, 15, 19, 23, 27, 31, 35, 39, 43]


def test_bent_strokes_leave_what_is_no_stroke_empty(samples: SampleSet) -> None:
    data = character_data(samples, "strokes", params(), seed=1)
    assert data
    strokes = data.source.batch(0).inputs[0]
    assert torch.equal(strokes[:, 3:], torch.zeros_like(strokes[:, 3:]))
    assert torch.equal(strokes[:, :3, 16], torch.ones_like(strokes[:, :3, 16]))
    assert float(strokes[:, :3, :16].std()) > 0.01


def test_a_set_without_strokes_has_no_data_for_who_reads_them(samples: SampleSet) -> None:
    save_array(samples.folder / "strokes.npy", np.zeros((0, 24, 17), np.float32))
    save_array(samples.folder / "stroke_rows.npy", np.zeros(0, np.int64))
    assert character_data(samples, "strokes", params(), seed=1) is None


def test_an_empty_validation_split_is_named(samples: SampleSet) -> None:
    samples.index["split"] = "train"
    with pytest.raises(InputError, match=r"no raster sample of the val split"):
        character_data(samples, "raster", params(), seed=1)
