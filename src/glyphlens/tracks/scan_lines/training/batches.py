"""Batches of scans: augmented anew in training, held out as they are.

N scans of a batch · L lines · S samples of a line
"""

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from glyphlens.core.share import Share
from glyphlens.tracks.scan_lines.samples.augment import LineAugmentParams, augment_lines
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.training.params import TrainingParams


class ScanTrainingParams(TrainingParams):
    """The section ``scan_training``: what the trainings of all recognisers of scans share.

    ``class_power``: a class weighs ∝ (its training scans) ** -class_power in the loss; ``line_power``: the answer after
    line t of L weighs ∝ (t / L) ** line_power.
    """

    class_power: float = Field(ge=0, le=1)
    line_power: float = Field(ge=0)
    augment: LineAugmentParams


class ScanLines:
    """Scans as their lines; a reader of samples as ``training.pictures`` asks for."""

    kind = "scan"

    def __init__(self, scans: ScanSet, augmentation: LineAugmentParams) -> None:
        self.scans, self.samples, self.augmentation = scans, scans.samples, augmentation

    def rows(self, split: str) -> NDArray[np.int64]:
        """All rows of the split."""
        return self.samples.rows(split)

    def inputs(self, rows_N: NDArray[np.int64]) -> Tensor:
        """(N, L, S) float32 of 0 to 255, NaN throughout a missing line."""
        return torch.from_numpy(self.scans.lines(rows_N))

    def altered(self, inputs: Tensor, generator: torch.Generator, share: Share) -> Tensor:
        """As another day would have brought them."""
        return augment_lines(inputs, self.augmentation, generator, share)
