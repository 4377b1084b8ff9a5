"""The kanji test in parts: sets, forms of writing, rare classes, groups; and which form is taken for which."""

from collections.abc import Mapping

import pandas as pd

from glyphlens.evaluation.scores import family_scores

MEANS = ("top1", "top5", "shape_top1", "int8_top1")
RARE = {True: "rare", False: "other"}


def part_scores(outcomes: pd.DataFrame, column: str) -> pd.DataFrame:
    """One row a value of ``column``: its samples, classes, groups, and the accuracies of MEANS."""
    parts = outcomes.groupby(column, sort=True)
    table = parts.agg(samples=("row", "size"), classes=("class_index", "nunique"), groups=("group", "nunique"))
    return table.join(parts[list(MEANS)].mean()).reset_index()


def slice_table(outcomes: pd.DataFrame) -> pd.DataFrame:
    """The parts of the best recogniser's test that are drawn: slice, samples and accuracies, all first."""
    whole = part_scores(outcomes.assign(slice="all"), "slice")
    sets = part_scores(outcomes, "set").rename(columns={"set": "slice"})
    forms = part_scores(outcomes, "form").rename(columns={"form": "slice"})
    rare = part_scores(outcomes[outcomes["is_rare"]].assign(slice="rare classes"), "slice")
    return pd.concat([whole, sets, forms, rare], ignore_index=True)


def per_set(outcomes: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a recogniser and set: recognizer, set, samples, classes, groups and the accuracies of MEANS."""
    tables = [part_scores(table, "set").assign(recognizer=name) for name, table in outcomes.items()]
    joined = pd.concat(tables, ignore_index=True)
    return joined[["recognizer", *(name for name in joined if name != "recognizer")]]


def group_table(outcomes: pd.DataFrame) -> pd.DataFrame:
    """One row a group, hardest first: group, samples, accuracy, int8."""
    table = family_scores(outcomes["top1"].to_numpy(bool), outcomes["group"])
    table["int8"] = family_scores(outcomes["int8_top1"].to_numpy(bool), outcomes["group"])["accuracy"]
    return table.sort_values(["accuracy", "group"], ignore_index=True)


def form_errors(outcomes: pd.DataFrame, forms: Mapping[int, str]) -> pd.DataFrame:
    """Errors by the form of what was written and of what was read: form, read_as, errors, drawn_alike; most first."""
    wrong = outcomes[~outcomes["top1"]]
    pairs = wrong.assign(read_as=wrong["predicted"].map(forms)).groupby(["form", "read_as"])
    table = pairs.agg(errors=("row", "size"), drawn_alike=("shape_top1", "sum")).reset_index()
    return table.sort_values(["errors", "form", "read_as"], ascending=[False, True, True], ignore_index=True)
