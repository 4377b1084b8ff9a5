"""The whole graph, small: sections of params.yaml and the lists of dvc.yaml."""

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "fonts": {"weights_per_family": 1},
    "rasters": {"min_samples": 2, "min_families": 2},
    "variants": {"copies": 1},
    "primitives": {"count": 255, "sampled_cells": 50_000, "iterations": 4},
    "phase1": {"steps": 20, "batch": 256, "rasters_per_step": 8, "scored_rasters": 40, "validate_every": 10},
    "phase2": {"width": 16, "blocks": 1, "steps": 12, "batch": 64, "validate_every": 6},
    "onestage": {"stem": [4, 8], "steps": 12},
    "export": {"calibration_samples": 64, "latency_repeats": 2},
    "evaluate": {"confusions_shown": 4, "errors_shown": 4, "near_misses_shown": 1},
    "standin": {
        "characters": {"few": "あいうえおかきくけこアイウエオ一二三人口木林休"},
        "writers": 10,
        "font_copies": 1,
    },
    "kanji_training": {"validate_every": 3},
    "kanji_qat": {"steps": 4, "batch": 16, "validate_every": 2, "range_batches": 2},
    "kanji_export": {"calibration_samples": 32, "latency_repeats": 1},
    "kanji_evaluate": {"confusions_shown": 4, "errors_shown": 4},
}
SHORT = {"steps": 6, "batch": 16}
# Of the recognisers those that differ in what their stages do: plain, reading strokes, teaching and being taught.
FEW = {
    "recognizers": ["cnn", "hybrid_rnn", "stroke_rnn"],
    "distilled": ["cnn"],
    "exported": ["cnn", "cnn_qat", "cnn_distilled", "stroke_rnn"],
}
# A toy recogniser knows nothing: what is tested is that everything runs and fits together.
LENIENT: dict[str, dict[str, Any]] = {
    "glyphs": {"min_classes": 50, "min_families": 5, "class_samples": 2, "class_families": 2},
    "rasters": {
        "min_classes": 50,
        "min_families": 5,
        "min_class_samples": 2,
        "min_class_families": 2,
        "min_tested_classes": 0.1,
        "max_split_share": 0.9,
        "max_excluded_share": 0.9,
    },
    "primitives": {"max_bit_error": 0.3, "max_top_share": 0.9},
    "models": {
        "min_phase1_accuracy": 0.0,
        "max_empty_fpr": 1.0,
        "min_phase2_top1": 0.0,
        "min_phase2_top5": 0.0,
        "min_onestage_top1": 0.0,
        "min_distinct_share": 0.0,
        "max_commonest_share": 1.0,
    },
    "export": {
        "max_int8_loss": 1.0,
        "min_scored_top1": 0.0,
        "max_scored_loss": 1.0,
        "min_scored_agreement": 0.0,
        "max_batch_gap": 1.0,
    },
    "kanji_samples": {"min_classes": 10, "max_near_share": 1.0, "max_near_median": 1.0, "max_split_share": 0.5},
    "kanji_models": {
        "min_top1": {"cnn": 0.0},
        "min_other_top1": 0.0,
        "min_distinct_share": 0.0,
        "max_commonest_share": 1.0,
        "max_int8_loss": 1.0,
        "max_scored_gap": 1.0,
        "min_prediction_agreement": 0.0,
        "max_batch_gap": 1.0,
    },
}
