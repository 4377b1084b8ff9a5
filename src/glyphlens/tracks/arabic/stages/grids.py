"""grids: phase 1 over every clean raster and every degraded copy — what phase 2 will see in deployment."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from glyphlens.core.params import Section, load_params, load_seed
from glyphlens.core.storage import load_array, save_array
from glyphlens.data.sample_set import SampleSet, unpack_bits
from glyphlens.gates.token import require_token
from glyphlens.imaging.degrade import DegradeParams, degrade, random_shifts, shift
from glyphlens.nets.weights import load_model
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.primitives.cells import cut_cells, pack_cells, unpack_cells
from glyphlens.tracks.arabic.recognizers.cells import CellCNN, predict_ids
from glyphlens.training.predict import on_compute_device

GLYPHS_AT_ONCE = 48


class GridParams(Section):
    """How the copies are degraded before phase 1 reads them."""

    degrade: DegradeParams


def main(argv: Sequence[str] | None = None) -> None:
    """Read rasters, copies and phase 1, predict, write."""
    paths = stage_paths(argv, "rasters", "rasters_token", "variants", "phase1", "out")
    require_token(paths.rasters_token, paths.rasters)
    params, seed = load_params(GridParams, "grids"), load_seed()

    rasters = SampleSet.open(paths.rasters)
    model = load_model(paths.phase1, CellCNN)
    with on_compute_device(model):
        save_array(paths.out / "clean.npy", clean_grids(model, pack_cells(np.asarray(rasters.pixels))))
        copies_TVHB = load_array(paths.variants / "pixels.npy", mmap=True)
        save_array(paths.out / "variants.npy", degraded_grids(model, copies_TVHB, params.degrade, seed))


def clean_grids(model: CellCNN, words_NRC: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """(N, 16, 16) predicted ids of binary cells."""
    distinct, inverse = np.unique(words_NRC, return_inverse=True)
    ids = predict_ids(model, torch.from_numpy(unpack_cells(distinct) * np.uint8(255))).numpy()
    return ids.astype(np.uint16)[inverse].reshape(words_NRC.shape)


def degraded_grids(
    model: CellCNN, copies_TVHB: NDArray[np.uint8], params: DegradeParams, seed: int
) -> NDArray[np.uint16]:
    """(T, V, 16, 16) predicted ids of the degraded copies."""
    grids = np.empty((*copies_TVHB.shape[:2], 16, 16), np.uint16)
    for start in tqdm(range(0, len(copies_TVHB), GLYPHS_AT_ONCE), desc="grids", unit="block"):
        block = np.asarray(copies_TVHB[start : start + GLYPHS_AT_ONCE])
        generator = torch.Generator().manual_seed((seed << 32) + start)
        images = torch.from_numpy(unpack_bits(block.reshape(-1, *block.shape[2:])))
        grey = degrade(shift(images, random_shifts(len(images), params, generator)), params, generator)
        cells = torch.from_numpy(cut_cells(grey.numpy()).reshape(-1, 8, 8))
        grids[start : start + len(block)] = predict_ids(model, cells).numpy().reshape(*block.shape[:2], 16, 16)
    return grids


if __name__ == "__main__":
    run_stage(main)
