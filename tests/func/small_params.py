"""The whole graph, smaller still: what `.ci/smoke` sets, and what a few fonts, characters and recognisers need."""

from typing import Any

from ruamel.yaml import YAML

from tests.checkout import ROOT
from tests.conftest import LATIN_PACKAGES

SMOKE = ROOT / ".ci/small.params"
# Dotted names of params.yaml → value. A toy recogniser knows nothing: what is tested is that everything fits together.
FEWER: dict[str, Any] = {
    "threads": 1,  # those of two workers would wait for each other …
    "machine.workers": 1,  # … and so would their processes
    # Of the recognisers those that differ in what their stages do: plain, reading strokes, teaching and being taught.
    "matrix.trained": ["cnn", "hybrid_rnn", "stroke_rnn"],
    "matrix.distilled": ["cnn"],
    "matrix.exported": ["cnn", "cnn_qat", "stroke_rnn"],
    "matrix.khmer_transfer": ["attention"],
    "khmer_recognizers.attention.steps": 4,
    "khmer_recognizers.attention.batch": 8,
    "scan_recognizers.vit.network.layers": 1,  # torch's exporter takes seconds for each
    "scan_recognizers.sequential.network.layers": 1,
    "companions.others": {
        "khmer": ["@fontsource/*/files/*-khmer-400-normal.woff2"],
        "icons": ["open-iconic/font/fonts/*.otf"],
    },
    "rasters.min_samples": 2,
    "rasters.min_families": 2,
    "retrieval.few_shot_repeats": 2,
    "retrieval.queries_shown": 4,
    "suspects.labels": [5, 10],
    "suspects.reported": 10,
    "evaluate.confusions_shown": 4,
    "evaluate.errors_shown": 4,
    "evaluate.near_misses_shown": 1,
    "standin.characters": {"few": "あいうえおかきくけこアイウエオ一二三人口木林休"},
    "kanji_evaluate.confusions_shown": 4,
    "kanji_evaluate.errors_shown": 4,
    "zero_shot_evaluate.examples_shown": 2,
    "zero_shot_evaluate.confusions_shown": 4,
    "zero_shot_evaluate.errors_shown": 4,
    "gates.glyphs.min_classes": 50,
    "gates.glyphs.min_families": 5,
    "gates.glyphs.class_samples": 2,
    "gates.glyphs.class_families": 2,
    "gates.rasters.min_classes": 50,
    "gates.rasters.min_families": 5,
    "gates.rasters.min_class_samples": 2,
    "gates.rasters.min_class_families": 2,
    "gates.rasters.min_tested_classes": 0.1,
    "gates.rasters.max_split_share": 0.9,
    "gates.rasters.max_excluded_share": 0.9,
    "gates.kanji_samples.min_classes": 10,
    "khmer_lines.faces.text_faces": ["hanuman", "nokora", "noto-sans-khmer", "siemreap", "suwannaphum"],
    "khmer_lines.faces.latin_packages": [*LATIN_PACKAGES],
    "gates.khmer_lines.min_families": 6,
}


def small_params() -> dict[str, Any]:
    """Every change to params.yaml by its dotted name."""
    lines = (line for line in SMOKE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    pairs = (line.split("=", 1) for line in lines)
    smoke = {name: YAML(typ="safe", pure=True).load(value) for name, value in pairs}
    assert not smoke.keys() & FEWER.keys(), "a test runs .ci/smoke after this graph, which would run other stages anew"
    return smoke | FEWER
