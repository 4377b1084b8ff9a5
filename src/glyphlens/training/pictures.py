"""Samples of a set, each read as one picture or one sequence: altered anew in training, held out as they are.

N samples of a batch · H×W pixels
"""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from glyphlens.core.errors import InputError
from glyphlens.core.share import Share
from glyphlens.data.sample_set import SampleSet
from glyphlens.imaging.augment import AugmentParams, augment
from glyphlens.training.batches import BalancedSampler, Batch, HeldOut
from glyphlens.training.params import TrainingParams


class PictureParams(TrainingParams):
    """A training on pictures: rare classes are drawn more often (``BalancedSampler``), pictures altered each time."""

    class_balance: float = Field(ge=0, le=1)
    augment: AugmentParams


class SampleReader(Protocol):
    """What a network is shown of the samples of a set; ``kind`` names it in messages."""

    kind: str
    samples: SampleSet

    def rows(self, split: str) -> NDArray[np.int64]:
        """The rows of a split that can be read."""
        ...

    def inputs(self, rows_N: NDArray[np.int64]) -> Tensor:
        """(N, …) float, as the network reads it."""
        ...

    def altered(self, inputs: Tensor, generator: torch.Generator, share: Share) -> Tensor:
        """The same shape, every sample changed in its own way; ``inputs`` are those of ``share`` of a batch."""
        ...


class Pictures:
    """The pictures of a sample set, of one size."""

    kind = "raster"

    def __init__(self, samples: SampleSet, augmentation: AugmentParams) -> None:
        self.samples, self.augmentation = samples, augmentation

    def rows(self, split: str) -> NDArray[np.int64]:
        """All rows of the split."""
        return self.samples.rows(split)

    def inputs(self, rows_N: NDArray[np.int64]) -> Tensor:
        """(N, 1, H, W) float ink in 0..1."""
        return raster_input(torch.from_numpy(self.samples.images(rows_N)))

    def altered(self, inputs: Tensor, generator: torch.Generator, share: Share) -> Tensor:
        """As other hands would have written them."""
        return augment(inputs, self.augmentation, generator, share)


class SampleBatches:
    """Training samples of a step and their classes, rare ones more often on request, altered anew each time."""

    def __init__(self, reader: SampleReader, batch: int, class_balance: float, seed: int) -> None:
        self.reader, self.size = reader, batch
        self.rows_T = reader.rows("train")
        self.targets_T = reader.samples.class_indices[self.rows_T]
        self.sampler = BalancedSampler(self.targets_T, class_balance, seed)

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """``size`` samples of all processes together."""
        rng, share = self.sampler.generator(step), Share(rank, world)
        picked_N = np.sort(self.sampler.draw(self.size, rng))[share.rows(self.size)]
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        inputs = self.reader.altered(self.reader.inputs(self.rows_T[picked_N]), generator, share)
        return Batch((inputs,), torch.from_numpy(self.targets_T[picked_N]))


def held_out_samples(reader: SampleReader, split: str) -> HeldOut[Batch]:
    """The unaltered samples of a split and their classes; raises InputError where there is none."""
    rows = reader.rows(split)
    if not len(rows):
        raise InputError(f"{reader.samples.folder}: no {reader.kind} sample of the {split} split; see its splits.json")
    classes = reader.samples.class_indices
    return HeldOut(rows, lambda rows_N: Batch((reader.inputs(rows_N),), torch.from_numpy(classes[rows_N])))


def raster_input(pixels_NHW: Tensor) -> Tensor:
    """(N, H, W) uint8 ink → (N, 1, H, W) float in 0..1, channels last."""
    return (pixels_NHW.unsqueeze(1).float() / 255).contiguous(memory_format=torch.channels_last)
