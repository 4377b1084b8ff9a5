"""Phase 1's batches: cells cut from degraded whole rasters, named by the exact id of the clean shifted cell.

M rasters · N cells · P = 8 pixels a side
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from glyphlens.core.share import Share
from glyphlens.data.sample_set import pack_bits, unpack_bits
from glyphlens.imaging.degrade import DegradeParams, degrade, random_shifts, shift
from glyphlens.tracks.arabic.primitives.cells import cut_cells, pack_cells
from glyphlens.tracks.arabic.primitives.codebook import Codebook
from glyphlens.training.batches import Batch
from glyphlens.training.params import TrainingParams


class CellParams(TrainingParams):
    """Phase 1: how cells are degraded and chosen, and the network's dropout; ``batch`` counts cells."""

    rasters_per_step: int = Field(ge=1)
    empty_share: float = Field(ge=0, le=1)
    dropout: float = Field(ge=0, le=1)
    degrade: DegradeParams
    scored_rasters: int = Field(ge=1)


class Cells(NamedTuple):
    """Degraded cells (N, 8, 8) uint8 grey, and their true ids (N,) int64."""

    grey_NPP: Tensor
    ids_N: Tensor


def degraded_cells(packed_MHB: NDArray[np.uint8], codebook: Codebook, params: DegradeParams, seed: list[int]) -> Cells:
    """All cells of the rasters, shifted and degraded, row-major, raster after raster."""
    generator = torch.Generator().manual_seed(int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> 1))
    clean_MHW = torch.from_numpy(unpack_bits(packed_MHB))
    clean_MHW = shift(clean_MHW, random_shifts(len(clean_MHW), params, generator))
    ids = codebook.assign(pack_cells(pack_bits(clean_MHW.numpy())))
    grey_MHW = degrade(clean_MHW, params, generator)
    grey_NPP = torch.from_numpy(cut_cells(grey_MHW.numpy()).reshape(-1, 8, 8))
    return Cells(grey_NPP, torch.from_numpy(ids.astype(np.int64).ravel()))


class CellBatches:
    """Training cells of a step; a cell without any grey is never asked about, so it is never shown.

    Which cells are chosen depends on the grey of all, so that every process degrades all rasters of the step.
    """

    def __init__(self, packed_NHB: NDArray[np.uint8], codebook: Codebook, params: CellParams, seed: int) -> None:
        self.packed_NHB, self.codebook, self.params, self.seed = packed_NHB, codebook, params, seed

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """``batch`` cells (fewer where the rasters have no more), empties at most ``empty_share`` of them."""
        rng = np.random.default_rng([self.seed, step])
        rows = np.sort(rng.integers(0, len(self.packed_NHB), self.params.rasters_per_step))
        cells = degraded_cells(self.packed_NHB[rows], self.codebook, self.params.degrade, [self.seed, step])
        chosen = torch.from_numpy(self._choose(cells, rng))
        chosen = chosen[Share(rank, world).rows(len(chosen))]
        return Batch((as_input(cells.grey_NPP[chosen]),), cells.ids_N[chosen])

    def _choose(self, cells: Cells, rng: np.random.Generator) -> NDArray[np.int64]:
        grey = cells.grey_NPP.flatten(1).any(1).numpy()
        inked = rng.permutation(np.flatnonzero(grey & (cells.ids_N.numpy() > 0)))
        empties = rng.permutation(np.flatnonzero(grey & (cells.ids_N.numpy() == 0)))
        empties = empties[: int(self.params.empty_share * self.params.batch)]
        return np.concatenate([empties, inked[: self.params.batch - len(empties)]])


def as_input(grey_NPP: Tensor) -> Tensor:
    """(N, 8, 8) uint8 → (N, 1, 8, 8) float in 0..1."""
    return grey_NPP.unsqueeze(1).float() / 255
