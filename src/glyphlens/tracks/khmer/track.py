"""The Khmer track: lines of printed Khmer, read as text."""

from glyphlens.tracks import Champion, Headline, Track

_EVALUATE = "khmer/ctc.json"

TRACK = Track(
    name="khmer",
    title="Khmer lines",
    script="Khmr",
    final_stage="khmer_evaluate",
    samples="data/khmer/lines",
    champion=Champion((f"metrics/{_EVALUATE}",), "cer"),
    headlines=(Headline(_EVALUATE, "exact_lines", "of the printed Khmer lines are read without an error"),),
    stages=("texts", "lines"),
)
