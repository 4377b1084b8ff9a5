"""The Arabic track: glyphs of fonts named by shape alone; the flagship."""

from glyphlens.tracks import Champion, Headline, Track

_EVALUATE, _SLICES = "arabic/evaluate.json", "arabic/slices.json"

TRACK = Track(
    name="arabic",
    title="Arabic glyphs",
    script="Arab",
    final_stage="evaluate",
    samples="data/arabic/rasters",
    champion=Champion(("metrics/arabic/evaluate.json", "metrics/arabic/export.json"), "int8_top1"),
    headlines=(
        Headline(
            _EVALUATE, "test_top1", "of the glyphs of font families never seen are named right at the first guess"
        ),
        Headline(
            "arabic/context.json",
            "context_top1",
            "where whole fonts of these families are read, their glyphs correcting one another",
        ),
        Headline(_EVALUATE, "test_top5", "have the right name among the first five"),
        Headline(_SLICES, "family_mean_top1", "is the mean over those families, whatever their number of glyphs"),
        Headline(_EVALUATE, "worst_family_top1", "is the family that fares worst"),
        Headline(
            _SLICES, "no_geometry_top1", "are named right from the bare picture, without the glyph's place in the em"
        ),
        Headline("arabic/export.json", "int8_top1", "by the small int8 file that is kept in git"),
        Headline("arabic/onestage.json", "test_top1", "by the one-stage network on pixels, given half as many steps"),
    ),
    stages=(
        "glyphs",
        "rasters",
        "primitives",
        "phase1",
        "phase2",
        "onestage",
        "export",
        "context",
        "retrieval",
        "retrieval_shapes",
        "few_shot",
        "suspects",
        "labelling",
        "evaluate",
        "slices",
        "companions",
    ),
    readers=dict.fromkeys(("arabic", ""), "glyphlens.tracks.arabic.reader:glyph_reader"),  # once, none was named
    is_flagship=True,
)
