"""What gate_models judges: the three trained models as plain values, the rasters and phase 1's grids.

N validation rows · M images · R×C cell grid
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.curves import CURVES, read_curves
from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.storage import load_array, load_json
from glyphlens.data.sample_set import SampleSet
from glyphlens.tracks.arabic.gates.cell_grids import inked_cells

GLYPH_MODELS = ("phase2", "onestage")


class ModelLimits(Section):
    """Section ``gates.models`` of params.yaml."""

    min_phase1_accuracy: float = Field(ge=0, le=1)
    max_empty_fpr: float = Field(ge=0, le=1)
    max_below_lookup: float = Field(ge=0, le=1)
    min_phase2_top1: float = Field(ge=0, le=1)
    min_phase2_top5: float = Field(ge=0, le=1)
    min_onestage_top1: float = Field(ge=0, le=1)
    max_below_onestage: float = Field(ge=0, le=1)
    min_distinct_share: float = Field(ge=0, le=1)
    max_commonest_share: float = Field(gt=0, le=1)


@dataclass(frozen=True)
class TrainedModel:
    """One model's folder as plain values; ``predictions_N`` are top-1 classes of the validation rows, if it has any."""

    tensors: dict[str, NDArray[Any]]
    config: dict[str, Any]
    curves: pd.DataFrame
    metrics: dict[str, float]
    predictions_N: NDArray[Any]

    @classmethod
    def open(cls, folder: Path, metrics: Path) -> "TrainedModel":
        """Raises InputError where a file is missing or broken."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        weights, predictions = folder / "weights.safetensors", folder / "val_predictions.npy"
        try:
            tensors = load_file(weights)
        except (OSError, ValueError, SafetensorError) as error:
            raise InputError(f"{weights}: cannot be read ({error}); run `dvc repro` again") from error
        found = load_array(predictions) if folder.name in GLYPH_MODELS else np.empty(0, np.int32)
        config, curves = load_json(folder / "model.json")["config"], read_curves(folder / CURVES)
        return cls(tensors, config, curves, load_json(metrics), found)


@dataclass(frozen=True)
class ModelData:
    """The three models, the rasters they were trained on and phase 1's grids (M, R, C) of the clean rasters."""

    models: dict[str, TrainedModel]
    samples: SampleSet
    clean_MRC: NDArray[Any]

    @cached_property
    def truth_N(self) -> NDArray[np.int64]:
        """(N,) class index of every validation row."""
        return self.samples.class_indices[self.samples.rows("val")]

    @property
    def predictions(self) -> dict[str, NDArray[Any]]:
        """The answers of the models that have any, by name."""
        return {name: self.models[name].predictions_N for name in GLYPH_MODELS}

    @cached_property
    def inked_MRC(self) -> NDArray[np.bool_]:
        """Which cells hold ink."""
        return inked_cells(np.asarray(self.samples.pixels))

    def metric(self, model: str, name: str) -> float:
        """A number of a model's metrics file; a missing one raises KeyError, which fails the check that asks."""
        return float(self.models[model].metrics[name])
