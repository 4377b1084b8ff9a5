"""The glyph recognisers' batches: predicted grids for phase 2, degraded rasters for the one-stage network.

N rows of the rasters · T training glyphs · V deformed copies of each · G geometry numbers (7)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from glyphlens.core.share import Share
from glyphlens.data.sample_set import SampleSet, unpack_bits
from glyphlens.imaging.degrade import DegradeParams, degrade, random_shifts, shift
from glyphlens.imaging.geometry import geometry_features
from glyphlens.tracks.arabic.glyphs.parts import ARABIC, COMPANIONS, REFUSED, parts_of
from glyphlens.tracks.arabic.training.glyph_training import GlyphParams
from glyphlens.training.batches import BalancedSampler, Batch, HeldOut
from glyphlens.training.pictures import raster_input

HELD_OUT_ROWS = 512  # of a batch


@dataclass(frozen=True)
class Training:
    """The training glyphs of a sample set and their deformed copies.

    ``rows_T`` rows of the sample set, ``copies_TV`` anything per copy (grids or packed pixels), ``clean_N`` the same
    for the undeformed glyphs of all rows, ``geometry_TVG`` and ``geometry_NG`` float32.
    """

    samples: SampleSet
    rows_T: NDArray[np.int64]
    clean_N: NDArray[Any]
    copies_TV: NDArray[Any]
    geometry_TVG: NDArray[np.float32]

    @property
    def geometry_NG(self) -> NDArray[np.float32]:
        """Geometry of the undeformed glyphs."""
        return geometry_features(self.samples.index)


class MixedSampler:
    """Draws the rows of a step from each part by itself: ``batch`` of Arabic script, and beside these the others that
    the parameters ask for, so that the former are learnt as if the latter were not there.
    """

    def __init__(
        self, classes_T: NDArray[np.int64], parts_T: NDArray[np.object_], params: GlyphParams, seed: int
    ) -> None:
        wanted = {ARABIC: params.batch, COMPANIONS: params.companion_rows, REFUSED: params.other_rows}
        self.parts = [
            (rows, count, BalancedSampler(classes_T[rows], params.class_balance, seed))
            for part, count in wanted.items()
            if len(rows := np.flatnonzero(parts_T == part))
        ]
        self.rows = sum(count for _, count, _ in self.parts)
        self.seed = seed

    def generator(self, step: int) -> np.random.Generator:
        """The generator of one step."""
        return np.random.default_rng([self.seed, step])

    def draw(self, generator: np.random.Generator) -> NDArray[np.int64]:
        """(rows,) positions, part after part."""
        return np.concatenate([rows[sampler.draw(count, generator)] for rows, count, sampler in self.parts])


class GlyphSource:
    """Draws glyphs of a step: which, which copy, with or without geometry."""

    def __init__(self, training: Training, params: GlyphParams, seed: int) -> None:
        self.training, self.params = training, params
        index = training.samples.index.iloc[training.rows_T]
        self.targets_T = training.samples.class_indices[training.rows_T]
        self.sampler = MixedSampler(self.targets_T, parts_of(index["char_class"]), params, seed)
        self.diacritics_T = index["is_diacritic"].to_numpy(bool)
        self.geometry_TG = training.geometry_NG[training.rows_T]

    def draw(self, rng: np.random.Generator, share: Share) -> tuple[NDArray[Any], Tensor, Tensor, Tensor]:
        """Pictures (B, …), geometry (B, 7), targets (B,), diacritics (B,) of this share of one batch."""
        training, params, rows = self.training, self.params, self.sampler.rows
        own = share.rows(rows)
        picked_B = self.sampler.draw(rng)[own]
        copy_B = rng.integers(0, training.copies_TV.shape[1], rows)[own]
        clean_B = (rng.random(rows) < params.clean_share)[own]
        hidden_B = (rng.random(rows) < params.geometry_dropout)[own]
        pictures = np.asarray(training.copies_TV[picked_B, copy_B])
        pictures[clean_B] = training.clean_N[training.rows_T[picked_B[clean_B]]]
        geometry = np.where(clean_B[:, None], self.geometry_TG[picked_B], training.geometry_TVG[picked_B, copy_B])
        geometry[hidden_B] = 0
        return (
            pictures,
            torch.from_numpy(geometry.astype(np.float32)),
            torch.from_numpy(self.targets_T[picked_B]),
            torch.from_numpy(self.diacritics_T[picked_B]),
        )


class GridBatches(GlyphSource):
    """Predicted grids with token noise."""

    def __init__(self, training: Training, params: GlyphParams, seed: int, primitives: int) -> None:
        super().__init__(training, params, seed)
        self.primitives = primitives

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """Grids (B, 16, 16) int64 and geometry (B, 7)."""
        rng, share = self.sampler.generator(step), Share(rank, world)
        grids, geometry, targets, diacritics = self.draw(rng, share)
        noisy = rng.random((self.sampler.rows, *grids.shape[1:])) < self.params.token_noise
        noise = np.zeros(noisy.shape, grids.dtype)
        noise[noisy] = rng.integers(1, self.primitives + 1, int(noisy.sum()))
        grids = np.where(noisy[share.own], noise[share.own], grids)
        return Batch((grid_input(grids), geometry), targets, diacritics)


class RasterBatches(GlyphSource):
    """Degraded rasters."""

    def __init__(self, training: Training, params: GlyphParams, seed: int, degradation: DegradeParams) -> None:
        super().__init__(training, params, seed)
        self.degradation = degradation

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """Rasters (B, 1, 128, 128) float in 0..1 and geometry (B, 7)."""
        rng, share = self.sampler.generator(step), Share(rank, world)
        packed, geometry, targets, diacritics = self.draw(rng, share)
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        images = torch.from_numpy(unpack_bits(packed))
        images = shift(images, random_shifts(len(images), self.degradation, generator, share))
        grey = degrade(images, self.degradation, generator, share)
        return Batch((raster_input(grey), geometry), targets, diacritics)


def held_out_glyphs(
    samples: SampleSet,
    rows_N: NDArray[np.int64],
    pictures: Callable[[NDArray[np.int64]], Tensor],
    *,
    geometry: bool = True,
) -> HeldOut[Batch]:
    """Rows of a sample set in order, undegraded; ``geometry`` False hides it, as for single pictures."""
    geometry_NG = geometry_features(samples.index) * np.float32(geometry)

    def batch_of(rows_n: NDArray[np.int64]) -> Batch:
        inputs = pictures(rows_n), torch.from_numpy(geometry_NG[rows_n])
        return Batch(inputs, torch.from_numpy(samples.class_indices[rows_n]))

    return HeldOut(rows_N, batch_of, HELD_OUT_ROWS)


def grid_input(grids_NRC: NDArray[np.uint16]) -> Tensor:
    """(N, 16, 16) uint16 ids → int64."""
    return torch.from_numpy(grids_NRC.astype(np.int64))
