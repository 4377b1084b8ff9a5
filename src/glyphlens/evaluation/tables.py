"""Tables of an evaluation that every track has, and how they reach a page and a CSV file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from glyphlens.core.storage import save_table_csv
from glyphlens.evaluation.scores import f1_per_class

DIGITS = 6  # of fractions in the CSV files


def class_table(outcomes: pd.DataFrame, classes: int) -> pd.DataFrame:
    """One row a class that occurs in the test, hardest first: class_index, label, samples, predicted, hits, f1."""
    scores = f1_per_class(outcomes["predicted"].to_numpy(), outcomes["class_index"].to_numpy(), classes)
    names = outcomes.drop_duplicates("class_index").set_index("class_index")["label"]
    present = scores[scores["samples"] > 0]
    present.insert(1, "label", present["class_index"].map(names))
    return present.sort_values(["f1", "class_index"], kind="stable").reset_index(drop=True)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as plain mappings."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def save_tables_csv(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Every table as ``<name>.csv``."""
    for name, table in tables.items():
        save_table_csv(folder / f"{name}.csv", table.round(DIGITS))
