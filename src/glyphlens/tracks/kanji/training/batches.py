"""Batches of whole characters: augmented pictures, or bent stroke sequences, and the held-out rows as they are.

N samples of a batch · H×W = 64×64 pixels · S = 24 strokes · F = 17 numbers a stroke
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from glyphlens.core.params import Section
from glyphlens.core.share import Share
from glyphlens.core.storage import load_array
from glyphlens.data.sample_set import SampleSet
from glyphlens.nets.inputs import Reads
from glyphlens.training.batches import Batch, HeldOut, StepSource
from glyphlens.training.pictures import PictureParams, Pictures, SampleBatches, SampleReader, held_out_samples


class StrokeAugmentParams(Section):
    """How far the points of a stroke sequence are moved, in halves of the character's longer side."""

    affine: float = Field(ge=0)
    jitter: float = Field(ge=0)


class CharacterParams(PictureParams):
    """The section ``kanji_training``: what the trainings of all recognisers share."""

    stroke_augment: StrokeAugmentParams


class Strokes:
    """Stroke sequences of the rows that have them."""

    kind = "strokes"

    def __init__(self, samples: SampleSet, amounts: StrokeAugmentParams) -> None:
        self.samples, self.amounts = samples, amounts
        self.strokes_MSF = load_array(samples.folder / "strokes.npy", mmap=True)
        self.rows_M: NDArray[np.int64] = load_array(samples.folder / "stroke_rows.npy")

    def rows(self, split: str) -> NDArray[np.int64]:
        """The split's rows that have strokes."""
        return np.intersect1d(self.samples.rows(split), self.rows_M)

    def inputs(self, rows_N: NDArray[np.int64]) -> Tensor:
        """(N, S, F) float."""
        return torch.from_numpy(np.asarray(self.strokes_MSF[np.searchsorted(self.rows_M, rows_N)], np.float32))

    def altered(self, inputs: Tensor, generator: torch.Generator, share: Share) -> Tensor:
        """Bent by a random linear map each, and each point moved a little; what is no stroke stays none."""
        count, strokes, numbers = inputs.shape
        points = inputs[:, :, :-1].reshape(count, -1, 2)
        total = count * share.world
        maps = torch.eye(2) + self.amounts.affine * torch.randn((total, 2, 2), generator=generator)[share.own]
        jitter = self.amounts.jitter * torch.randn((total, *points.shape[1:]), generator=generator)[share.own]
        moved = points @ maps + jitter
        there = inputs[:, :, -1:]
        return torch.cat([moved.reshape(count, strokes, numbers - 1) * there, there], dim=2)


class CharacterData(NamedTuple):
    """What a recogniser learns from, and what it is judged on while it does."""

    source: StepSource[Batch]
    validation: HeldOut[Batch]


def character_data(samples: SampleSet, reads: Reads, params: CharacterParams, seed: int) -> CharacterData | None:
    """Batches of the kind that a recogniser reads; None where no training sample has strokes.

    Raises InputError where the validation split is empty.
    """
    reader: SampleReader = (
        Pictures(samples, params.augment) if reads == "raster" else Strokes(samples, params.stroke_augment)
    )
    if reads == "strokes" and not len(reader.rows("train")):
        return None
    source = SampleBatches(reader, params.batch, params.class_balance, seed)
    return CharacterData(source, held_out_samples(reader, "val"))
