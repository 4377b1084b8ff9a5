"""gate_export: let the exported files through to evaluation and use, or stop and say why not."""

import argparse
from collections.abc import Sequence

from glyphlens.core.params import load_params
from glyphlens.core.storage import load_json
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.run import GateFiles, run_gate
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.gates.export import GATE, ExportData, ExportLimits


def main(argv: Sequence[str] | None = None) -> None:
    """Judge both files on their metrics and by scoring them; write token (over both), metrics and report."""
    paths = stage_paths(argv, "export", "export_metrics", "rasters", "token", "metrics", "report")
    limits = load_params(ExportLimits, "gates.export")
    files = GateFiles(paths.token, paths.metrics, paths.report)
    run_gate(GATE, lambda: _open(paths, limits), limits, files, [paths.export])


def _open(paths: argparse.Namespace, limits: ExportLimits) -> ExportData:
    folders = {kind: paths.export / kind for kind in ("fp32", "int8")}
    return ExportData(folders, load_json(paths.export_metrics), SampleSet.open(paths.rasters), limits.scored_rows)


if __name__ == "__main__":
    run_stage(main)
