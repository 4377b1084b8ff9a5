"""Easy lines come first; what a process is shown is its part of the whole batch; augmented lines keep their paper."""

import math

import pytest
import torch

from glyphlens.core.errors import InputError
from glyphlens.core.share import Share
from glyphlens.data.sample_set import SampleSet
from glyphlens.tracks.khmer.training.augment_lines import augment_lines
from glyphlens.tracks.khmer.training.line_batches import WIDTH_MULTIPLE_PX, Curriculum, KhmerLineBatches, easy_rows
from glyphlens.training.lines import line_batch
from tests.tracks.khmer.toy_khmer import save_toy_khmer, toy_params

EASY = {"share": 0.5, "clusters": 3, "slices": "clean"}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    return save_toy_khmer(tmp_path_factory.mktemp("lines"))


def test_short_clean_lines_come_first(samples: SampleSet) -> None:
    batches = KhmerLineBatches(samples, toy_params(steps=20, curriculum=EASY), 1, samples.rows("train"))
    easy = {samples.texts[row] for row in easy_rows(samples, Curriculum.model_validate(EASY), samples.rows("train"))}
    shown = [set(batches.batch(step).texts) for step in range(20)]
    assert all(texts <= easy for texts in shown[:10])
    assert not set.union(*shown[10:]) <= easy


def test_a_set_without_easy_lines_is_refused(samples: SampleSet) -> None:
    none = Curriculum(share=0.5, clusters=1, slices="clean")
    short = [row for row in samples.rows("train") if samples.index["clusters"][row] > 1]
    few = SampleSet(
        samples.folder, samples.pixels, samples.index.assign(slice="scan"), (), samples.image, samples.offsets_M,
        samples.charset,
    )  # fmt: skip
    assert short
    with pytest.raises(InputError, match="no training line has at most 1 clusters in the slices 'clean'"):
        easy_rows(few, none, few.rows("train"))


@pytest.mark.parametrize("world", [2, 4])
def test_the_shares_of_processes_are_together_the_batch_of_one(samples: SampleSet, world: int) -> None:
    batches = KhmerLineBatches(samples, toy_params(), 1, samples.rows("train"))
    whole = batches.batch(3)
    for rank in range(world):
        part = batches.batch(3, rank, world)
        assert part.texts == whole.texts[rank::world]
        assert torch.equal(part.widths_N, whole.widths_N[rank::world])
        torch.testing.assert_close(part.images_N1HW, whole.images_N1HW[rank::world], atol=1e-5, rtol=0)
    assert whole.images_N1HW.shape[3] % WIDTH_MULTIPLE_PX == 0


def test_nothing_is_changed_where_no_line_is(samples: SampleSet) -> None:
    params = toy_params()
    still = params.augment.model_copy(update={"share": 0.0})
    batch = line_batch(samples, samples.rows("train")[:4], 128)
    same = augment_lines(batch, still, torch.Generator().manual_seed(1), Share())
    assert torch.equal(same.widths_N, batch.widths_N)
    torch.testing.assert_close(same.images_N1HW, batch.images_N1HW, atol=2e-3, rtol=0)


def test_lines_stay_inside_their_batch(samples: SampleSet) -> None:
    augment = toy_params().augment.model_copy(update={"share": 1.0, "noise": 0.0, "shear": 0.0})
    batch = line_batch(samples, samples.rows("train")[:16])
    changed = augment_lines(batch, augment, torch.Generator().manual_seed(1), Share())
    least = math.exp(-augment.stretch - augment.zoom) - 0.01
    assert (changed.widths_N <= batch.images_N1HW.shape[3]).all() and (changed.widths_N >= least * batch.widths_N).all()
    for image, width in zip(changed.images_N1HW, changed.widths_N, strict=True):
        assert float((image[:, :, int(width) + 2 :] > 0.05).sum()) == 0
