"""What the gates of trained and of exported models ask alike of learning curves and answers.

N scored rows
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.gates.check import SHOWN_ROWS, Outcome, Row, at_least, at_most, none_of

Answers = Mapping[str, NDArray[Any]]


def curves_finite(curves: Mapping[str, pd.DataFrame]) -> Outcome:
    """Every value of every learning curve (columns step, name, value) is a finite number."""
    rows: list[Row] = []
    for name, table in curves.items():
        bad = ~np.isfinite(table["value"].to_numpy(np.float64))
        rows += [{"model": name, **entry} for entry in table[bad].astype(str).to_dict("records")]
    return none_of(len(rows), "points of learning curves", rows[:SHOWN_ROWS])


def answers_distinct(answers: Answers, truth: Answers, least_share: float) -> Outcome:
    """Every model names so large a share of the classes that occur in its rows."""
    named = {name: len(np.unique(found_N)) for name, found_N in answers.items()}
    known = {name: len(np.unique(truth[name])) for name in answers}
    rows: list[Row] = [{"model": name, "named": count, "occurring": known[name]} for name, count in named.items()]
    message = "distinct predicted classes over occurring ones, the lower"
    return at_least(min(count / known[name] for name, count in named.items()), least_share, message, rows)


def answers_commonest(answers: Answers, labels: Sequence[str], most_share: float) -> Outcome:
    """No model gives one answer to more than a share of its rows; ``labels`` are those of the classes."""
    rows: list[Row] = []
    for name, found_N in answers.items():
        counts = np.bincount(np.maximum(found_N, 0))
        first = int(counts.argmax())
        label = labels[first] if first < len(labels) else "?"
        rows.append({"model": name, "label": label, "share": float(counts.max() / counts.sum())})
    share = max(float(row["share"]) for row in rows)
    return at_most(share, most_share, "share of the commonest answer, highest", rows)
