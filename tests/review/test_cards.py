"""Numbers are read off the model cards that the exports write, and off the file of times."""

import pytest

from glyphlens.core.errors import InputError
from glyphlens.review.snapshot import card_numbers, timing_numbers
from tests.checkout import ROOT
from tests.scratch_repository import CARD_TEXT


def test_the_table_of_files_is_read_and_no_other() -> None:
    assert card_numbers(CARD_TEXT.format(ms="0.790")) == {
        "models/a/fp32.onnx": {"MB": 10.44, "ms a glyph, batch 1": 0.79},
        "models/a/int8.onnx": {"MB": 2.78, "ms a glyph, batch 1": 0.346},
    }


def test_a_value_that_is_no_number_is_left_out() -> None:
    assert "ms a glyph, batch 1" not in card_numbers(CARD_TEXT.format(ms="–"))["models/a/fp32.onnx"]


@pytest.mark.parametrize(
    "card", ["", "# A card\n\nwords | of file | names", "| file | MB |", "| file | MB |\n|---|---|"]
)
def test_without_such_a_table_there_are_no_numbers(card: str) -> None:
    assert card_numbers(card) == {}


def test_what_was_timed_by_stage() -> None:
    machine = {"machine": {"cpu": "Z80", "cores": "2"}, "commit": "1a"}
    latencies = {"fp32": {"1": 0.5}, "int8": {"1": 0.25, "64": 0.125}}
    content = {
        "phase2": {**machine, "seconds": 9.5},
        "export": {**machine, "latency_ms": latencies},
        "evaluate": machine,
    }
    assert timing_numbers(content, "timings.json") == {
        "phase2": {"seconds": 9.5},
        "export": {"fp32 ms, batch 1": 0.5, "int8 ms, batch 1": 0.25, "int8 ms, batch 64": 0.125},
        "evaluate": {},
    }
    for broken in ({"phase2": 3}, {"export": {"latency_ms": 3}}, {"export": {"latency_ms": {"int8": {"1": "fast"}}}}):
        with pytest.raises(InputError, match=r"timings\.json: expected an entry a stage"):
            timing_numbers(broken, "timings.json")


@pytest.mark.parametrize("track", ["arabic", "kanji"])
def test_the_committed_cards_have_sizes(track: str) -> None:
    found = card_numbers((ROOT / f"models/{track}/release/README.md").read_text(encoding="utf-8"))
    assert any(file.endswith("int8.onnx") for file in found)
    for numbers in found.values():
        assert "MB" in numbers
