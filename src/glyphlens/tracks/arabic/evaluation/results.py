"""Results of an evaluation: every table and both metrics files, computed from the outcome table."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_table
from glyphlens.evaluation.errors import top_confusions
from glyphlens.evaluation.outcomes import class_table
from glyphlens.evaluation.report import save_tables_csv
from glyphlens.evaluation.scores import (
    MACRO_F1,
    WEIGHTED_F1,
    GroupSummary,
    Score,
    accuracy,
    ece,
    in_slices,
    part_scores,
    reliability_table,
    summarise_groups,
    worst_group,
)

ACCURACIES = ("top1", "top5", "shape_top1", "bare_top1", "onestage_top1")
SLICE_METRICS = {"marks_top1": "marks", "ligatures_top1": "ligatures"}
RARE_SAMPLES = 20  # a class with fewer training samples counts as rare
ERROR_KINDS = {
    "drawn alike": "both classes have the same shape in most fonts",
    "form": "the letter is right, its joining form is not",
    "letter": "the joining form is right, the letter or its dots are not",
    "both": "letter and form differ, or the kind of sign does",
}


def _kind(*names: str) -> "Callable[[pd.DataFrame], pd.Series[bool]]":
    return lambda table: table["char_class"].isin(names)


def _form(name: str) -> "Callable[[pd.DataFrame], pd.Series[bool]]":
    return lambda table: (table["form"] == name) & table["char_class"].isin(("isol", "init", "medi", "final", "fina"))


# name → which rows of the outcome table belong to it; the four forms count plain letters only
SLICES: "dict[str, Callable[[pd.DataFrame], pd.Series[bool]]]" = {
    "all": lambda table: pd.Series(True, index=table.index),
    "isolated": _form("isol"),
    "initial": _form("init"),
    "medial": _form("medi"),
    "final": _form("fina"),
    "marks": _kind("diacritic"),
    "ligatures": _kind("ligature"),
    "presentation forms": _kind("presentation"),
    "digits": _kind("digit"),
    "punctuation and symbols": _kind("punctuation", "symbol"),
    "drawn small (64 px)": lambda table: table["is_diacritic"].astype(bool),
    "rare classes": lambda table: table["train_samples"] < RARE_SAMPLES,
}


@dataclass(frozen=True)
class Results:
    """Tables of one evaluation; see the function that makes each for its columns. ``scores``: behind ``headline``."""

    outcomes: pd.DataFrame
    families: pd.DataFrame
    family_summary: GroupSummary
    slices: pd.DataFrame
    kinds: pd.DataFrame
    confusions: pd.DataFrame
    classes: pd.DataFrame
    bins: pd.DataFrame
    scores: dict[str, Score]
    headline: dict[str, float]
    further: dict[str, float]


def evaluate_outcomes(outcomes: pd.DataFrame, classes: int, bins: int, confusions_shown: int) -> Results:
    """All results of an outcome table over ``classes`` classes; raises InputError for an empty test split."""
    if outcomes.empty:
        raise InputError("the test split holds no sample; see rasters.test_share and splits.json of the rasters")
    families = part_scores(outcomes, "group", known_accuracies(outcomes))
    summary, slices = summarise_groups(families), slice_scores(outcomes)
    headline, further = headline_scores(bins), further_scores()
    return Results(
        outcomes=outcomes,
        families=families.rename(columns={"top1": "accuracy"}),
        family_summary=summary,
        slices=slices,
        kinds=error_kinds(outcomes),
        confusions=top_confusions(outcomes, confusions_shown),
        classes=class_table(outcomes, classes),
        bins=reliability_table(outcomes, bins),
        scores={score.name: score for score in headline},
        headline={score.name: score.of(outcomes) for score in headline},
        further={
            "family_mean_top1": summary.mean,
            **{score.name: score.of(outcomes) for score in further},
            **_known(slices),
        },
    )


def headline_scores(bins: int) -> tuple[Score, ...]:
    """The scores of evaluate.json; ``bins``: of the reliability table."""
    return (
        accuracy("top1", "test_top1"),
        accuracy("top5", "test_top5"),
        accuracy("shape_top1", "test_shape_top1"),
        MACRO_F1,
        worst_group("worst_family_top1"),
        ece(bins),
    )


def further_scores() -> tuple[Score, ...]:
    """Those of slices.json that are about the whole test."""
    return (
        accuracy("bare_top1", "no_geometry_top1"),
        Score("text_weighted_top1", text_weighted_top1),
        WEIGHTED_F1,
    )


def text_weighted_top1(outcomes: pd.DataFrame) -> float:
    """The mean of the classes' top-1, each as much as it occurs in text; NaN where none of them does."""
    classes = outcomes.groupby("class_index").agg(top1=("top1", "mean"), weight=("text_weight", "first"))
    total = float(classes["weight"].sum())
    return float((classes["top1"] * classes["weight"]).sum()) / total if total else float("nan")


def known_accuracies(outcomes: pd.DataFrame) -> list[str]:
    """Which of ACCURACIES the outcomes have; ``onestage_top1`` may be missing."""
    return [column for column in ACCURACIES if column in outcomes]


def slice_scores(outcomes: pd.DataFrame) -> pd.DataFrame:
    """One row per slice, the whole test set first: slice, samples, classes, families, accuracies, confidence.

    An empty slice keeps its row, with NaN for every mean.
    """
    parts = in_slices(outcomes, {name: members(outcomes) for name, members in SLICES.items()})
    columns = [*known_accuracies(outcomes), "confidence"]
    return part_scores(parts, "slice", columns, {"classes": "class_index", "families": "group"})


def slice_value(slices: pd.DataFrame, name: str, column: str) -> float:
    """One number of the table of ``slice_scores``."""
    return float(slices.loc[slices["slice"] == name, column].iloc[0])


def error_kinds(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Errors by what is wrong about them: kind, meaning, errors, share (NaN where there is no error)."""
    wrong = outcomes[~outcomes["top1"]]
    true, guessed = _label_parts(wrong["label"]), _label_parts(wrong["predicted_label"])
    same_letter = (true["letter"] == guessed["letter"]).to_numpy()
    same_form = (true["form"] == guessed["form"]).to_numpy() & (true["form"] != "").to_numpy()
    names = list(ERROR_KINDS)
    kind = np.select([wrong["shape_top1"].to_numpy(bool), same_letter, same_form], names[:3], names[3])
    counts = pd.Series(kind).value_counts()
    errors = [int(counts.get(name, 0)) for name in names]
    share = [number / len(wrong) if len(wrong) else float("nan") for number in errors]
    return pd.DataFrame({"kind": names, "meaning": list(ERROR_KINDS.values()), "errors": errors, "share": share})


def save_tables(folder: Path, results: Results) -> None:
    """Every table as CSV, and the outcome of each sample as predictions.parquet."""
    names = ("families", "slices", "kinds", "confusions", "classes", "bins")
    save_tables_csv(folder, {name: getattr(results, name) for name in names})
    save_table(folder / "predictions.parquet", results.outcomes)


def _known(slices: pd.DataFrame) -> dict[str, float]:
    """Accuracies of the slices that are metrics; an empty slice has none and is left out."""
    values = {name: slice_value(slices, part, "top1") for name, part in SLICE_METRICS.items()}
    return {name: value for name, value in values.items() if value == value}


def _label_parts(labels: "pd.Series[str]") -> pd.DataFrame:
    """Letter and form of labels such as ``beh.init``; the form is empty where there is none."""
    parts = [str(label).partition(".") for label in labels]
    return pd.DataFrame({"letter": [part[0] for part in parts], "form": [part[2] for part in parts]})
