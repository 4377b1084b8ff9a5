"""Batches of whole characters: augmented pictures, or bent stroke sequences, and the held-out rows as they are.

N samples of a batch · H×W = 64×64 pixels · S = 24 strokes · F = 17 numbers a stroke
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.share import Share
from glyphlens.core.storage import load_array
from glyphlens.data.sample_set import SampleSet
from glyphlens.imaging.augment import AugmentParams, augment
from glyphlens.training.batches import BalancedSampler, Batch, StepSource
from glyphlens.training.params import TrainingParams

Reads = Literal["raster", "strokes"]


class StrokeAugmentParams(Section):
    """How far the points of a stroke sequence are moved, in halves of the character's longer side."""

    affine: float = Field(ge=0)
    jitter: float = Field(ge=0)


class CharacterParams(TrainingParams):
    """The section ``kanji_training``: what the trainings of all recognisers share."""

    class_balance: float = Field(ge=0, le=1)
    augment: AugmentParams
    stroke_augment: StrokeAugmentParams


class Rasters:
    """Pictures of rows of a sample set."""

    def __init__(self, samples: SampleSet) -> None:
        self.samples = samples

    def rows(self, split: str) -> NDArray[np.int64]:
        """The split's rows."""
        return self.samples.rows(split)

    def inputs(self, rows_N: NDArray[np.int64]) -> Tensor:
        """(N, 1, H, W) float ink in 0..1."""
        return raster_input(self.samples.images(rows_N))

    def altered(self, inputs: Tensor, params: CharacterParams, generator: torch.Generator, share: Share) -> Tensor:
        """As other hands would have written them."""
        return augment(inputs, params.augment, generator, share)


class Strokes:
    """Stroke sequences of the rows that have them."""

    def __init__(self, samples: SampleSet) -> None:
        self.samples = samples
        self.strokes_MSF = load_array(samples.folder / "strokes.npy", mmap=True)
        self.rows_M: NDArray[np.int64] = load_array(samples.folder / "stroke_rows.npy")

    def rows(self, split: str) -> NDArray[np.int64]:
        """The split's rows that have strokes."""
        return np.intersect1d(self.samples.rows(split), self.rows_M)

    def inputs(self, rows_N: NDArray[np.int64]) -> Tensor:
        """(N, S, F) float."""
        return torch.from_numpy(np.asarray(self.strokes_MSF[np.searchsorted(self.rows_M, rows_N)], np.float32))

    def altered(self, inputs: Tensor, params: CharacterParams, generator: torch.Generator, share: Share) -> Tensor:
        """Bent by a random linear map each, and each point moved a little; what is no stroke stays none."""
        amounts = params.stroke_augment
        count, strokes, numbers = inputs.shape
        points = inputs[:, :, :-1].reshape(count, -1, 2)
        total = count * share.world
        maps = torch.eye(2) + amounts.affine * torch.randn((total, 2, 2), generator=generator)[share.own]
        jitter = amounts.jitter * torch.randn((total, *points.shape[1:]), generator=generator)[share.own]
        moved = points @ maps + jitter
        there = inputs[:, :, -1:]
        return torch.cat([moved.reshape(count, strokes, numbers - 1) * there, there], dim=2)


class CharacterBatches:
    """Training samples of a step, rare classes more often on request, altered anew each time."""

    def __init__(self, reader: Rasters | Strokes, params: CharacterParams, seed: int) -> None:
        self.reader, self.params = reader, params
        self.rows_T = reader.rows("train")
        self.targets_T = reader.samples.class_indices[self.rows_T]
        self.sampler = BalancedSampler(self.targets_T, params.class_balance, seed)

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """``batch`` samples of all processes together."""
        rng, share = self.sampler.generator(step), Share(rank, world)
        picked_N = np.sort(self.sampler.draw(self.params.batch, rng))[share.rows(self.params.batch)]
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        inputs = self.reader.altered(self.reader.inputs(self.rows_T[picked_N]), self.params, generator, share)
        return Batch((inputs,), torch.from_numpy(self.targets_T[picked_N]))


class HeldOutCharacters(Sequence[Batch]):
    """Rows of a sample set in order and unaltered, 256 a batch."""

    ROWS = 256

    def __init__(self, reader: Rasters | Strokes, rows_N: NDArray[np.int64]) -> None:
        self.reader, self.rows_N = reader, rows_N

    def __len__(self) -> int:
        return -(-len(self.rows_N) // self.ROWS)

    def __getitem__(self, number: int) -> Batch:  # type: ignore[override]
        block = self.rows_N[number * self.ROWS : (number + 1) * self.ROWS]
        if not len(block):
            raise IndexError(number)
        return Batch((self.reader.inputs(block),), torch.from_numpy(self.reader.samples.class_indices[block]))


class CharacterData(NamedTuple):
    """What a recogniser learns from, and what it is judged on while it does."""

    source: StepSource[Batch]
    validation: HeldOutCharacters


def character_data(samples: SampleSet, reads: Reads, params: CharacterParams, seed: int) -> CharacterData | None:
    """Batches of the kind that a recogniser reads; None where no training sample has strokes.

    Raises InputError where the validation split is empty.
    """
    reader = Rasters(samples) if reads == "raster" else Strokes(samples)
    if reads == "strokes" and not len(reader.rows("train")):
        return None
    rows = reader.rows("val")
    if not len(rows):
        raise InputError(f"{samples.folder}: no {reads} sample of the validation split; see its splits.json")
    return CharacterData(CharacterBatches(reader, params, seed), HeldOutCharacters(reader, rows))


def raster_input(images_NHW: NDArray[np.uint8]) -> Tensor:
    """(N, H, W) uint8 ink → (N, 1, H, W) float in 0..1, channels last."""
    images = torch.from_numpy(images_NHW).unsqueeze(1).float() / 255
    return images.contiguous(memory_format=torch.channels_last)
