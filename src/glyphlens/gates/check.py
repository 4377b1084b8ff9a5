"""A check: a function that yields PASS, WARN or FAIL with value, limit and rows; its docstring is the rationale.

The shape follows fontbakery's checks: what is examined and why are written where the code is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SHOWN_ROWS = 5
NOT_NULL_SUFFIX = "-not-null"

Value = float | int | str
Row = Mapping[str, Any]
# A check that asks little of the data and the limits serves every gate whose data and limits have more.
Data = TypeVar("Data", contravariant=True)
Limits = TypeVar("Limits", contravariant=True)


class Verdict(StrEnum):
    """PASS lets the data through, WARN too but says so, FAIL stops the pipeline."""

    PASS = "PASS"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Outcome:
    """What one check found: its value beside the limit (as text), and the first offending rows."""

    verdict: Verdict
    value: Value
    limit: str
    message: str = ""
    rows: tuple[Row, ...] = ()


Judge = Callable[[Data, Limits], Outcome]


@dataclass(frozen=True)
class Result:
    """An outcome with the id and the rationale of the check it came from."""

    id: str
    rationale: str
    outcome: Outcome


@dataclass(frozen=True)
class Check(Generic[Data, Limits]):
    """One check of a gate; ``judge`` sees the gate's data and its limits from params.yaml."""

    id: str
    rationale: str
    judge: Judge[Data, Limits]

    def run(self, data: Data, limits: Limits) -> Result:
        """The result; a check that crashes is a FAIL which names the exception, and hides no other check."""
        try:
            outcome = self.judge(data, limits)
        except Exception as error:  # noqa: BLE001 - whatever breaks a check, the data did not pass it
            outcome = crashed(error)
        return Result(self.id, self.rationale, outcome)


@dataclass
class Checks(Generic[Data, Limits]):
    """The checks of one gate, in the order in which they were written."""

    entries: list[Check[Data, Limits]] = field(default_factory=list)

    def add(self, id: str) -> Callable[[Judge[Data, Limits]], Judge[Data, Limits]]:
        """Decorator that registers a function under ``id``; its docstring is the rationale.

        Raises ValueError for an id used twice and for a function without a docstring.
        """
        if any(entry.id == id for entry in self.entries):
            raise ValueError(f"check id '{id}' is used twice")

        def register(judge: Judge[Data, Limits]) -> Judge[Data, Limits]:
            rationale = " ".join((judge.__doc__ or "").split())
            if not rationale:
                raise ValueError(f"check '{id}' does not say why it exists: its function has no docstring")
            self.entries.append(Check(id, rationale, judge))
            return judge

        return register


def crashed(error: Exception) -> Outcome:
    """The FAIL of a check that raised."""
    return Outcome(
        Verdict.FAIL, type(error).__name__, "no crash", f"the check crashed: {type(error).__name__}: {error}"
    )


def verdict(passed: bool, otherwise: Verdict = Verdict.FAIL) -> Verdict:
    """PASS, or ``otherwise``."""
    return Verdict.PASS if passed else otherwise


def at_least(
    value: float, limit: float, message: str = "", rows: Iterable[Row] = (), otherwise: Verdict = Verdict.FAIL
) -> Outcome:
    """``value`` ≥ ``limit``; NaN does not pass."""
    return Outcome(verdict(bool(value >= limit), otherwise), plain(value), f"≥ {show(limit)}", message, tuple(rows))


def at_most(
    value: float, limit: float, message: str = "", rows: Iterable[Row] = (), otherwise: Verdict = Verdict.FAIL
) -> Outcome:
    """``value`` ≤ ``limit``; NaN does not pass."""
    return Outcome(verdict(bool(value <= limit), otherwise), plain(value), f"≤ {show(limit)}", message, tuple(rows))


def within(value: float, low: float, high: float, message: str = "", rows: Iterable[Row] = ()) -> Outcome:
    """``low`` ≤ ``value`` ≤ ``high``; NaN does not pass."""
    return Outcome(
        verdict(bool(low <= value <= high)), plain(value), f"{show(low)} … {show(high)}", message, tuple(rows)
    )


def none_of(count: int, message: str = "", rows: Iterable[Row] = ()) -> Outcome:
    """``count`` of offences is 0."""
    return Outcome(verdict(count == 0), plain(count), "0", message if count else "", tuple(rows))


def first_rows(frame: pd.DataFrame, offends: "pd.Series[bool] | NDArray[np.bool_]", *columns: str) -> tuple[Row, ...]:
    """The first offending rows of a table, with their row numbers, as plain values."""
    positions = np.flatnonzero(np.asarray(offends, bool))[:SHOWN_ROWS]
    picked = frame.iloc[positions][list(columns)]
    return tuple(
        {"row": int(number), **{name: plain(value) for name, value in zip(columns, values, strict=True)}}
        for number, values in zip(positions, picked.itertuples(index=False, name=None), strict=True)
    )


def spread_rows(count: int, wanted: int) -> NDArray[np.int64]:
    """At most ``wanted`` of the rows 0 … count − 1, evenly spread and ascending: the same ones in every run."""
    return np.unique(np.linspace(0, count - 1, min(wanted, count)).astype(np.int64))


def plain(value: Any) -> Any:
    """A numpy scalar as its Python twin, anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def show_row(row: Row) -> dict[str, str]:
    """A row's values as text, whole numbers without separators, because most of them are ids."""
    return {name: str(plain(value)) if isinstance(plain(value), int) else show(value) for name, value in row.items()}


def show(value: Any) -> str:
    """A value as people read it: fractions to four significant digits, thousands apart."""
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
