"""gate_primitives: a small good codebook passes; each forgery fails the one check that is about it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, pack_bits
from glyphlens.tracks.arabic.gates.primitives import GATE, PrimitiveData, PrimitiveLimits
from glyphlens.tracks.arabic.primitives.cells import pack_cells
from glyphlens.tracks.arabic.primitives.codebook import Codebook
from tests.gates.forgeries import Forge, forgeries

LIMITS = PrimitiveLimits(
    min_centroids=4,
    max_centroids=4,
    min_used_share=1.0,
    max_top_share=0.3,
    min_empty_share=0.4,
    max_empty_share=0.6,
    max_bit_error=0.01,
    checked_rows=8,
)


def cells() -> NDArray[np.float32]:
    """Four primitives: left, right, upper and lower half inked."""
    halves = np.zeros((4, 8, 8), np.float32)
    halves[0, :, :4] = halves[1, :, 4:] = halves[2, :4] = halves[3, 4:] = 1
    return halves.reshape(4, 64)


@pytest.fixture
def good() -> PrimitiveData:
    kinds_NRC = np.random.default_rng(0).permuted(np.resize([0, 0, 0, 0, 1, 2, 3, 4], 8 * 256)).reshape(8, 16, 16)
    shapes = np.concatenate([np.zeros((1, 64), np.float32), cells()])
    images_NHW = shapes[kinds_NRC].reshape(8, 16, 16, 8, 8).transpose(0, 1, 3, 2, 4).reshape(8, 128, 128)
    packed = pack_bits(images_NHW.astype(np.uint8))
    index = pd.DataFrame({"sample_id": range(8), "label": "beh.init", "group": "amiri", "split": "train"})
    samples = SampleSet(Path("rasters"), packed, index, (CharacterClass("beh.init"),), ImageFormat(128, 128, 1))
    return PrimitiveData(samples, cells(), Codebook(cells()).assign(pack_cells(packed)))


def test_good_primitives_pass(good: PrimitiveData, verdicts: Any) -> None:
    assert verdicts(GATE, good, LIMITS) == {}


def grid(change: Callable[[NDArray[Any]], None]) -> Forge:
    def forge(data: PrimitiveData) -> PrimitiveData:
        grids = data.grids_NRC.copy()
        change(grids)
        return replace(data, grids_NRC=grids)

    return forge


def first(grids: NDArray[Any], value: int) -> tuple[NDArray[np.intp], ...]:
    """Where a value occurs, the first place only."""
    return tuple(axis[:1] for axis in np.nonzero(grids == value))


def swap(grids: NDArray[Any]) -> None:
    grids[first(grids, 1)] = 2


def unknown(grids: NDArray[Any]) -> None:
    grids[first(grids, 1)] = 5


def emptied(grids: NDArray[Any]) -> None:
    grids[first(grids, 1)] = 0


def inked(grids: NDArray[Any]) -> None:
    grids[first(grids, 0)] = 5 - 1


def centroids(change: Callable[[NDArray[np.float32]], NDArray[Any]]) -> Forge:
    return lambda data: replace(data, centroids_K64=change(data.centroids_K64.copy()))


def nan(found: NDArray[np.float32]) -> NDArray[np.float32]:
    found[2, 9] = np.nan
    return found


def beyond(found: NDArray[np.float32]) -> NDArray[np.float32]:
    found[2] *= 1.01
    return found


def twin(found: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([found, found[:1]])


def never(found: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([found, np.tile(np.float32([0, 1]), 32)[None]])


@forgeries(
    ("centroid-form", centroids(lambda found: found.astype(np.float64))),
    ("centroid-count", centroids(never), {"min_used_share": 0.5}),
    ("centroids-finite", centroids(nan)),
    ("centroids-finite", centroids(beyond)),
    ("centroids-distinct", centroids(twin), {"max_centroids": 5, "min_used_share": 0.5}),
    ("used-share", centroids(never), {"max_centroids": 5}),
    ("grid-form", lambda data: replace(data, grids_NRC=data.grids_NRC.astype(np.int32))),
    ("ids-in-range", grid(unknown)),
    ("empties", grid(emptied)),
    ("empties", grid(inked)),
    ("nearest", grid(swap)),
    ("empty-share", lambda data: data, {"max_empty_share": 0.45}),
    ("top-share", lambda data: data, {"max_top_share": 0.2}),
    ("bit-error", centroids(lambda found: np.float32(0.49) * found)),
)
def test_a_forgery_fails_exactly_its_check(
    good: PrimitiveData, verdicts: Any, check: str, forge: Forge, limits: dict[str, Any]
) -> None:
    assert set(verdicts(GATE, forge(good), LIMITS.model_copy(update=limits))) == {check}


def test_grids_of_fewer_pictures_fail_by_their_form(good: PrimitiveData, verdicts: Any) -> None:
    found = verdicts(GATE, replace(good, grids_NRC=good.grids_NRC[:5]), LIMITS)
    assert {"grid-form", "empties"} <= set(found)


def test_the_sampled_rows_are_spread_over_all(good: PrimitiveData) -> None:
    assert good.sample_rows(3).tolist() == [0, 3, 7]
    assert good.sample_rows(100).tolist() == list(range(8))
