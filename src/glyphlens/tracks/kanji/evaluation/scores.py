"""All recognisers of the kanji track beside each other: outcome tables, one line of numbers each, the best; its parts.

n test rows that a recogniser was scored on · C classes
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.outcomes import guess_table, trained_counts
from glyphlens.evaluation.pages import records
from glyphlens.evaluation.scores import MACRO_F1, accuracy, ece, in_slices, part_scores, summarise_groups
from glyphlens.tracks.kanji.evaluation.exports import Export, facts_table

FACTS = ("sample_id", "class_index", "label", "group", "set", "source")
MEANS = ("top1", "top5", "shape_top1", "int8_top1")
COUNTED = {"classes": "class_index", "groups": "group"}
TOP1, INT8_TOP1 = accuracy("top1", "test_top1"), accuracy("int8_top1")


def kanji_outcomes(samples: SampleSet, export: Export, rare_share: float) -> pd.DataFrame:
    """One row per test sample: the columns of ``guess_table`` (of the fp32 file), and what follows.

    ``form`` of the character, ``is_rare`` (``rare_limit``), ``confidence``, ``top5``, ``int8`` (guessed class),
    ``int8_top1``.
    """
    table = guess_table(samples, export.rows_n, export.fp32_n, FACTS)
    forms_C = np.array([entry.form for entry in samples.classes], dtype=object)
    classes_n = table["class_index"].to_numpy()
    table["form"] = forms_C[classes_n]
    table["is_rare"] = table["train_samples"] <= rare_limit(samples, rare_share)
    table["confidence"] = export.confidence_n
    table["top5"] = (export.top5_nk == classes_n[:, None]).any(axis=1)
    table["int8"] = export.int8_n
    table["int8_top1"] = export.int8_n == classes_n
    return table


def rare_limit(samples: SampleSet, rare_share: float) -> int:
    """Training samples that the rarest ``rare_share`` of the classes have at most; equally rare ones count too."""
    counts = np.sort(trained_counts(samples))
    return int(counts[max(1, round(rare_share * len(counts))) - 1])


def comparison(exports: list[Export], outcomes: dict[str, pd.DataFrame], bins: int) -> pd.DataFrame:
    """One row per recogniser, the best on validation first: what was measured on its files, and its scores on the test.

    Accuracies are shares; ``int8_loss`` is fp32 less int8 on the test; ``is_complete`` where every test row was scored.
    """
    most = max(map(len, outcomes.values()))
    scores = pd.DataFrame([_scores(export.name, outcomes[export.name], bins) for export in exports])
    table = facts_table(exports).merge(scores, on="recognizer", validate="one_to_one")
    table["is_complete"] = table["test_samples"] == most
    order = ["val_top1", "fp32_mb", "recognizer"]
    return table.sort_values(order, ascending=[False, True, True], ignore_index=True)


def best_recognizer(table: pd.DataFrame) -> str:
    """The recogniser with the best validation accuracy among those that read pictures, of all if none does.

    The test has no say in it. A recogniser of strokes is validated on the samples that have strokes alone.
    """
    readers = table[table["reads"] == "raster"]
    return str((readers if len(readers) else table)["recognizer"].iloc[0])


def by_name(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Lines of ``comparison`` by the name of their recogniser, in the table's order."""
    return {row["recognizer"]: row for row in records(table)}


def per_set(outcomes: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per recogniser and set: recognizer, set, samples, classes, groups and the accuracies of MEANS."""
    tables = [part_scores(table, "set", MEANS, COUNTED).assign(recognizer=name) for name, table in outcomes.items()]
    joined = pd.concat(tables, ignore_index=True)
    return joined[["recognizer", *(name for name in joined if name != "recognizer")]]


def slice_table(outcomes: pd.DataFrame) -> pd.DataFrame:
    """The parts of a test that are drawn, all first: slice, samples, classes, groups and the accuracies of MEANS."""
    slices = {"all": pd.Series(True, index=outcomes.index)}
    for column in ("set", "form"):
        slices |= {name: outcomes[column] == name for name in sorted(outcomes[column].unique())}
    if outcomes["is_rare"].any():
        slices["rare classes"] = outcomes["is_rare"]
    return part_scores(in_slices(outcomes, slices), "slice", MEANS, COUNTED)


def form_errors(outcomes: pd.DataFrame, forms: Mapping[int, str]) -> pd.DataFrame:
    """Errors by the form of what was written and of what was read: form, read_as, errors, drawn_alike; most first."""
    wrong = outcomes[~outcomes["top1"]]
    pairs = wrong.assign(read_as=wrong["predicted"].map(forms)).groupby(["form", "read_as"])
    table = pairs.agg(errors=("row", "size"), drawn_alike=("shape_top1", "sum")).reset_index()
    return table.sort_values(["errors", "form", "read_as"], ascending=[False, True, True], ignore_index=True)


def _scores(name: str, outcomes: pd.DataFrame, bins: int) -> dict[str, object]:
    groups = summarise_groups(part_scores(outcomes, "group", ["top1"]))
    whole = (TOP1, accuracy("top5", "test_top5"), accuracy("shape_top1", "test_shape_top1"), MACRO_F1, ece(bins))
    return {
        "recognizer": name,
        "test_samples": len(outcomes),
        **{score.name: score.of(outcomes) for score in whole},
        "rare_top1": TOP1.of(outcomes[outcomes["is_rare"]]),
        "worst_group_top1": groups.worst,
        "worst_group": groups.worst_group,
        "int8_top1": INT8_TOP1.of(outcomes),
        "int8_loss": TOP1.of(outcomes) - INT8_TOP1.of(outcomes),
    }
