"""What gate_zero_shot_models judges: the export's files, opened and scored afresh on validation pictures.

s sampled rows · C classes · E numbers of an embedding
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.curves import read_curves
from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.check import spread_rows
from glyphlens.gates.suites.exported import JudgedFile
from glyphlens.inference.folder import CARD, LABELS, MEASURED, ExportFolder, Precision, model_name
from glyphlens.inference.prototypes import Prototypes
from glyphlens.inference.reading import feeds_of
from glyphlens.inference.recognizer import RASTER
from glyphlens.tracks.zero_shot.descriptions.encoder import FOLDER, DescriptionEncoder
from glyphlens.tracks.zero_shot.evaluation.contenders import Fusions, views_of
from glyphlens.tracks.zero_shot.export.fusion import ClassViews
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles, jis_kanji

KINDS: tuple[Precision, ...] = ("fp32", "int8")
NEEDED = (*map(model_name, KINDS), LABELS, MEASURED, CARD)
NETWORK = "aligned"
AGAIN = "run `dvc repro zero_shot_export` again"


class ZeroShotModelLimits(Section):
    """Section ``gates.zero_shot_models`` of params.yaml."""

    min_unseen_top1: float = Field(ge=0, le=1)
    min_seen_top1: float = Field(ge=0, le=1)
    max_shuffled_top1: float = Field(ge=0, le=1)
    min_distinct_share: float = Field(ge=0, le=1)
    max_commonest_share: float = Field(gt=0, le=1)
    min_fp32_agreement: float = Field(ge=0, le=1)
    max_int8_loss: float = Field(ge=0, le=1)
    max_batch_gap: float = Field(ge=0, le=1)
    scored_rows: int = Field(ge=1)
    max_scored_gap: float = Field(ge=0, le=1)
    max_length_gap: float = Field(ge=0, le=1)
    min_view_cosine: float = Field(ge=0, le=1)
    described: int = Field(ge=1)
    max_release_mb: float = Field(gt=0)


class ZeroShotModelPaths(NamedTuple):
    """The samples, and the export."""

    samples: Path
    export: Path


@dataclass(frozen=True)
class ZeroShotModelData:
    """The export in ``folder``, its measured.json unchecked, and ``rows_s`` of the validation split."""

    folder: Path
    samples: SampleSet
    roles: ClassRoles
    measured: dict[str, Any]
    rows_s: NDArray[np.int64]

    @classmethod
    def open(cls, paths: ZeroShotModelPaths, limits: ZeroShotModelLimits) -> "ZeroShotModelData":
        """Raises InputError where a file is missing or measured.json lacks a number."""
        missing = [name for name in NEEDED if not (paths.export / name).is_file()]
        if missing:
            raise InputError(f"{paths.export}: files missing: {', '.join(missing)}; {AGAIN}")
        measured = ExportFolder(paths.export).measured()
        if not isinstance(measured, dict) or "agreement" not in measured or not set(KINDS) <= set(measured):
            raise InputError(f"{paths.export / MEASURED}: not the measurements of an export; {AGAIN}")
        samples = SampleSet.open(paths.samples)
        rows = samples.rows("val")
        picked = rows[spread_rows(len(rows), limits.scored_rows)]
        return cls(paths.export, samples, ClassRoles.load(paths.samples), measured, picked)

    @cached_property
    def characters(self) -> list[str]:
        """All characters of the sample set, in their order."""
        return [entry.label for entry in self.samples.classes]

    @cached_property
    def labels(self) -> list[str]:
        """The candidates where none are given: the characters of level 1."""
        level_1 = set(jis_kanji(1))
        return [label for label in self.characters if label in level_1]

    @cached_property
    def files(self) -> Mapping[str, JudgedFile]:
        """Both precisions, by the name of the file."""
        names = map(model_name, KINDS)
        return {name: JudgedFile(self.folder / name, frozenset({RASTER}), self.samples, self.rows_s) for name in names}

    @property
    def agreement(self) -> Mapping[str, float]:
        """As measured.json has it."""
        return {NETWORK: float(self.measured["agreement"])}

    @property
    def int8_losses(self) -> Mapping[str, float]:
        """On validation, of characters that were not trained on and of those that were, as measured.json has it."""
        fp32, int8 = (self.measured[kind] for kind in KINDS)
        return {name: float(fp32[name] - int8[name]) for name in ("val_unseen_top1", "val_seen_top1")}

    @property
    def curves(self) -> Mapping[str, pd.DataFrame]:
        """The learning curves."""
        return {NETWORK: read_curves(ExportFolder(self.folder).curves)}

    @cached_property
    def truth(self) -> Mapping[str, NDArray[np.int64]]:
        """(s,) true classes, by the name of a file."""
        return dict.fromkeys(self.files, self.samples.class_indices[self.rows_s])

    @cached_property
    def answers(self) -> Mapping[str, NDArray[np.int64]]:
        """(s,) classes that each file answers."""
        return {name: file.logits.argmax(axis=1) for name, file in self.files.items()}

    @cached_property
    def is_seen_s(self) -> NDArray[np.bool_]:
        """(s,) whether a row's character was trained on."""
        labels_s: NDArray[np.bool_] = self.samples.index["label"].iloc[self.rows_s].isin(self.roles.seen).to_numpy()
        return labels_s

    @cached_property
    def embeddings(self) -> Mapping[str, NDArray[np.float32]]:
        """(s, E) by the name of a file."""
        feeds = feeds_of(self.samples, {RASTER}, self.rows_s)
        return {name: file.recognizer.embeddings(feeds) for name, file in self.files.items()}

    @cached_property
    def tables(self) -> Mapping[str, Prototypes]:
        """The prototypes beside each file; raises InputError where they are missing, broken or another file's."""
        return {name: Prototypes.load(file.path) for name, file in self.files.items()}

    def views(self, kind: Precision) -> ClassViews:
        """The descriptions and templates of all classes, as an export left them."""
        return views_of(self.folder, self.samples, self.roles, kind)

    def fusions(self, kind: Precision) -> Fusions:
        """How they were weighed."""
        return Fusions.load(self.folder, kind)

    @cached_property
    def encoder(self) -> DescriptionEncoder:
        """The text encoder with its descriptions; raises InputError where something is missing or broken."""
        return DescriptionEncoder.load(self.folder / FOLDER)
