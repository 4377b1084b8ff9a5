"""What a step aligns: two pictures of each of its classes, by different hands, and the descriptions of more classes.

B classes of a batch · X further ones, described only · N = 2·B pictures · H×W pixels · V candidates of a validation
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.share import Share
from glyphlens.core.storage import load_array
from glyphlens.data.sample_set import SampleSet
from glyphlens.imaging.augment import AugmentParams, augment
from glyphlens.tracks.zero_shot.descriptions.arrays import UNKNOWN, DescriptionArrays
from glyphlens.tracks.zero_shot.recognizers.aligned import Preset, Settings
from glyphlens.training.batches import HeldOut
from glyphlens.training.length import FromRandom
from glyphlens.training.params import TrainingParams
from glyphlens.training.pictures import raster_input

HANDS = 2  # pictures of a class in a batch
HELD_OUT_ROWS = 512


class AlignmentWeights(Section):
    """Shares of the losses: levels of a description, all levels together, pictures of one class, seen classes.

    ``text`` 0 is a network that knows pictures only.
    """

    text: float = Field(ge=0)
    pictures: float = Field(ge=0)
    classes: float = Field(ge=0)


class ZeroShotTrainingParams(TrainingParams):
    """Section ``zero_shot_training``. ``start``: whether a training begins with the weights in git where these fit;
    ``from_random``: steps and rate where it does not. ``preset``: widths of the levels, ``none`` sets ``losses.text``
    to 0.

    ``batch``: pictures a step, two of each class; ``described``: classes beside them of which only the descriptions are
    there; ``rarity``: power of the rarity of its components by which a class is drawn; ``unknown``: share of components
    that are hidden.
    """

    start: bool
    from_random: FromRandom
    preset: Preset
    network: Settings
    described: int = Field(ge=0)
    rarity: float = Field(ge=0)
    temperature: float = Field(gt=0)
    unknown: float = Field(ge=0, lt=1)
    losses: AlignmentWeights
    augment: AugmentParams

    @model_validator(mode="after")
    def _resolved(self) -> "ZeroShotTrainingParams":
        losses = self.losses.model_copy(update={"text": 0.0}) if self.preset == "none" else self.losses
        return self.model_copy(update={"network": self.network.with_preset(self.preset), "losses": losses})


class Described(NamedTuple):
    """Padded descriptions as the text tower takes them; see descriptions.arrays."""

    types_NS: Tensor
    points_NSP2: Tensor
    names_NK: Tensor
    numbers_NK5: Tensor

    @classmethod
    def of(cls, arrays: DescriptionArrays, rows_N: NDArray[np.int64]) -> "Described":
        """Some of the descriptions."""
        return cls(
            torch.from_numpy(arrays.stroke_types_NS[rows_N]),
            torch.from_numpy(arrays.stroke_points_NSP2[rows_N]),
            torch.from_numpy(arrays.component_ids_NK[rows_N]),
            torch.from_numpy(arrays.component_numbers_NK5[rows_N]),
        )

    def with_unknown(self, hidden_NK: NDArray[np.bool_]) -> "Described":
        """Some components hidden, where there are any, so that the number of unknown ones is learnt."""
        hidden = torch.from_numpy(hidden_NK) & (self.names_NK > 0)
        return self._replace(names_NK=torch.where(hidden, UNKNOWN, self.names_NK))


class AlignmentBatch(NamedTuple):
    """In training ``images_N1HW`` are the first hands of all B classes, then the second, ``described`` these B and
    then X more, ``targets_N`` numbers among the seen classes. In validation ``described`` are all V candidates, and
    ``targets_N`` are numbers among them; ``templates_V1HW`` are a plain picture of each where descriptions say nothing.
    """

    images_N1HW: Tensor
    described: Described
    targets_N: Tensor
    templates_V1HW: Tensor | None = None


class AlignmentBatches:
    """Classes of a step are drawn without replacement, their pictures from different rows where there are two."""

    def __init__(
        self,
        samples: SampleSet,
        seen: Sequence[int],
        arrays: DescriptionArrays,
        params: ZeroShotTrainingParams,
        seed: int,
    ) -> None:
        self.samples, self.arrays, self.params, self.seed = samples, arrays, params, seed
        self.classes_Y = np.unique(np.array(seen, np.int64))
        rows_T = samples.rows("train")
        stray_T = rows_T[~np.isin(samples.class_indices[rows_T], self.classes_Y)]
        if len(stray_T):
            name = samples.classes[int(samples.class_indices[stray_T[0]])].label
            raise InputError(
                f"{samples.folder}: {len(stray_T)} training rows are of characters that are not to be learnt, "
                f"the first, row {stray_T[0]}, of '{name}'; see roles.json"
            )
        rows_T = rows_T[np.argsort(samples.class_indices[rows_T], kind="stable")]
        self.rows_T = rows_T
        self.starts_Y1 = np.searchsorted(samples.class_indices[rows_T], [*self.classes_Y, self.classes_Y[-1] + 1])
        if (np.diff(self.starts_Y1) < HANDS).any():
            name = samples.classes[int(self.classes_Y[int(np.diff(self.starts_Y1).argmin())])].label
            raise InputError(f"{samples.folder}: '{name}' is to be learnt and has fewer than {HANDS} training pictures")
        self.chances_Y = (
            class_chances(arrays.component_ids_NK[self.classes_Y], params.rarity) if params.rarity else None
        )
        wanted = params.batch // HANDS + params.described
        if wanted > len(self.classes_Y):
            raise InputError(
                f"params.yaml, zero_shot_training: {params.batch // HANDS} + {params.described} classes a step need as "
                f"many seen ones, found {len(self.classes_Y)}"
            )

    def batch(self, step: int, rank: int = 0, world: int = 1) -> AlignmentBatch:
        """This process's share of the classes; every process describes the further ones too."""
        rng, share = np.random.default_rng([self.seed, step]), Share(rank, world)
        count = self.params.batch // HANDS
        drawn = rng.choice(len(self.classes_Y), count + self.params.described, replace=False, p=self.chances_Y)
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        sizes_B = np.diff(self.starts_Y1)[drawn[:count]]
        first_B = rng.integers(sizes_B)
        second_B = (first_B + rng.integers(1, sizes_B)) % sizes_B
        own = share.rows(count)
        places_HB = (self.starts_Y1[drawn[:count]] + np.stack([first_B, second_B]))[:, own]
        rows_N = self.rows_T[places_HB.ravel()]
        order_N = np.argsort(rows_N)
        pictures_N = np.empty((len(rows_N), *self.samples.pixels.shape[1:]), np.uint8)
        pictures_N[order_N] = self.samples.images(rows_N[order_N])
        images = augment(raster_input(torch.from_numpy(pictures_N)), self.params.augment, generator, share)
        hidden_DK = rng.random((len(drawn), self.arrays.component_ids_NK.shape[1])) < self.params.unknown
        places_D = np.arange(len(drawn))
        shown = np.concatenate([places_D[:count][own], places_D[count:]])
        described = Described.of(self.arrays, self.classes_Y[drawn[shown]]).with_unknown(hidden_DK[shown])
        return AlignmentBatch(images, described, torch.from_numpy(drawn[:count][own]).repeat(HANDS))


