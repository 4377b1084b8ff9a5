"""Probabilities → the table of answers: one row a glyph, the best class and the runners-up with their confidences.

N glyphs · K best classes
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.reading import Best

Row = dict[Any, Any]  # column → value of one glyph


def answer_table(
    subjects: pd.DataFrame, best: Best, faults: Sequence[str], classes: Sequence[CharacterClass], top: int
) -> pd.DataFrame:
    """Columns of ``subjects`` (which glyph), then label, code_points, form, confidence, label_2, confidence_2, … fault.

    A row with a fault has no answer: empty strings and NaN.
    """
    faulty_N = np.array([bool(fault) for fault in faults], dtype=bool)
    labels = np.array([entry.label for entry in classes], dtype=object)
    code_points = np.array([" ".join(entry.code_points) for entry in classes], dtype=object)
    forms = np.array([entry.form for entry in classes], dtype=object)
    first_N = best.classes_NK[:, 0]
    columns: dict[str, Any] = {
        "label": _unless(faulty_N, labels[first_N]),
        "code_points": _unless(faulty_N, code_points[first_N]),
        "form": _unless(faulty_N, forms[first_N]),
        "confidence": np.where(faulty_N, np.nan, best.confidence_NK[:, 0].round(4)),
    }
    for rank in range(1, min(top, best.classes_NK.shape[1])):
        columns[f"label_{rank + 1}"] = _unless(faulty_N, labels[best.classes_NK[:, rank]])
        columns[f"confidence_{rank + 1}"] = np.where(faulty_N, np.nan, best.confidence_NK[:, rank].round(4))
    answers = pd.DataFrame({**columns, "fault": list(faults)})  # at once: every class may be a column
    return pd.concat([subjects.reset_index(drop=True), answers], axis=1)


def runners_up(row: Row) -> list[tuple[str, float]]:
    """(label, confidence) of the second best answer and on."""
    ranks = sorted(int(name.removeprefix("label_")) for name in row if name.startswith("label_"))
    return [(row[f"label_{rank}"], row[f"confidence_{rank}"]) for rank in ranks]


def is_confident(table: pd.DataFrame, least: float) -> NDArray[np.bool_]:
    """(N,) the rows whose best answer is at least that confident, and all rows with a fault."""
    return ((table["fault"] != "") | (table["confidence"] >= least)).to_numpy()


def _unless(faulty_N: NDArray[np.bool_], values_N: NDArray[Any]) -> NDArray[Any]:
    return np.where(faulty_N, "", values_N)
