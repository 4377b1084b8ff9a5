"""gate_models: trained networks are whole, say different things about different glyphs, and are accurate enough.

N validation rows · M images · R×C cell grid
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

from glyphlens.core.curves import CURVES, read_curves
from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.storage import load_array, load_json
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, Verdict, at_least, at_most, none_of
from glyphlens.gates.run import Gate
from glyphlens.gates.suites import trained
from glyphlens.tracks.arabic.gates.primitives import grids_have_form, inked_cells
from glyphlens.tracks.arabic.glyphs.parts import part_rows

GLYPH_MODELS = ("phase2", "onestage")
ROUNDING = 1e-4  # of the metrics files


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


class ModelPaths(NamedTuple):
    """The folders and metrics files of the three trainings, and what they were trained on."""

    phase1: Path
    phase2: Path
    onestage: Path
    phase1_metrics: Path
    phase2_metrics: Path
    onestage_metrics: Path
    rasters: Path
    grids: Path


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

    @classmethod
    def open(cls, paths: ModelPaths, limits: ModelLimits) -> "ModelData":
        """Raises InputError where a file is missing or broken."""
        models = {
            "phase1": TrainedModel.open(paths.phase1, paths.phase1_metrics),
            "phase2": TrainedModel.open(paths.phase2, paths.phase2_metrics),
            "onestage": TrainedModel.open(paths.onestage, paths.onestage_metrics),
        }
        return cls(models, SampleSet.open(paths.rasters), load_array(paths.grids / "clean.npy"))

    @cached_property
    def truth_N(self) -> NDArray[np.int64]:
        """(N,) class index of every validation row of Arabic script, which the scores are about."""
        return self.samples.class_indices[part_rows(self.samples, "val")]

    @property
    def curves(self) -> Mapping[str, pd.DataFrame]:
        """The learning curves of all three."""
        return {name: model.curves for name, model in self.models.items()}

    @property
    def answers(self) -> Mapping[str, NDArray[Any]]:
        """The predictions of the models that have any."""
        return {name: self.models[name].predictions_N for name in GLYPH_MODELS}

    @property
    def truth(self) -> Mapping[str, NDArray[Any]]:
        """What these should be."""
        return dict.fromkeys(GLYPH_MODELS, self.truth_N)

    @property
    def labels(self) -> list[str]:
        """The labels of the classes, in their order."""
        return [entry.label for entry in self.samples.classes]

    @cached_property
    def inked_MRC(self) -> NDArray[np.bool_]:
        """Which cells hold ink."""
        return inked_cells(np.asarray(self.samples.pixels))

    def metric(self, model: str, name: str) -> float:
        """A number of a model's metrics file; a missing one raises KeyError, which fails the check that asks."""
        return float(self.models[model].metrics[name])


CHECKS: Checks[ModelData, ModelLimits] = Checks()


@CHECKS.add("weights-finite")
def weights_finite(data: ModelData, limits: ModelLimits) -> Outcome:
    """One NaN or infinity spreads to every answer."""
    rows: list[Row] = [
        {"model": name, "tensor": tensor, "values": int((~np.isfinite(array)).sum())}
        for name, model in data.models.items()
        for tensor, array in model.tensors.items()
        if not np.isfinite(array).all()
    ]
    return none_of(len(rows), "tensors with values that are not finite", rows[:SHOWN_ROWS])


@CHECKS.add("output-size")
def output_size(data: ModelData, limits: ModelLimits) -> Outcome:
    """A network's answers are positions in the class list: it has as many outputs."""
    expected = len(data.samples.classes)
    rows: list[Row] = [
        {"model": name, "outputs": data.models[name].config.get("classes"), "classes": expected}
        for name in GLYPH_MODELS
        if data.models[name].config.get("classes") != expected
    ]
    return none_of(len(rows), "networks with another number of outputs", rows)


@CHECKS.add("grids-form")
def grids_form(data: ModelData, limits: ModelLimits) -> Outcome:
    """Phase 2 reads one 16×16 grid of uint16 for every picture."""
    return grids_have_form(data.clean_MRC, data.inked_MRC.shape)


