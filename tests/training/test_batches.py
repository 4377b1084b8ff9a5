"""Batches are functions of (seed, step); sampling, noise and hidden geometry do what they say."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, pack_bits
from glyphlens.imaging.degrade import DegradeParams
from glyphlens.tracks.arabic.primitives.cells import pack_cells
from glyphlens.tracks.arabic.primitives.codebook import Codebook
from glyphlens.tracks.arabic.training.cell_batches import CellBatches, CellParams, degraded_cells
from glyphlens.tracks.arabic.training.glyph_batches import (
    GridBatches,
    RasterBatches,
    Training,
    grid_input,
    held_out_glyphs,
)
from glyphlens.tracks.arabic.training.glyph_training import GlyphParams
from glyphlens.training.batches import BalancedSampler, Batch, StepSource, step_loader
from tests.training.settings import COMMON, GLYPH
from tests.training.shares import assert_shares_are_the_whole, tensors

GEOMETRY = ("em_left", "em_right", "em_bottom", "em_top", "em_advance", "em_major")
PRIMITIVES = 15


@pytest.fixture
def training() -> Training:
    """Six glyphs of two families, two copies each; every picture holds its row's number."""
    rng = np.random.default_rng(0)
    pixels = pack_bits(rng.random((6, 128, 128)) > 0.7)
    index = pd.DataFrame(
        {
            "char_class": "character",
            "class_index": [0, 1, 2, 0, 1, 2],
            "group": ["a", "a", "a", "a", "a", "b"],
            "is_diacritic": [False, True] * 3,
            **{name: np.float32(0.5) for name in GEOMETRY},
        }
    )
    samples = SampleSet(Path(), pixels, index, (CharacterClass("x"),) * 3, ImageFormat(128, 128, 1))
    clean = np.broadcast_to(np.arange(6, dtype=np.uint16)[:, None, None], (6, 16, 16)) + 1
    copies = np.broadcast_to(clean[:, None], (6, 2, 16, 16))
    return Training(samples, np.arange(6), clean, copies, np.full((6, 2, 7), 0.25, np.float32))


def params(**changes: object) -> GlyphParams:
    return GlyphParams.model_validate({**COMMON, **GLYPH, **changes})


def test_a_step_always_gives_the_same_batch(training: Training) -> None:
    source = GridBatches(training, params(token_noise=0.1), 7, PRIMITIVES)
    first, again, other = source.batch(3), source.batch(3), source.batch(4)
    assert torch.equal(first.inputs[0], again.inputs[0]) and torch.equal(first.inputs[1], again.inputs[1])
    assert not torch.equal(first.inputs[0], other.inputs[0])


def test_grids_belong_to_their_targets(training: Training) -> None:
    batch = GridBatches(training, params(token_noise=0.0, batch=64), 7, PRIMITIVES).batch(0)
    rows = batch.inputs[0][:, 0, 0] - 1
    assert torch.equal(rows % 3, batch.targets)
    assert batch.diacritics is not None and torch.equal(rows % 2 == 1, batch.diacritics)


def test_token_noise_hits_its_share_with_inked_primitives(training: Training) -> None:
    batch = GridBatches(training, params(token_noise=0.2, batch=256), 7, PRIMITIVES).batch(0)
    grids = batch.inputs[0]
    changed = (grids != grids.flatten(1).mode(1).values[:, None, None]).float().mean().item()
    assert changed == pytest.approx(0.2 * (1 - 1 / PRIMITIVES), abs=0.01)
    assert grids.min() >= 1 and grids.max() <= PRIMITIVES


@pytest.mark.parametrize(("clean_share", "value"), [(0.0, 0.25), (1.0, 0.5)])
def test_clean_share_chooses_between_glyph_and_copy(training: Training, clean_share: float, value: float) -> None:
    settings = params(clean_share=clean_share, geometry_dropout=0.0)
    geometry = GridBatches(training, settings, 7, PRIMITIVES).batch(0).inputs[1]
    assert torch.all(geometry[:, :6] == value)


def test_geometry_dropout_hides_all_seven_numbers(training: Training) -> None:
    geometry = GridBatches(training, params(geometry_dropout=0.5, batch=256), 7, PRIMITIVES).batch(0).inputs[1]
    hidden = (geometry == 0).all(1)
    assert torch.equal(hidden, (geometry == 0).any(1))
    assert 0.35 < hidden.float().mean() < 0.65


def test_class_balance_evens_out_classes() -> None:
    classes = np.repeat([0, 1], [90, 10])
    for balance, expected in ((0.0, 0.1), (1.0, 0.5)):
        sampler = BalancedSampler(classes, balance, seed=1)
        drawn = sampler.draw(20_000, sampler.generator(0))
        assert drawn.min() >= 0 and drawn.max() < 100
        assert (drawn >= 90).mean() == pytest.approx(expected, abs=0.02)


