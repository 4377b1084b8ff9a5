"""What a step of a training on Khmer lines sees: short clean lines first, then all, changed anew every time."""

import math
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from tqdm import tqdm

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.share import Share
from glyphlens.data.sample_set import SampleSet
from glyphlens.data.tokens import TokenTable
from glyphlens.tracks.khmer.recognizers.line_encoder import encoded_steps
from glyphlens.tracks.khmer.training.augment_lines import LineAugmentParams, augment_lines
from glyphlens.tracks.khmer.training.khmer_tokens import TokenKind
from glyphlens.tracks.khmer.training.line_losses import LineLossWeights
from glyphlens.training.lines import LineBatch, LineBatches
from glyphlens.training.params import TrainingParams

CLEAN = "clean"
WIDTH_MULTIPLE_PX = 64  # few different widths: each is prepared for once, in training and in use


class Curriculum(Section):
    """In the first ``share`` of the steps: lines of at most ``clusters`` clusters, ``clean`` ones or of all slices."""

    share: float = Field(ge=0, lt=1)
    clusters: int = Field(ge=1)
    slices: Literal["clean", "all"]


class KhmerTrainingParams(TrainingParams):
    """The section ``khmer_training``: a step has as many columns of pixels as ``batch`` lines of ``line_px`` have, of
    lines of one of ``buckets`` widths; ``ctc_share``: weight of the time steps' scores in an attention's training;
    ``min_count``: how often a cluster must occur in the training texts to be a token; ``parts``: whether tokens share
    what they are made of; ``blank_bias``: logit of the blank at the start."""

    line_px: int = Field(ge=1)
    buckets: int = Field(ge=1)
    tokens: TokenKind
    min_count: int = Field(ge=1)
    parts: bool
    blank_bias: float
    ctc_share: float = Field(ge=0, lt=1)
    curriculum: Curriculum
    augment: LineAugmentParams
    loss: LineLossWeights
    held_out_rows: int = Field(ge=1)


class KhmerLineBatches:
    """Easy lines for the first steps, then all of ``rows_T``; both augmented."""

    def __init__(self, samples: SampleSet, params: KhmerTrainingParams, seed: int, rows_T: NDArray[np.int64]) -> None:
        self.params, self.seed = params, seed
        self.easy_steps = round(params.curriculum.share * params.steps)
        arguments = samples, params.batch * params.line_px, params.buckets, seed
        self.all = LineBatches(*arguments, rows_T=rows_T, multiple_px=WIDTH_MULTIPLE_PX)
        self.easy = self.all
        if self.easy_steps:
            easy_T = easy_rows(samples, params.curriculum, rows_T)
            self.easy = LineBatches(*arguments, rows_T=easy_T, multiple_px=WIDTH_MULTIPLE_PX)

    def batch(self, step: int, rank: int = 0, world: int = 1) -> LineBatch:
        """This process's share of the lines."""
        source = self.easy if step < self.easy_steps else self.all
        generator = torch.Generator().manual_seed((self.seed << 24) + step)
        return augment_lines(source.batch(step, rank, world), self.params.augment, generator, Share(rank, world))


def writable_rows(samples: SampleSet, tokens: TokenTable, stretch: float) -> NDArray[np.int64]:
    """Training lines wide enough to write their text: a time step a token, and one between two that are alike.

    They are so too when augmentation narrows them by exp(−``stretch``), as far as it may. Of any other the CTC loss is
    infinite. Raises InputError where there is none.
    """
    rows_T = samples.rows("train")
    narrowest_T = np.floor(samples.widths_N[rows_T] * math.exp(-stretch)).astype(np.int64)
    steps_T = encoded_steps(torch.from_numpy(narrowest_T)).numpy()
    numbers = [tokens.encode(samples.texts[row]) for row in rows_T]
    needed_T = np.array([len(each) + np.count_nonzero(each[1:] == each[:-1]) for each in numbers])
    found = rows_T[needed_T <= steps_T]
    if not len(found):
        raise InputError(f"{samples.folder}: none of its {len(rows_T)} training lines is wide enough for its text")
    if len(found) < len(rows_T):
        tqdm.write(
            f"{samples.folder}: {len(rows_T) - len(found)} training lines are too narrow for their texts, left out"
        )
    return found


def easy_rows(samples: SampleSet, curriculum: Curriculum, rows_T: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lines among ``rows_T`` to begin with.

    Raises InputError where the set does not say what its lines are, or has none.
    """
    missing = [name for name in ("slice", "clusters") if name not in samples.index]
    if missing:
        raise InputError(f"{samples.folder / 'index.parquet'}: columns missing: {', '.join(missing)}")
    is_easy_N = (samples.index["clusters"] <= curriculum.clusters).to_numpy()
    if curriculum.slices == CLEAN:
        is_easy_N = is_easy_N & (samples.index["slice"] == CLEAN).to_numpy()
    found = rows_T[is_easy_N[rows_T]]
    if not len(found):
        raise InputError(
            f"{samples.folder}: no training line has at most {curriculum.clusters} clusters in the slices "
            f"'{curriculum.slices}', which khmer_training.curriculum begins with"
        )
    return found
