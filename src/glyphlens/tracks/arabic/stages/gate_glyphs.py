"""gate_glyphs: let the glyph database through to the rasteriser, or stop and say why not."""

from collections.abc import Sequence

from glyphlens.core.params import load_params
from glyphlens.gates.run import GateFiles, run_gate
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.gates.glyph_data import GlyphData, GlyphLimits
from glyphlens.tracks.arabic.gates.glyphs import GATE


def main(argv: Sequence[str] | None = None) -> None:
    """Judge the database; write token, metrics and report."""
    paths = stage_paths(argv, "glyphs", "token", "metrics", "report")
    limits = load_params(GlyphLimits, "gates.glyphs")
    files = GateFiles(paths.token, paths.metrics, paths.report)
    run_gate(GATE, lambda: GlyphData.open(paths.glyphs), limits, files, [paths.glyphs])


if __name__ == "__main__":
    run_stage(main)
