"""Results of an evaluation: every table and both metrics files, computed from the outcome table."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_table
from glyphlens.evaluation.calibration import calibration_error, reliability_bins
from glyphlens.evaluation.confusions import error_kinds, top_confusions
from glyphlens.evaluation.scores import FamilySummary, f1_scores, family_scores, mean, summarise_families
from glyphlens.evaluation.tables import class_table, save_tables_csv
from glyphlens.tracks.arabic.evaluation.slices import ACCURACIES, slice_scores, slice_value

SLICE_METRICS = {"marks_top1": "marks", "ligatures_top1": "ligatures"}


@dataclass(frozen=True)
class Results:
    """Tables of one evaluation; see the function that makes each for its columns."""

    outcomes: pd.DataFrame
    families: pd.DataFrame
    family_summary: FamilySummary
    slices: pd.DataFrame
    kinds: pd.DataFrame
    confusions: pd.DataFrame
    classes: pd.DataFrame
    bins: pd.DataFrame
    headline: dict[str, float]
    further: dict[str, float]


def evaluate_outcomes(outcomes: pd.DataFrame, classes: int, bins: int, confusions_shown: int) -> Results:
    """All results of an outcome table over ``classes`` classes; raises InputError for an empty test split."""
    if outcomes.empty:
        raise InputError("the test split holds no sample; see rasters.test_share and splits.json of the rasters")
    predicted_N, classes_N = outcomes["predicted"].to_numpy(), outcomes["class_index"].to_numpy()
    families = family_table(outcomes)
    summary = summarise_families(families)
    f1 = f1_scores(predicted_N, classes_N)
    slices = slice_scores(outcomes)
    table = reliability_bins(outcomes["confidence"].to_numpy(), outcomes["top1"].to_numpy(bool), bins)
    return Results(
        outcomes=outcomes,
        families=families,
        family_summary=summary,
        slices=slices,
        kinds=error_kinds(outcomes),
        confusions=top_confusions(outcomes, confusions_shown),
        classes=class_table(outcomes, classes),
        bins=table,
        headline={
            "test_top1": _share(outcomes, "top1"),
            "test_top5": _share(outcomes, "top5"),
            "test_shape_top1": _share(outcomes, "shape_top1"),
            "macro_f1": f1.macro,
            "worst_family_top1": summary.worst,
            "ece": calibration_error(table),
        },
        further={
            "family_mean_top1": summary.mean,
            "no_geometry_top1": _share(outcomes, "bare_top1"),
            "no_geometry_top5": _share(outcomes, "bare_top5"),
            "weighted_f1": f1.weighted,
            **_known(slices),
        },
    )


def family_table(outcomes: pd.DataFrame) -> pd.DataFrame:
    """One row a family by name: group, samples, accuracy, and top5, shape_top1, bare_top1, onestage_top1 if known."""
    table = family_scores(outcomes["top1"].to_numpy(bool), outcomes["group"])
    for column in ACCURACIES[1:]:
        if column in outcomes:
            table[column] = family_scores(outcomes[column].to_numpy(bool), outcomes["group"])["accuracy"]
    return table


def save_tables(folder: Path, results: Results) -> None:
    """Every table as CSV, and the outcome of each sample as predictions.parquet."""
    names = ("families", "slices", "kinds", "confusions", "classes", "bins")
    save_tables_csv(folder, {name: getattr(results, name) for name in names})
    save_table(folder / "predictions.parquet", results.outcomes)


def _share(outcomes: pd.DataFrame, column: str) -> float:
    return mean(outcomes[column].to_numpy(bool))


def _known(slices: pd.DataFrame) -> dict[str, float]:
    """Accuracies of the slices that are metrics; an empty slice has none and is left out."""
    values = {name: slice_value(slices, part, "top1") for name, part in SLICE_METRICS.items()}
    return {name: value for name, value in values.items() if value == value}
