"""All recognisers of the kanji track beside each other: outcome tables, one line of numbers each, and the best.

n test rows that a recogniser was scored on · C classes
"""

from typing import Any

import numpy as np
import pandas as pd

from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.calibration import calibration_error, reliability_bins
from glyphlens.evaluation.guesses import guess_table, trained_counts
from glyphlens.evaluation.scores import family_scores, macro_f1, mean, summarise_families
from glyphlens.evaluation.tables import records
from glyphlens.tracks.kanji.evaluation.exports import Export, facts_table

FACTS = ("sample_id", "class_index", "label", "group", "set", "source")


def kanji_outcomes(samples: SampleSet, export: Export, rare_share: float) -> pd.DataFrame:
    """One row a test sample: the columns of ``guess_table`` (of the fp32 file), and what follows.

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
    """One row a recogniser, the best on validation first: what was measured on its files, and its scores on the test.

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


def _scores(name: str, outcomes: pd.DataFrame, bins: int) -> dict[str, object]:
    predicted, classes = outcomes["predicted"].to_numpy(), outcomes["class_index"].to_numpy()
    rare = outcomes[outcomes["is_rare"]]
    groups = summarise_families(family_scores(outcomes["top1"].to_numpy(bool), outcomes["group"]))
    reliability = reliability_bins(outcomes["confidence"].to_numpy(), outcomes["top1"].to_numpy(bool), bins)
    return {
        "recognizer": name,
        "test_samples": len(outcomes),
        **{f"test_{column}": mean(outcomes[column].to_numpy(bool)) for column in ("top1", "top5", "shape_top1")},
        "macro_f1": macro_f1(predicted, classes),
        "ece": calibration_error(reliability),
        "rare_top1": mean(rare["top1"].to_numpy(bool)),
        "worst_group_top1": groups.worst,
        "worst_group": groups.worst_family,
        "int8_top1": mean(outcomes["int8_top1"].to_numpy(bool)),
        "int8_loss": mean(outcomes["top1"].to_numpy(bool)) - mean(outcomes["int8_top1"].to_numpy(bool)),
    }