@CHECKS.add("grids-empties")
def grids_empties(data: ModelData, limits: ModelLimits) -> Outcome:
    """On clean pictures an empty cell is known exactly: phase 1 must call it 0, and nothing else."""
    wrong = (data.clean_MRC != 0) != data.inked_MRC
    return at_most(float(wrong.mean()), limits.max_empty_fpr, "share of clean cells where 0 and ink disagree")


@CHECKS.add("phase1-accuracy")
def phase1_accuracy(data: ModelData, limits: ModelLimits) -> Outcome:
    """Every wrong primitive is noise for phase 2."""
    return at_least(data.metric("phase1", "accuracy"), limits.min_phase1_accuracy, "on degraded held-out pictures")


@CHECKS.add("phase1-empties")
def phase1_empties(data: ModelData, limits: ModelLimits) -> Outcome:
    """Ink seen where there is none draws dots, and dots make another letter."""
    return at_most(data.metric("phase1", "empty_fpr"), limits.max_empty_fpr, "false positives on empty cells")


@CHECKS.add("phase1-beside-lookup")
def phase1_beside_lookup(data: ModelData, limits: ModelLimits) -> Outcome:
    """The network is there to beat thresholding plus exact lookup on degraded cells."""
    behind = data.metric("phase1", "lookup_accuracy") - data.metric("phase1", "accuracy")
    return at_most(behind, limits.max_below_lookup, "lookup's accuracy less the network's", otherwise=Verdict.WARN)


@CHECKS.add("predictions-form")
def predictions_form(data: ModelData, limits: ModelLimits) -> Outcome:
    """One known class for every validation row."""
    rows: list[Row] = []
    for name in GLYPH_MODELS:
        found = data.models[name].predictions_N
        fits = found.shape == data.truth_N.shape and found.dtype == np.int32
        beyond = int(((found < 0) | (found >= len(data.samples.classes))).sum())
        if not fits or beyond:
            rows.append({"model": name, "found": f"{found.dtype} {found.shape}", "unknown classes": beyond})
    return none_of(len(rows), f"models whose predictions are not int32 {data.truth_N.shape} of known classes", rows)


@CHECKS.add("metrics-agree")
def metrics_agree(data: ModelData, limits: ModelLimits) -> Outcome:
    """The accuracy that was written down is that of the predictions that were written down."""
    rows: list[Row] = []
    for name in GLYPH_MODELS:
        measured = float((data.models[name].predictions_N == data.truth_N).mean())
        if not abs(measured - data.metric(name, "val_top1")) <= ROUNDING:
            rows.append({"model": name, "measured": measured, "metrics file": data.metric(name, "val_top1")})
    return none_of(len(rows), "models whose val_top1 is not that of val_predictions.npy", rows)


@CHECKS.add("phase2-top1")
def phase2_top1(data: ModelData, limits: ModelLimits) -> Outcome:
    """Below this the recogniser is broken rather than badly tuned."""
    return at_least(data.metric("phase2", "val_top1"), limits.min_phase2_top1, "on the validation families")


@CHECKS.add("phase2-top5")
def phase2_top5(data: ModelData, limits: ModelLimits) -> Outcome:
    """The five answers shown to a person should nearly always hold the right one."""
    return at_least(data.metric("phase2", "val_top5"), limits.min_phase2_top5, "on the validation families")


@CHECKS.add("onestage-top1")
def onestage_top1(data: ModelData, limits: ModelLimits) -> Outcome:
    """A weak baseline would flatter phase 2."""
    return at_least(data.metric("onestage", "val_top1"), limits.min_onestage_top1, "on the validation families")


@CHECKS.add("phase2-beside-onestage")
def phase2_beside_onestage(data: ModelData, limits: ModelLimits) -> Outcome:
    """Going through primitives should cost no more than about a point."""
    behind = data.metric("onestage", "val_top1") - data.metric("phase2", "val_top1")
    return at_most(behind, limits.max_below_onestage, "onestage's val_top1 less phase 2's", otherwise=Verdict.WARN)


GATE: Gate[ModelPaths, ModelData, ModelLimits] = Gate(
    name="models",
    purpose="Between the trained networks and their export.",
    paths=ModelPaths,
    limits=ModelLimits,
    open=ModelData.open,
    checks=[*CHECKS.entries, *trained.CHECKS.entries],
    count_rows=lambda data: len(data.truth_N),
    judged=lambda paths: (paths.phase1, paths.phase2, paths.onestage),
)
