"""The Khmer track: printed lines of text, read by recognisers trained on lines drawn from fonts."""

from glyphlens.tracks import Champion, Headline, Track

_RELEASED = "khmer/ctc.json"

TRACK = Track(
    name="khmer",
    title="Khmer lines",
    script="Khmr",
    final_stage="khmer_evaluate",
    samples="data/khmer/lines",
    champion=Champion((f"metrics/{_RELEASED}",), "cer"),
    headlines=(
        Headline(_RELEASED, "exact_lines", "of Khmer lines, in fonts and texts never seen, are read without a fault"),
        Headline(_RELEASED, "clean_cer", "of the characters of clean lines are read wrong"),
        Headline(
            _RELEASED,
            "int8_cer",
            "of the characters of all lines, worn ones too, are read wrong by the small int8 file",
        ),
    ),
    stages=("texts", "lines", "ctc", "slices"),
    reads_lines=True,
)
