"""The kanji track: Japanese characters, handwritten or rendered, named from their picture or strokes."""

from glyphlens.tracks import Champion, Headline, Track

_EVALUATE = "kanji/evaluate.json"

TRACK = Track(
    name="kanji",
    title="Japanese characters",
    script="Jpan",
    final_stage="kanji_evaluate",
    samples="data/kanji/samples",
    champion=Champion(("metrics/kanji/release.json",), "int8_top1"),
    headlines=(
        Headline(
            _EVALUATE,
            "best_top1",
            "of the {material}, in hands never seen, are named right by the recogniser that is best on validation",
        ),
        Headline(_EVALUATE, "worst_group_top1", "is the hand that it reads worst"),
        Headline("kanji/release.json", "int8_top1", "by the small int8 file that is kept in git"),
    ),
    stages=("samples", "evaluate", "release"),
    material={
        "rendered_samples": "characters of the rendered stand-in (no real handwriting)",
        "etl_samples": "handwritten characters of the ETL database",
    },
)
