"""The card says what was measured, and draws the right conclusions from it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from glyphlens.data.sample_set import CharacterClass
from glyphlens.export.card import CardFile, ranked_groups
from glyphlens.inference.folder import Manifest, Tensor
from glyphlens.sources.companion_scripts import OTHER
from glyphlens.tracks.arabic.export.card import GlyphFacts, family_licences, glyph_card
from glyphlens.tracks.arabic.refusal import KNOWN_THRESHOLD

INDEX = pd.DataFrame(
    {
        "group": ["amiri"] * 3 + ["cairo"] * 2 + ["kufam"] * 2,
        "split": ["train", "train", "excluded", "val", "val", "test", "test"],
    }
)
FONTS = pd.DataFrame(
    {"family": ["amiri", "amiri", "cairo", "lateef"], "licence": ["OFL-1.1", "OFL-1.1", "", "OFL-1.1"]}
)


def facts() -> GlyphFacts:
    return GlyphFacts(
        files=(
            CardFile("a.onnx", "fp32", 12.5, 1.25, 0.8125),
            CardFile("b.onnx", "int8", 2.5, 1.125, 0.805),
        ),
        fp32_agreement=0.9995,
        int8_loss=0.0025,
        int8_agreement=0.987,
        manifest=Manifest(
            preparation={},
            inputs=(Tensor(name="raster", dtype="uint8", shape=("batch", 128, 128)),),
            classes=(CharacterClass("beh.init", form="init", lookalikes=("teh.init",)), CharacterClass("fatha")),
        ),
        index=INDEX,
        fonts=FONTS,
        family_top1={"kufam": 0.25, "zain": 0.75},
        parameters={"phase1": 1000, "phase2": 2000},
        configs={"phase1": {"dropout": 0.2}},
        trainings={
            "phase1": {"device": "CPU", "threads": 2},
            "phase2": {"device": "CPU", "threads": 1, "steps": 400, "steps_before": 2810},
        },
        params={"calibration_samples": 99, "latency_repeats": 7, "reduce_range": True, "float_nodes": ("product3",)},
        hashes={"rasters": "ab" * 32},
    )


@pytest.mark.parametrize(
    "said",
    [
        "2 classes (1 initial, 1 without a form)",
        "| input | `raster` | uint8 (N, 128, 128) |",
        "3,000 parameters (phase1 1,000, phase2 2,000)",
        "phase1: trained on CPU with 2 threads of torch",
        "phase2: trained on CPU with 1 thread of torch",
        "weights: 400 steps, after 2,810 earlier ones whose weights it began with.",
        "phase1: dropout 0.2",
        "| `a.onnx` | fp32 | 12.50 | 81.25 % |",
        "`metrics/timings.json`",
        "under `export`",
        "5.0 times smaller",
        "**`a.onnx`**, 81.25 % top-1",
        "99.95 %",
        "`b.onnx` agrees with `a.onnx` on 98.70 % and loses 0.25 points",
        "1.250 and 1.125",
        "from 25.00 % (kufam) to 75.00 % (zain)",
        "50.00 %",
        "1 class looks like another",
        "calibrated on 99 training glyphs",
        "float: product3",
        "1 training family with 2 glyphs, 1 validation family with 2 glyphs, 1 test family with 2 glyphs",
        "| amiri | OFL-1.1 | training | 2 |",
        "| cairo | not stated | validation | 2 |",
        "| rasters | `" + "ab" * 32,
    ],
)
def test_every_fact_is_on_the_card(said: str) -> None:
    assert said in glyph_card(facts())


def test_the_card_says_when_other_is_the_answer() -> None:
    """Only where the recogniser has that class."""
    known = facts()
    assert "A glyph of another script gets the most likely of them" in glyph_card(known)
    classes = (*known.manifest.classes, CharacterClass(OTHER))
    card = glyph_card(replace(known, manifest=known.manifest.model_copy(update={"classes": classes})))
    assert "one of them, `other`, stands for everything that is none of the others" in card
    assert f"less probably known than `{KNOWN_THRESHOLD}` in `labels.json`" in card
    assert "of another script" not in card


def test_a_gain_is_not_called_a_loss() -> None:
    assert "gains 1.00 points" in glyph_card(replace(facts(), int8_loss=-0.01))


def test_the_same_facts_make_the_same_card() -> None:
    assert glyph_card(facts()) == glyph_card(facts())


def test_families_are_ranked_by_accuracy() -> None:
    hits = np.array([True, False, True, True, False, False])
    found = ranked_groups(hits, ["b", "b", "a", "a", "c", "c"])
    assert list(found.items()) == [("c", 0.0), ("b", 0.5), ("a", 1.0)]


def test_excluded_samples_are_not_counted() -> None:
    table = family_licences(INDEX, FONTS)
    assert table["samples"].tolist() == [2, 2, 2]
    assert table["group"].tolist() == ["amiri", "cairo", "kufam"]
