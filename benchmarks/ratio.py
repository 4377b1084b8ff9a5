"""Ratio: how many times faster our way is than the straightforward one, both timed in the same run."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Ratio:
    """Seconds of the plain and of the fast way for the same work, and the ratio that is wanted."""

    name: str
    plain_s: float
    fast_s: float
    target: float
    note: str = ""

    def __post_init__(self) -> None:
        if self.plain_s <= 0 or self.fast_s <= 0:
            raise ValueError(f"{self.name}: times must be positive, found {self.plain_s} s and {self.fast_s} s")

    @property
    def value(self) -> float:
        """How many times faster."""
        return self.plain_s / self.fast_s

    @property
    def reached(self) -> bool:
        """Whether the wanted ratio was reached."""
        return self.value >= self.target


def timed(work: Callable[[], T], *, repeats: int = 1) -> tuple[float, T]:
    """The fastest of ``repeats`` runs in seconds, and the last result."""
    if repeats < 1:
        raise ValueError(f"repeats must be ≥ 1, found {repeats}")
    best_s = float("inf")
    for _ in range(repeats):
        start_s = time.perf_counter()
        result = work()
        best_s = min(best_s, time.perf_counter() - start_s)
    return best_s, result
