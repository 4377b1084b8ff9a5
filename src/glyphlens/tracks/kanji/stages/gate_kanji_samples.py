"""gate_kanji_samples: let the pictures of Japanese characters through to the recognisers, or stop and say why not."""

from collections.abc import Sequence

from glyphlens.core.params import load_params
from glyphlens.gates.run import GateFiles, run_gate
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.kanji.gates.sample_data import KanjiSampleData, KanjiSampleLimits
from glyphlens.tracks.kanji.gates.samples import GATE


def main(argv: Sequence[str] | None = None) -> None:
    """Judge the sample set; write token, metrics and report."""
    paths = stage_paths(argv, "samples", "token", "metrics", "report")
    limits = load_params(KanjiSampleLimits, "gates.kanji_samples")
    files = GateFiles(paths.token, paths.metrics, paths.report)
    run_gate(GATE, lambda: KanjiSampleData.open(paths.samples, limits), limits, files, [paths.samples])


if __name__ == "__main__":
    run_stage(main)