def raster_source(training: Training) -> RasterBatches:
    packed = np.asarray(training.samples.pixels)
    rasters = Training(training.samples, training.rows_T, packed, np.stack([packed] * 2, 1), training.geometry_TVG)
    return RasterBatches(rasters, params(), 7, DegradeParams(shift_px=1, blur_sigma_px=0.6, gamma=0.05))


def test_rasters_are_degraded_anew_in_every_step(training: Training) -> None:
    source = raster_source(training)
    images = source.batch(0).inputs[0]
    assert images.shape == (8, 1, 128, 128) and images.min() >= 0 and images.max() <= 1
    assert torch.equal(images, source.batch(0).inputs[0])
    assert not torch.equal(images, source.batch(1).inputs[0])


def test_held_out_rows_come_in_order_and_may_hide_geometry(training: Training) -> None:
    rows = np.array([4, 1])
    seen, blind = (
        held_out_glyphs(training.samples, rows, lambda block: grid_input(training.clean_N[block]), geometry=shown)
        for shown in (True, False)
    )
    assert len(seen) == 1 and seen[0].targets.tolist() == [1, 1]
    assert seen[0].inputs[0][:, 0, 0].tolist() == [5, 2]
    assert seen[0].inputs[1][:, 6].tolist() == [1, 1] and not blind[0].inputs[1].any()
    with pytest.raises(IndexError):
        seen[1]


@pytest.fixture
def codebook() -> Codebook:
    centroids = np.random.default_rng(1).integers(0, 257, (PRIMITIVES, 64)) / 256
    return Codebook(centroids.astype(np.float32))


def cell_params(**changes: object) -> CellParams:
    own = {"rasters_per_step": 4, "empty_share": 0.25, "dropout": 0.0, "scored_rasters": 4}
    degradation = {"shift_px": 2, "blur_sigma_px": 0.6, "gamma": 0.05}
    return CellParams.model_validate({**COMMON, **own, "degrade": degradation, **changes})


def test_undegraded_cells_carry_their_exact_id(training: Training, codebook: Codebook) -> None:
    none = DegradeParams(shift_px=0, blur_sigma_px=0.0, gamma=0.0)
    packed = np.asarray(training.samples.pixels)
    cells = degraded_cells(packed, codebook, none, [0])
    assert np.array_equal(cells.ids_N.numpy(), codebook.assign(pack_cells(packed)).ravel())
    assert set(np.unique(cells.grey_NPP.numpy())) <= {0, 255}


def test_training_cells_are_inked_and_few_are_empty(training: Training, codebook: Codebook) -> None:
    sparse = np.zeros((6, 128, 16), np.uint8)
    sparse[:, 7:9, 3] = 255
    source = CellBatches(sparse, codebook, cell_params(batch=40), 0)
    batch = source.batch(0)
    assert batch.inputs[0].flatten(1).any(1).all()
    assert (batch.targets == 0).sum() <= 0.25 * 40
    assert torch.equal(batch.inputs[0], source.batch(0).inputs[0])


@pytest.fixture(params=["grids", "rasters", "cells"])
def source(request: pytest.FixtureRequest, training: Training, codebook: Codebook) -> StepSource[Batch]:
    """One of the Arabic track's sources."""
    sources: dict[str, StepSource[Batch]] = {
        "grids": GridBatches(training, params(token_noise=0.1), 7, PRIMITIVES),
        "rasters": raster_source(training),
        "cells": CellBatches(np.asarray(training.samples.pixels), codebook, cell_params(batch=40), 0),
    }
    return sources[request.param]


@examples(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 100_000), st.sampled_from([1, 2, 4]))
def test_the_shares_of_processes_are_together_the_batch_of_one(
    source: StepSource[Batch], step: int, world: int
) -> None:
    assert_shares_are_the_whole(source, step, world)


class Standing:
    """A training that stands at a step."""

    global_step = 3


@pytest.mark.parametrize("workers", [0, 2])
def test_steps_come_in_order_from_where_training_stands(source: StepSource[Batch], workers: int) -> None:
    """Made in this process or in workers, each on a thread of its own: the same bits."""
    loader = step_loader(source, 8, Standing(), workers)
    with pytest.raises(TypeError):
        len(loader)
    for step, batch in enumerate(loader, start=3):
        for made, expected in zip(tensors(batch), tensors(source.batch(step)), strict=True):
            assert torch.equal(made, expected)
    assert step == 7


@pytest.fixture
def two_threads() -> Iterator[None]:
    """Torch computes on two threads until the test ends."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_the_number_of_threads_decides_no_batch(source: StepSource[Batch]) -> None:
    """A worker has one thread, the training may have more."""
    on_two = tensors(source.batch(1))
    torch.set_num_threads(1)
    assert all(torch.equal(one, two) for one, two in zip(tensors(source.batch(1)), on_two, strict=True))
