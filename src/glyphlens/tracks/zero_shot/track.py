"""The zero-shot track: kanji of which no picture was seen in training, read from their descriptions and templates."""

from glyphlens.tracks import Champion, Headline, Track

_EVALUATE = "zero_shot/evaluate.json"

TRACK = Track(
    name="zero_shot",
    title="Zero-shot kanji",
    script="Jpan",
    final_stage="zero_shot_evaluate",
    samples="data/zero_shot/samples",
    champion=Champion((f"metrics/{_EVALUATE}",), "unseen_top1"),
    headlines=(
        Headline(
            _EVALUATE,
            "unseen_top1",
            "of the {material} never seen in training, in hands never seen, are named right among all 2,965 of level 1",
        ),
        Headline(_EVALUATE, "unseen_text_top1", "by their strokes and components alone"),
        Headline(_EVALUATE, "seen_top1", "of the characters seen in training are named right by the same file"),
    ),
    stages=("samples", "export", "evaluate", "slices", "variants", "baseline", "shots", "reranking"),
    candidates="glyphlens.tracks.zero_shot.descriptions.candidates:KanjiCandidates.open",
    material={
        "rendered_samples": "kanji of the rendered stand-in (no real handwriting)",
        "etl_samples": "handwritten kanji of the ETL database",
    },
)
