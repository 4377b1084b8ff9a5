"""The scan_lines track: pictures that arrive line by line, named after every line, stopped early under a guarantee."""

from glyphlens.tracks import Champion, Headline, Track

_SEQUENTIAL = "scan_lines/sequential.json"

TRACK = Track(
    name="scan_lines",
    title="Images that arrive line by line",
    script="Jpan",
    final_stage="scan_evaluate",
    samples="data/scan_lines/samples",
    champion=Champion((f"metrics/{_SEQUENTIAL}",), "int8_top1"),
    headlines=(
        Headline(_SEQUENTIAL, "top1", "of the {material}, in hands never seen, are named right at the last line"),
        Headline(_SEQUENTIAL, "top1_at_half", "are named right after half of the lines"),
    ),
    stages=("samples", "vit", "sequential", "lrcn", "baseline", "evaluate"),
    material={
        "rendered_samples": "characters of the rendered stand-in (no real handwriting)",
        "etl_samples": "handwritten characters of the ETL database",
        "glyph_samples": "Arabic glyphs of fonts",
        "scan_samples": "scans of your own",
    },
)
