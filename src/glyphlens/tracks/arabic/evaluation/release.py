"""What the card of the released recogniser of glyphs says of it beside the export's card."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.outcomes import guess_table
from glyphlens.evaluation.release_card import FONTS, HeadMetric, HubProfile, ReleaseFacts
from glyphlens.evaluation.scores import MACRO_F1, accuracy, in_slices, part_scores, true_ranks, worst_group
from glyphlens.inference.recognizer import Recognizer
from glyphlens.tracks.arabic.evaluation.outcomes import FACTS, TOP, check_classes, read_rows
from glyphlens.tracks.arabic.evaluation.results import SLICES

LANGUAGES = ("ar", "fa", "ur", "ug", "ku", "ps", "sd")
ICONS = ("bootstrap-icons", "boxicons", "open-iconic", "remixicon")  # of the glyphs that are to be refused
MEANS = ("top1", "top5")
PROFILE = HubProfile(
    name="glyphlens-arabic",
    task="image-classification",
    tags=("arabic", "glyphs", "fonts", "onnx", "int8"),
    not_for=(
        "Handwriting, inscriptions, scans and photographs of text, whole words and lines: it was trained on single "
        "glyphs, drawn from outlines.",
        "Texts that nobody checks: it errs, in some typefaces far more often than on average (below), and the "
        "confidence does not make a wrong answer right.",
        "Saying who made a font, whether one was copied, or whether its licence is kept: it names characters alone.",
        "Scripts that it has no classes of; they are to be answered with `other`, and not all of them are.",
    ),
)


def released_outcomes(
    int8: Path, samples: SampleSet, rows: NDArray[np.int64], geometry_NF: NDArray[np.float32]
) -> pd.DataFrame:
    """One row per test glyph, read by the file that is released: the columns of ``guess_table``, and ``top5``."""
    recognizer = Recognizer.load(int8)
    check_classes([entry.label for entry in recognizer.classes], samples, str(recognizer.path))
    probabilities_NC = read_rows(recognizer, samples, rows, geometry_NF, "released file")
    table = guess_table(samples, rows, probabilities_NC.argmax(axis=1), FACTS)
    return table.assign(top5=true_ranks(probabilities_NC, samples.class_indices[rows]) < TOP)


def glyph_release_facts(outcomes: pd.DataFrame, context_scores: Mapping[str, float]) -> ReleaseFacts:
    """Of ``released_outcomes``; ``context_scores`` as metrics/arabic/context.json, {} where no context is offered."""
    metrics = [
        HeadMetric("accuracy", "top-1", accuracy("top1").of(outcomes)),
        HeadMetric("accuracy", "top-5", accuracy("top5").of(outcomes)),
        HeadMetric("accuracy", "top-1, look-alikes as one", accuracy("shape_top1").of(outcomes)),
        HeadMetric("accuracy", "top-1 of the worst family", worst_group("worst_family_top1").of(outcomes)),
        HeadMetric("f1", "macro F1", MACRO_F1.of(outcomes)),
    ]
    if context_scores:
        name = "top-1 in whole fonts, their glyphs correcting one another"
        metrics.append(HeadMetric("accuracy", name, context_scores["context_top1"]))
    families = part_scores(outcomes, "group", MEANS).sort_values(["top1", "group"])
    slices = in_slices(outcomes, {name: members(outcomes) for name, members in SLICES.items()})
    kinds = part_scores(slices, "slice", MEANS)
    return ReleaseFacts(
        profile=PROFILE,
        languages=LANGUAGES,
        datasets=(FONTS, *ICONS),
        tested_on=f"{len(outcomes):,} glyphs of {len(families)} font families never trained on",
        metrics=tuple(metrics),
        parts={
            "Font families": families.rename(columns={"group": "family"}),
            "Kinds of glyphs": kinds[kinds["samples"] > 0].rename(columns={"slice": "kind"}),
        },
    )
