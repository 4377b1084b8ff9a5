"""Batches of scans: augmented anew in training, held out as they are.

N scans of a batch · L lines · S samples of a line
"""

from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from glyphlens.core.errors import InputError
from glyphlens.core.share import Share
from glyphlens.data.sample_set import SampleSet
from glyphlens.imaging.augment import AugmentParams, augment
from glyphlens.tracks.scan_lines.samples.augment import FULL, LineAugmentParams, augment_lines
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.samples.sources import SCAN
from glyphlens.training.params import TrainingParams


class ScanTrainingParams(TrainingParams):
    """The section ``scan_training``: what the trainings of all recognisers of scans share.

    ``class_power``: a class weighs ∝ (its training scans) ** -class_power in the loss; ``line_power``: the answer after
    line t of L weighs ∝ (t / L) ** line_power. ``written``: how characters are bent anew in every step, as other hands
    would have written them; None for scans of something else. Of the user's own scans nothing is bent (``fitting``).
    """

    class_power: float = Field(ge=0, le=1)
    line_power: float = Field(ge=0)
    augment: LineAugmentParams
    written: AugmentParams | None

    def fitting(self, samples: SampleSet) -> Self:
        """These, without ``written`` where the samples are the user's own scans.

        Those are no characters on paper of one grey level, and the zeros that stand for missing lines would bleed into
        the lines beside them.
        """
        return self.model_copy(update={"written": None}) if SCAN in samples.sources else self


class ScanLines:
    """Scans as their lines; a reader of samples as ``training.pictures`` asks for."""

    kind = "scan"

    def __init__(self, scans: ScanSet, augmentation: LineAugmentParams, written: AugmentParams | None = None) -> None:
        self.scans, self.samples, self.augmentation, self.written = scans, scans.samples, augmentation, written
        lines, width = scans.shape_LS
        if written and lines != width:
            raise InputError(
                f"{scans.samples.folder}: {lines} lines of {width} samples; characters are bent as squares: set "
                "scan_samples.lines and .samples alike, or scan_training.written to null"
            )

    def rows(self, split: str) -> NDArray[np.int64]:
        """All rows of the split."""
        return self.samples.rows(split)

    def inputs(self, rows_N: NDArray[np.int64]) -> Tensor:
        """(N, L, S) float32 of 0 to 255, NaN throughout a missing line."""
        return torch.from_numpy(self.scans.lines(rows_N))

    def altered(self, inputs: Tensor, generator: torch.Generator, share: Share) -> Tensor:
        """As another hand would have written them, and another day brought them."""
        if self.written:
            known = inputs.nan_to_num().unsqueeze(1) / FULL
            bent = FULL * augment(known, self.written, generator, share).squeeze(1)
            inputs = torch.where(inputs.isnan(), torch.nan, bent)
        return augment_lines(inputs, self.augmentation, generator, share)
