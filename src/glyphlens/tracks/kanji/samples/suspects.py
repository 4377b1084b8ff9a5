"""Records and sheets that a person should look at: other writers read them as another character.

A linear reader of small pictures learns every set without a third of its writers and reads these. It is no recogniser:
where it is sure and the label says otherwise, that is a wrong label, a damaged cell or an odd hand; a sheet that it
cannot read at all was displaced on the scanner.

N pictures · F = 256 pixels of a thumbnail · K components · C classes
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.data.pictures import PictureRows
from glyphlens.tracks.kanji.samples.class_means import THUMBNAIL_PX, thumbnails
from glyphlens.tracks.kanji.samples.classes import lookalikes_of

if TYPE_CHECKING:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

FOLDS, COMPONENTS, SHRINKAGE = 3, 64, 0.02
FEWEST_ROWS = 5  # of a class from which it is learnt
FITTED_ROWS = 20_000  # pictures from which the components are learnt
READ_ROWS = 4096  # pictures read at a time
LISTED = 500  # records of a set that are read most surely as another character
# A sheet is suspicious where so few of its cells, of so many, are read right as a share of the median sheet's …
FEWEST_CELLS, SHEET_SHARE = 8, 0.5
# … and displaced where besides so many of them are cut by their border, and of the median sheet's less than half of it.
CUT_SHEET = 0.5
LABEL, SHEET, DISPLACED = "label", "sheet", "displaced cell"
SUSPECT_COLUMNS = ("reason", "set", "file", "record", "writer", "label", "read_as", "margin", "sheet_right", "row")


def read_by_others(pictures: PictureRows, index: pd.DataFrame) -> pd.DataFrame:
    """Row by row beside ``index``: ``read_as`` ("" where nobody else wrote enough) and ``margin``, how much surer.

    ``right``: read as its label or as one that looks the same; ``judged``: read at all.
    """
    small_NF = _small(pictures)
    read_as, margin_N = np.full(len(index), "", object), np.zeros(len(index))
    for name in sorted(index["set"].unique()):
        rows = np.flatnonzero(index["set"].to_numpy() == name)
        labels, groups = (index[column].to_numpy(object)[rows] for column in ("label", "group"))
        for train, held_out in _folds(labels, groups):
            into = rows[held_out]
            read_as[into], margin_N[into] = _read(small_NF[rows], labels, train, held_out)
    alike = lookalikes_of(sorted(index["label"].unique()))
    pairs = zip(read_as.tolist(), index["label"].tolist(), strict=True)
    right = [read == label or read in alike[label] for read, label in pairs]
    table = {"read_as": read_as.astype(str), "margin": margin_N, "right": right, "judged": read_as != ""}
    return pd.DataFrame(table)


def find_suspects(index: pd.DataFrame, cells: pd.DataFrame, read: pd.DataFrame) -> pd.DataFrame:
    """SUSPECT_COLUMNS: all cells of displaced and of suspicious sheets, then records read surely as another one."""
    table = pd.concat([index[["set", "file", "record", "writer", "label"]], read, cells[["cut"]]], axis=1)
    table = table.assign(row=np.arange(len(table)))
    known = table[table["judged"] & (table["writer"] >= 0)]
    sheets = known.groupby(["set", "writer"]).agg(cells=("right", "size"), right=("right", "mean"), cut=("cut", "mean"))
    typical = sheets.groupby("set")[["right", "cut"]].transform("median")
    odd = (sheets["cells"] >= FEWEST_CELLS) & (sheets["right"] < SHEET_SHARE * typical["right"])
    cut = odd & (sheets["cut"] >= CUT_SHEET) & (typical["cut"] < CUT_SHEET * sheets["cut"])
    facts = pd.DataFrame({"sheet_right": sheets["right"], "odd": odd, "displaced": cut})
    table = table.merge(facts.reset_index(), how="left", on=["set", "writer"]).sort_values("row", kind="stable")
    reason = np.where(table["displaced"].eq(True), DISPLACED, np.where(table["odd"].eq(True), SHEET, LABEL))
    table = table.assign(reason=reason)
    others = table[(table["reason"] == LABEL) & table["judged"] & ~table["right"]]
    others = others.sort_values(["margin", "row"], ascending=[False, True]).groupby("set").head(LISTED)
    listed = [table[table["reason"] == DISPLACED], table[table["reason"] == SHEET], others]
    return pd.concat(listed, ignore_index=True)[list(SUSPECT_COLUMNS)]


def _small(pictures: PictureRows) -> NDArray[np.uint8]:
    """(N, F)."""
    starts = range(0, len(pictures), READ_ROWS)
    parts = [thumbnails(pictures[start : start + READ_ROWS]).astype(np.uint8) for start in starts]
    return np.concatenate([np.empty((0, THUMBNAIL_PX**2), np.uint8), *parts])


def _folds(labels: NDArray[np.object_], groups: NDArray[np.object_]) -> Iterable[tuple[NDArray[np.int64], ...]]:
    """Rows to learn from and rows to read, writers apart; nothing where there are too few of them."""
    from sklearn.model_selection import GroupKFold

    if len(set(groups)) < FOLDS:
        return
    for train, held_out in GroupKFold(FOLDS).split(labels, groups=groups):
        names, counts = np.unique(labels[train], return_counts=True)
        learnt = set(names[counts >= FEWEST_ROWS])
        if len(learnt) > 1:
            yield train[np.isin(labels[train], list(learnt))], held_out[np.isin(labels[held_out], list(learnt))]


def _read(
    small_nF: NDArray[np.uint8],
    labels_n: NDArray[np.object_],
    train: NDArray[np.int64],
    held_out: NDArray[np.int64],
) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """What is read from the rows ``held_out`` after learning ``train``, and how much more it is than their label."""
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    fitted = train[:: max(1, len(train) // FITTED_ROWS)]
    components = PCA(min(COMPONENTS, len(fitted) - 1), svd_solver="covariance_eigh").fit(small_nF[fitted])
    names = np.unique(labels_n[train])
    equal = np.full(len(names), 1 / len(names))
    reader = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE, priors=equal)
    blocks = [train[start : start + READ_ROWS] for start in range(0, len(train), READ_ROWS)]
    features_nK = np.concatenate([components.transform(small_nF[block]).astype(np.float32) for block in blocks])
    reader.fit(features_nK, labels_n[train].astype(str))
    read, margins = [np.empty(0, object)], [np.empty(0)]
    for start in range(0, len(held_out), READ_ROWS):
        part = held_out[start : start + READ_ROWS]
        scores_nC = _scores(reader, components.transform(small_nF[part]))
        own_n = scores_nC[np.arange(len(part)), np.searchsorted(names, labels_n[part])]
        read.append(names[scores_nC.argmax(axis=1)])
        margins.append(scores_nC.max(axis=1) - own_n)
    return np.concatenate(read), np.concatenate(margins)


def _scores(reader: "LinearDiscriminantAnalysis", features_nK: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, C) log-probabilities up to a number for each row; two classes have one column in scikit-learn."""
    scores = np.asarray(reader.decision_function(features_nK), np.float64)
    return np.stack([np.zeros(len(scores)), scores], axis=1) if scores.ndim == 1 else scores
