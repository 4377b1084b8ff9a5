"""gate_rasters: let the rasters through to whatever learns from them, or stop and say why not."""

from collections.abc import Sequence

from glyphlens.core.params import load_params
from glyphlens.gates.run import GateFiles, run_gate
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.gates.raster_data import RasterData, RasterLimits
from glyphlens.tracks.arabic.gates.rasters import GATE


def main(argv: Sequence[str] | None = None) -> None:
    """Judge the sample set; write token, metrics and report."""
    paths = stage_paths(argv, "rasters", "token", "metrics", "report")
    limits = load_params(RasterLimits, "gates.rasters")
    files = GateFiles(paths.token, paths.metrics, paths.report)
    run_gate(GATE, lambda: RasterData.open(paths.rasters), limits, files, [paths.rasters])


if __name__ == "__main__":
    run_stage(main)
