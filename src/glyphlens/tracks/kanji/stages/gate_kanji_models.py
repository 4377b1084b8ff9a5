"""gate_kanji_models: let the exported recognisers through to the comparison and to use, or stop and say why not."""

from collections.abc import Sequence

from glyphlens.core.params import load_params
from glyphlens.gates.run import GateFiles, run_gate
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.kanji.gates.model_data import KanjiModelData, KanjiModelLimits
from glyphlens.tracks.kanji.gates.models import GATE


def main(argv: Sequence[str] | None = None) -> None:
    """Judge every export on what it says and by scoring it; write token (over all), metrics and report."""
    paths = stage_paths(argv, "samples", "export", "token", "metrics", "report")
    limits = load_params(KanjiModelLimits, "gates.kanji_models")
    files = GateFiles(paths.token, paths.metrics, paths.report)
    run_gate(
        GATE,
        lambda: KanjiModelData.open(paths.export, paths.samples, limits.scored_rows),
        limits,
        files,
        [paths.export],
    )


if __name__ == "__main__":
    run_stage(main)
