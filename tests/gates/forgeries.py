"""What the tests of every gate share: tables of forgeries, and changes of a sample set's index and classes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

Forge = Callable[[Any], Any]


def forgeries(*entries: Sequence[Any]) -> pytest.MarkDecorator:
    """Parametrises ``check``, ``forge`` and ``limits`` by (id of the check that fails, forgery[, other limits])."""
    rows = [(check, forge, *(limits or [{}])) for check, forge, *limits in entries]
    ids = [f"{number}-{row[0]}" for number, row in enumerate(rows)]
    return pytest.mark.parametrize(("check", "forge", "limits"), rows, ids=ids)


def table_cell(table: pd.DataFrame, column: str, value: object, row: int) -> pd.DataFrame:
    """The table with one other value."""
    changed = table.astype({column: object}) if value is None else table.copy()
    changed.loc[row, column] = value
    return changed


def indexed(data: Any, index: pd.DataFrame) -> Any:
    """The same data with another index of its samples, everything measured anew."""
    return replace(data, samples=replace(data.samples, index=index))


def index_cell(column: str, value: object, row: int) -> Forge:
    """One other value in the index."""
    return lambda data: indexed(data, table_cell(data.samples.index, column, value, row))


def reclassed(**changes: dict[str, Any]) -> Forge:
    """Fields of the classes with the given labels replaced."""

    def forge(data: Any) -> Any:
        entries = tuple(replace(entry, **changes.get(entry.label, {})) for entry in data.samples.classes)
        return replace(data, samples=replace(data.samples, classes=entries))

    return forge


def swapped_classes(data: Any) -> Any:
    """The first two classes change places, and the index follows: only the order is wrong."""
    first, second, *others = data.samples.classes
    index = data.samples.index
    moved = index.assign(class_index=index["class_index"].replace({0: 1, 1: 0}))
    return replace(data, samples=replace(data.samples, classes=(second, first, *others), index=moved))
