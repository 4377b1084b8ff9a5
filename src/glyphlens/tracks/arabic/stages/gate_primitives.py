"""gate_primitives: let the primitives through to the networks that read them, or stop and say why not."""

from collections.abc import Sequence

from glyphlens.core.params import load_params
from glyphlens.gates.run import GateFiles, run_gate
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.gates.primitives import GATE, PrimitiveData, PrimitiveLimits


def main(argv: Sequence[str] | None = None) -> None:
    """Judge centroids and grids against the rasters; write token (over both), metrics and report."""
    paths = stage_paths(argv, "primitives", "rasters", "token", "metrics", "report")
    limits = load_params(PrimitiveLimits, "gates.primitives")
    files = GateFiles(paths.token, paths.metrics, paths.report)
    judged = [paths.primitives, paths.rasters]
    run_gate(GATE, lambda: PrimitiveData.open(*judged), limits, files, judged)


if __name__ == "__main__":
    run_stage(main)
