"""Which classes are taken for which, and in what respect the wrong answers are wrong."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.data.sample_set import SampleSet

KINDS = {
    "drawn alike": "both classes have the same shape in most fonts",
    "form": "the letter is right, its joining form is not",
    "letter": "the joining form is right, the letter or its dots are not",
    "both": "letter and form differ, or the kind of sign does",
}


def error_kinds(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Errors by what is wrong about them: kind, meaning, errors, share (NaN where there is no error)."""
    wrong = outcomes[~outcomes["top1"]]
    true, guessed = _parts(wrong["label"]), _parts(wrong["predicted_label"])
    same_letter = (true["letter"] == guessed["letter"]).to_numpy()
    same_form = (true["form"] == guessed["form"]).to_numpy() & (true["form"] != "").to_numpy()
    kind = np.select([wrong["shape_top1"].to_numpy(bool), same_letter, same_form], list(KINDS)[:3], list(KINDS)[3])
    counts = pd.Series(kind).value_counts()
    errors = [int(counts.get(name, 0)) for name in KINDS]
    share = [number / len(wrong) if len(wrong) else float("nan") for number in errors]
    return pd.DataFrame({"kind": list(KINDS), "meaning": list(KINDS.values()), "errors": errors, "share": share})


def top_confusions(outcomes: pd.DataFrame, shown: int) -> pd.DataFrame:
    """The commonest (true → predicted) pairs: label, predicted_label, predicted, errors, families, share, alike, row.

    ``share`` is of all test samples of the true class; ``alike`` tells shape-equivalent pairs; ``row`` is the
    sample of the pair that was most confidently wrong. Sorted by errors, then by label. Empty without errors.
    """
    samples = outcomes["label"].value_counts()
    wrong = outcomes[~outcomes["top1"]].sort_values(["confidence", "row"], ascending=[False, True], kind="stable")
    pairs = wrong.groupby(["label", "predicted_label"], sort=True).agg(
        predicted=("predicted", "first"),
        errors=("row", "size"),
        families=("group", "nunique"),
        alike=("shape_top1", "first"),
        row=("row", "first"),
    )
    table = pairs.reset_index()
    table["share"] = table["errors"] / samples.reindex(table["label"]).to_numpy(float)
    return table.sort_values(["errors", "label", "predicted_label"], ascending=[False, True, True]).head(shown)


def gallery_errors(outcomes: pd.DataFrame, shown: int) -> pd.DataFrame:
    """Errors to look at: the most confident of each family in turn, so that no family fills the page."""
    wrong = outcomes[~outcomes["top1"]].sort_values(["confidence", "row"], ascending=[False, True], kind="stable")
    # one error of a (family, class) pair is enough to see the point
    wrong = wrong.drop_duplicates(["group", "label", "predicted_label"])
    turn = wrong.groupby("group", sort=True).cumcount()
    return wrong.assign(turn=turn).sort_values(["turn", "group"], kind="stable").head(shown).drop(columns="turn")


def near_misses(outcomes: pd.DataFrame, shown: int) -> pd.DataFrame:
    """Errors where the truth was a close second, one a class: worth asking which cells tipped the balance."""
    second = outcomes[(outcomes["rank"] > 0) & ~outcomes["shape_top1"]]
    ordered = second.sort_values(["true_probability", "row"], ascending=[False, True], kind="stable")
    return ordered.drop_duplicates("label").head(shown)


def exemplar_rows(samples: SampleSet) -> NDArray[np.int64]:
    """(C,) a training row that shows each class, −1 where there is none.

    Taken from the training family that covers the most classes, then the next, so that pictures look of a piece.
    """
    train = samples.index.loc[samples.rows("train"), ["group", "class_index"]].reset_index(names="row")
    coverage = train.groupby("group", sort=True)["class_index"].nunique()
    order = train.assign(coverage=train["group"].map(coverage)).sort_values(
        ["coverage", "group", "row"], ascending=[False, True, True], kind="stable"
    )
    first = order.drop_duplicates("class_index")
    rows = np.full(len(samples.classes), -1, dtype=np.int64)
    rows[first["class_index"].to_numpy(np.int64)] = first["row"].to_numpy(np.int64)
    return rows


def _parts(labels: "pd.Series[str]") -> pd.DataFrame:
    """Letter and form of labels such as ``beh.init``; the form is empty where there is none."""
    parts = [str(label).partition(".") for label in labels]
    return pd.DataFrame({"letter": [part[0] for part in parts], "form": [part[2] for part in parts]})
