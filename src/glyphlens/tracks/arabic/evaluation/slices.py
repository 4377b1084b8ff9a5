"""Slices of the test set: forms, marks, ligatures, small glyphs, rare classes, each with its own accuracies."""

from collections.abc import Callable

import pandas as pd

RARE_SAMPLES = 20  # a class with fewer training samples counts as rare


def _kind(*names: str) -> "Callable[[pd.DataFrame], pd.Series[bool]]":
    return lambda table: table["char_class"].isin(names)


def _form(name: str) -> "Callable[[pd.DataFrame], pd.Series[bool]]":
    return lambda table: (table["form"] == name) & table["char_class"].isin(("isol", "init", "medi", "final", "fina"))


# name → which rows of the outcome table belong to it; the first four count plain letters only
SLICES: "dict[str, Callable[[pd.DataFrame], pd.Series[bool]]]" = {
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
ACCURACIES = ("top1", "top5", "shape_top1", "bare_top1", "onestage_top1")


def slice_scores(outcomes: pd.DataFrame) -> pd.DataFrame:
    """One row a slice, the whole test set first: slice, samples, classes, families, accuracies, confidence.

    An empty slice keeps its row, with NaN for every mean. ``onestage_top1`` is there if the outcomes have it.
    """
    everything = pd.Series(True, index=outcomes.index)
    parts = {"all": everything, **{name: member(outcomes) for name, member in SLICES.items()}}
    return pd.DataFrame([_row(name, outcomes[mask]) for name, mask in parts.items()])


def slice_value(slices: pd.DataFrame, name: str, column: str) -> float:
    """One number of the table of ``slice_scores``."""
    return float(slices.loc[slices["slice"] == name, column].iloc[0])


def _row(name: str, part: pd.DataFrame) -> dict[str, object]:
    means = {column: float(part[column].mean()) for column in ACCURACIES if column in part}
    return {
        "slice": name,
        "samples": len(part),
        "classes": part["class_index"].nunique(),
        "families": part["group"].nunique(),
        **means,
        "confidence": float(part["confidence"].mean()),
    }