def class_chances(ids_YK: NDArray[np.int64], rarity: float) -> NDArray[np.float64]:
    """(Y,) chances that sum to 1, by the component of each class that fewest classes have, to the power ``-rarity``.

    Rare classes more often is DAGECC's remedy for long tails; here every class has as many pictures, and what is rare
    is a component. ``ids_YK``: numbers of components, 0 is padding.
    """
    classes_of = np.zeros(ids_YK.max() + 1, np.int64)
    for ids_K in ids_YK:
        classes_of[np.unique(ids_K)] += 1
    classes_of[0] = len(ids_YK)
    rarest_Y = classes_of[ids_YK].min(axis=1).astype(np.float64)
    weights_Y: NDArray[np.float64] = rarest_Y**-rarity / (rarest_Y**-rarity).sum()
    return weights_Y


def held_out_candidates(
    samples: SampleSet, unseen: Sequence[int], arrays: DescriptionArrays, *, by_templates: bool = False
) -> HeldOut[AlignmentBatch]:
    """Validation pictures of classes that are pretended unseen; candidates are all classes that validation draws.

    ``by_templates``: with the first template of each candidate, KanjiVG's strokes. Raises InputError where there is no
    such picture, or no template.
    """
    classes_N, rows_N = samples.class_indices, samples.rows("val")
    candidates_V = np.unique(classes_N[rows_N])
    rows_N = rows_N[np.isin(classes_N[rows_N], np.array(unseen, np.int64))]
    if not len(rows_N):
        raise InputError(f"{samples.folder}: no validation picture of a class that is not trained on; see roles.json")
    candidates = Described.of(arrays, candidates_V)
    templates = _templates(samples, candidates_V) if by_templates else None

    def batch_of(block_n: NDArray[np.int64]) -> AlignmentBatch:
        images = raster_input(torch.from_numpy(samples.images(block_n)))
        targets_n = torch.from_numpy(np.searchsorted(candidates_V, classes_N[block_n]))
        return AlignmentBatch(images, candidates, targets_n, templates)

    return HeldOut(rows_N, batch_of, HELD_OUT_ROWS)


def _templates(samples: SampleSet, candidates_V: NDArray[np.int64]) -> Tensor:
    """(V, 1, H, W) float ink of the first template of each candidate."""
    pictures_VHW = np.array(load_array(samples.folder / "templates.npy", mmap=True)[candidates_V, 0])
    return raster_input(torch.from_numpy(pictures_VHW))
