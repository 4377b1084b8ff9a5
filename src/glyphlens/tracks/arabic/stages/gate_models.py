"""gate_models: let the trained networks through to the export, or stop and say why not."""

import argparse
from collections.abc import Sequence

from glyphlens.core.params import load_params
from glyphlens.core.storage import load_array
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.run import GateFiles, run_gate
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.gates.model_data import ModelData, ModelLimits, TrainedModel
from glyphlens.tracks.arabic.gates.models import GATE

MODELS = ("phase1", "phase2", "onestage")


def main(argv: Sequence[str] | None = None) -> None:
    """Judge the three models; write token (over their folders), metrics and report."""
    inputs = (*MODELS, *(f"{name}_metrics" for name in MODELS), "rasters", "grids")
    paths = stage_paths(argv, *inputs, "token", "metrics", "report")
    limits = load_params(ModelLimits, "gates.models")
    files = GateFiles(paths.token, paths.metrics, paths.report)
    run_gate(GATE, lambda: _open(paths), limits, files, [getattr(paths, name) for name in MODELS])


def _open(paths: argparse.Namespace) -> ModelData:
    models = {name: TrainedModel.open(getattr(paths, name), getattr(paths, f"{name}_metrics")) for name in MODELS}
    return ModelData(models, SampleSet.open(paths.rasters), load_array(paths.grids / "clean.npy"))


if __name__ == "__main__":
    run_stage(main)
