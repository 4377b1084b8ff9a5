"""What errors have in common: what they are about, groups of them in embedding space, what they cost in running text.

N test samples · W wrong ones · E numbers of an embedding of length 1 · C classes
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.prototypes import of_length_1
from glyphlens.sources.arabic_script import is_letter, joining_group
from glyphlens.tracks.arabic.evaluation.embeddings import class_sums
from glyphlens.tracks.arabic.glyphs.parts import part_rows
from glyphlens.tracks.arabic.members import label_code_points

SUBJECTS = {
    "style": "both are drawn alike in most fonts; only the font's habits tell them apart",
    "dots": "the letter's body and its form are right, its dots or marks are not",
    "form": "the letter is right, its joining form is not",
    "base": "the form is right, the letter's body is not",
    "body and form": "neither body nor form is right",
    "sign": "a mark, digit, punctuation or symbol, or taken for one",
}
APART = 0.4  # cosine distance from which two errors are no longer of one group (average linkage)
FEWEST_SHARED = 20  # classes that two families have in common before they are compared


class ErrorGroups(NamedTuple):
    """``table``: a row a group, the largest first; ``rows``: sample set rows of each group, the most typical first."""

    table: pd.DataFrame
    rows: list[NDArray[np.int64]]


def error_subject(label: str, predicted: str, *, alike: bool) -> str:
    """One of SUBJECTS; ``alike``: whether the two classes are shape-equivalent.

    >>> error_subject("beh.init", "teh.init", alike=False), error_subject("beh.init", "beh.medi", alike=False)
    ('dots', 'form')
    """
    if alike:
        return "style"
    (letter, _, form), (guess, _, guessed_form) = label.partition("."), predicted.partition(".")
    body, guessed_body = _body(label), _body(predicted)
    if not body or not guessed_body:
        return "sign"
    if letter == guess:
        return "form"
    if body == guessed_body:
        return "dots" if form == guessed_form else "form"
    return "base" if form == guessed_form else "body and form"


def with_subjects(outcomes: pd.DataFrame) -> pd.DataFrame:
    """The wrong rows of the outcome table, with the column ``subject``."""
    wrong = outcomes[~outcomes["top1"]].reset_index(drop=True)
    columns = zip(wrong["label"], wrong["predicted_label"], wrong["shape_top1"], strict=True)
    return wrong.assign(subject=[error_subject(true, guess, alike=bool(alike)) for true, guess, alike in columns])


def subject_table(errors: pd.DataFrame) -> pd.DataFrame:
    """One row a subject: subject, meaning, errors, share."""
    counts = errors["subject"].value_counts()
    numbers = [int(counts.get(name, 0)) for name in SUBJECTS]
    share = [number / len(errors) if len(errors) else float("nan") for number in numbers]
    return pd.DataFrame(
        {"subject": list(SUBJECTS), "meaning": list(SUBJECTS.values()), "errors": numbers, "share": share}
    )


def error_groups(errors: pd.DataFrame, vectors_WE: NDArray[np.float32], shown: int) -> ErrorGroups:
    """Errors that lie together: subject, name, errors, families, purity (share of the subject), text_weight.

    ``errors`` as ``with_subjects`` gives them, ``vectors_WE`` theirs. Average linkage over cosine distances, cut at
    APART; the ``shown`` largest groups.
    """
    numbers_W = _clusters(vectors_WE)
    found, rows = [], []
    for number in pd.Series(numbers_W).value_counts().index[:shown].tolist():
        own = np.flatnonzero(numbers_W == number)
        part = errors.iloc[own]
        subject = str(part["subject"].mode().iloc[0])
        centre_E = vectors_WE[own].mean(axis=0)
        order = own[np.argsort(-(vectors_WE[own] @ centre_E), kind="stable")]
        found.append(
            {
                "subject": subject,
                "name": _pair_name(part),
                "errors": len(part),
                "families": part["group"].nunique(),
                "purity": float((part["subject"] == subject).mean()),
            }
        )
        rows.append(errors["row"].to_numpy(np.int64)[order])
    columns = ["subject", "name", "errors", "families", "purity"]
    return ErrorGroups(pd.DataFrame(found, columns=columns), rows)


def weighed_confusions(outcomes: pd.DataFrame, shown: int) -> pd.DataFrame:
    """Pairs by what they cost in running text: label, predicted_label, errors, share, text_share, cost.

    ``share`` of the class's test samples, ``text_share`` of the letters of running text, ``cost`` their product: what
    the pair takes from ``text_weighted_top1``.
    """
    classes = outcomes.groupby("label").agg(samples=("row", "size"), weight=("text_weight", "first"))
    total = max(float(classes["weight"].sum()), 1.0)
    wrong = outcomes[~outcomes["top1"]]
    pairs = wrong.groupby(["label", "predicted_label"], sort=True).agg(errors=("row", "size"), row=("row", "first"))
    table = pairs.reset_index()
    table["share"] = table["errors"] / classes["samples"].reindex(table["label"]).to_numpy(float)
    table["text_share"] = classes["weight"].reindex(table["label"]).to_numpy(float) / total
    table["cost"] = table["share"] * table["text_share"]
    costly = table[table["cost"] > 0]
    return costly.sort_values(["cost", "label", "predicted_label"], ascending=[False, True, True]).head(shown)


def nearest_families(samples: SampleSet, vectors_NE: NDArray[np.float32]) -> pd.DataFrame:
    """One row per test family of Arabic script, by its Arabic glyphs: group, nearest (training family), similarity,
    shared_classes; "" and NaN without one.

    Similarity is the mean cosine between a training glyph and the mean of the test family's glyphs of its class.
    """
    index, classes_N = samples.index, samples.class_indices
    train, tested = samples.rows("train"), part_rows(samples, "test")
    groups_T, rows = index["group"].to_numpy(object)[tested], []
    for group in sorted(set(groups_T)):
        own = tested[groups_T == group]
        means_CE = of_length_1(class_sums(vectors_NE[own], classes_N[own], len(samples.classes)).astype(np.float32))
        shared = train[np.isin(classes_N[train], classes_N[own])]
        cosine = (vectors_NE[shared] * means_CE[classes_N[shared]]).sum(axis=1)
        table = pd.DataFrame({"group": index["group"].to_numpy(object)[shared], "cosine": cosine})
        table["class"] = classes_N[shared]
        near = table.groupby("group").agg(similarity=("cosine", "mean"), shared_classes=("class", "nunique"))
        near = near[near["shared_classes"] >= min(FEWEST_SHARED, (len(np.unique(classes_N[own])) + 1) // 2)]
        best = near.sort_values(["similarity"], ascending=False, kind="stable").head(1).reset_index()
        facts = best.iloc[0].tolist() if len(best) else ["", float("nan"), 0]
        rows.append([group, *facts])
    return pd.DataFrame(rows, columns=["group", "nearest", "similarity", "shared_classes"])


def family_failures(outcomes: pd.DataFrame, group: str, shown: int) -> pd.DataFrame:
    """Classes that a family's glyphs fail in most: label, predicted_label (commonest), errors, samples, row."""
    own = outcomes[outcomes["group"] == group]
    samples = own["label"].value_counts()
    wrong = own[~own["top1"]]
    table = wrong.groupby("label", sort=True).agg(
        errors=("row", "size"),
        predicted_label=("predicted_label", lambda labels: labels.mode().iloc[0]),
        weight=("text_weight", "first"),
        row=("row", "first"),
    )
    table = table.reset_index()
    table["samples"] = samples.reindex(table["label"]).to_numpy(np.int64)
    order = table.sort_values(["weight", "errors", "label"], ascending=[False, False, True])
    return order.head(shown)[["label", "predicted_label", "errors", "samples", "weight", "row"]]


def _clusters(vectors_WE: NDArray[np.float32]) -> NDArray[np.int64]:
    """(W,) number of each error's group."""
    from sklearn.cluster import AgglomerativeClustering

    if len(vectors_WE) < 2:
        return np.zeros(len(vectors_WE), np.int64)
    joining = AgglomerativeClustering(n_clusters=None, distance_threshold=APART, metric="cosine", linkage="average")
    return np.asarray(joining.fit_predict(vectors_WE), np.int64)


def _pair_name(part: pd.DataFrame) -> str:
    """The commonest pair of a group, or the commonest labels where no pair is common."""
    pairs = (part["label"] + " → " + part["predicted_label"]).value_counts()
    if 2 * int(pairs.iloc[0]) >= len(part):
        return str(pairs.index[0])
    return ", ".join(part["label"].value_counts().index[:3])


def _body(label: str) -> tuple[str, ...]:
    """The joining groups of the letters: what is left of them without dots and marks; () for what is no letter."""
    code_points = [int(code.removeprefix("U+"), 16) for code in label_code_points(label)]
    return tuple(joining_group(code_point) for code_point in code_points if is_letter(code_point))
