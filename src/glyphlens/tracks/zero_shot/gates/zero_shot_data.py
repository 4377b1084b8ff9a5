"""What gate_zero_shot_samples judges: pictures, roles, templates and descriptions of one folder, as files say.

N pictures · C characters · T templates of each · P×P pixels
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.storage import load_array, load_json
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.suites.sample_set import read_manifest
from glyphlens.tracks.zero_shot.descriptions.arrays import ComponentVocabulary
from glyphlens.tracks.zero_shot.descriptions.description import Description
from glyphlens.tracks.zero_shot.descriptions.table import DescriptionTable
from glyphlens.tracks.zero_shot.samples.roles import PROTOCOL, ClassRoles, ProtocolParams
from glyphlens.tracks.zero_shot.samples.zero_shot_set import EXAMPLES

COLUMNS = ("sample_id", "class_index", "label", "group", "source", "set", "file", "split", "image_hash")
BLOCK = 4096  # pictures looked at at a time: 16 MiB


class ZeroShotSampleLimits(Section):
    """Section ``gates.zero_shot_samples`` of params.yaml."""

    ink_level: int = Field(ge=1, le=255)
    min_ink_share: float = Field(ge=0, lt=1)
    max_ink_share: float = Field(gt=0, le=1)
    max_odd_ink_share: float = Field(ge=0, le=1)
    checked_rows: int = Field(ge=1)
    max_twin_share: float = Field(ge=0, le=1)
    min_groups: int = Field(ge=3)
    min_train_samples: int = Field(ge=1)
    min_train_groups: int = Field(ge=1)
    min_held_out_samples: int = Field(ge=1)
    min_split_share: float = Field(ge=0, le=1)
    max_split_share: float = Field(ge=0, le=1)
    min_template_share: float = Field(ge=0, le=1)
    max_tied_share: float = Field(ge=0, le=1)
    min_composable_share: float = Field(ge=0, le=1)


class ZeroShotSamplePaths(NamedTuple):
    """The folder that the stage zero_shot_samples wrote."""

    samples: Path


@dataclass(frozen=True)
class ZeroShotSampleData:
    """The files of the folder; ``components``: how many seen classes have each, as components.json says.

    ``examples``: the pictures that are in no split.
    """

    samples: SampleSet
    examples: SampleSet
    manifest: Mapping[str, list[str]]
    roles: ClassRoles
    protocol: ProtocolParams
    templates_CTPP: NDArray[Any]
    has_CT: NDArray[Any]
    template_names: tuple[str, ...]
    descriptions: Mapping[str, Description]
    components: Mapping[str, int]
    ink_level: int

    @classmethod
    def open(cls, paths: ZeroShotSamplePaths, limits: ZeroShotSampleLimits) -> "ZeroShotSampleData":
        """Raises InputError where a file is missing, broken or has another form."""
        folder = paths.samples
        samples = SampleSet.open(folder)
        if missing := [name for name in COLUMNS if name not in samples.index]:
            raise InputError(f"{folder / 'index.parquet'}: columns missing: {', '.join(missing)}")
        try:
            protocol = ProtocolParams.model_validate(load_json(folder / PROTOCOL))
        except ValidationError as error:
            raise InputError(f"{folder / PROTOCOL}: not the protocol of the roles ({error})") from error
        return cls(
            samples,
            SampleSet.open(folder / EXAMPLES),
            read_manifest(folder / "splits.json"),
            ClassRoles.load(folder),
            protocol,
            load_array(folder / "templates.npy", mmap=True),
            load_array(folder / "has_CT.npy"),
            tuple(load_json(folder / "templates.json")),
            DescriptionTable.load(folder),
            ComponentVocabulary.load(folder).seen,
            limits.ink_level,
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """The characters in the order of their class indices."""
        return tuple(entry.label for entry in self.samples.classes)

    @cached_property
    def role_of(self) -> dict[str, str]:
        """The role of every character that has one, the last one where it has several."""
        lists = {"seen": self.roles.seen, "val": self.roles.val, "unused": self.roles.unused}
        lists |= {"unseen": self.roles.unseen, "level2": self.roles.level2}
        return {label: role for role, labels in lists.items() for label in labels}

    @cached_property
    def roles_N(self) -> "pd.Series[str]":
        """The role of every row's class; "" for one without."""
        return self.samples.index["label"].map(self.role_of).fillna("")

    @cached_property
    def facts(self) -> pd.DataFrame:
        """The index beside ``measured_ink_share``, the share of a picture's pixels of at least ``ink_level``."""
        blocks = range(0, len(self.samples), BLOCK)
        shares = [
            (self.samples.images(slice(start, start + BLOCK)) >= self.ink_level).mean(axis=(1, 2)) for start in blocks
        ]
        return self.samples.index.assign(measured_ink_share=np.concatenate([np.empty(0), *shares]))
