"""The card of a recogniser of lines, rendered from facts."""

from pathlib import Path

import pytest

from glyphlens.inference.folder import Manifest
from glyphlens.tracks.khmer.export.line_card import LineFacts, line_card
from tests.tracks.khmer.exported_toys import export_params
from tests.tracks.khmer.toy_khmer import save_toy_khmer, tiny_ctc, toy_tokens


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        ("កខ", "2 tokens: single characters, in canonical order"),
        (["ក", "ក្រ"], "single characters and orthographic clusters"),
    ],
)
def test_what_the_tokens_are(tmp_path: Path, tokens: str | list[str], words: str) -> None:
    samples = save_toy_khmer(tmp_path)
    rule = {"height_px": 48, "stride_px": 4, "multiple_px": 64}
    facts = LineFacts(
        name="ctc",
        model=tiny_ctc(toy_tokens(samples)),
        samples=samples,
        manifest=Manifest(decoder="ctc", charset=tuple(tokens), preparation=rule),
        measured={},
        megabytes={},
        beam={},
        smallest=Path("int8.onnx"),
        rows=12,
        gap=0.0,
        training={"device": "CPU", "threads": 1, "steps": 800, "steps_before": 17700},
        params=export_params(),
        hashes={},
    )
    assert words in line_card(facts)
