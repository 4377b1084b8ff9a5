"""When to stop reading lines: a threshold of the confidence for every line, and what was promised with it.

``stopping.json`` lies beside a model that answers after every line, and belongs to that file alone.

N scans · L lines · C classes
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json, sha256_file

STOPPING = "stopping.json"
AGAIN = "calibrate it again with `dvc repro`"
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class Promise(BaseModel):
    """What was promised of a rule, and on how much it rests.

    With probability 1 − ``delta`` over the draw of the calibration groups, and for every line t: of the scans of a new
    group that have stopped by line t, on average over groups a share of at most ``alpha`` would have been named right
    at the last line and was named wrong. Groups count once more than ``1 / largest_group_gap`` of their scans have
    stopped. It holds where new groups (writers, fonts, instruments) come as those of the calibration came,
    independently, and no group loses a larger share than ``largest_group_gap``; 1 assumes nothing of that kind. It does
    not hold for other kinds of groups, however many scans there are. ``groups``: how many were tested, ``model``:
    SHA-256 of the file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    alpha: float = Field(gt=0, lt=1)
    delta: float = Field(gt=0, lt=1)
    largest_group_gap: float = Field(gt=0, le=1)
    groups: int = Field(ge=0)
    model: str = ""


@dataclass(frozen=True)
class StoppingRule:
    """Stop at the first line where the largest probability reaches ``threshold_L``; infinite: never at this line."""

    threshold_L: NDArray[np.float64]
    promise: Promise

    def __post_init__(self) -> None:
        """Raise InputError for thresholds that are no list of probabilities."""
        thresholds = self.threshold_L
        if thresholds.ndim != 1 or not len(thresholds):
            raise InputError(f"stopping: thresholds of shape {thresholds.shape}, expected one per line")
        wrong = np.flatnonzero(~((thresholds >= 0) & ((thresholds <= 1) | np.isposinf(thresholds))))
        if len(wrong):
            raise InputError(f"stopping: line {wrong[0] + 1} has the threshold {thresholds[wrong[0]]}, expected 0 … 1")

    @classmethod
    def load(cls, path: Path, model: Path | None = None) -> "StoppingRule":
        """Of ``stopping.json``; raises InputError where it is broken or belongs to another file than ``model``."""
        content: Any = load_json(path)
        try:
            thresholds = [math.inf if each is None else float(each) for each in content["thresholds"]]
            rule = cls(np.array(thresholds, np.float64), Promise.model_validate(content["promise"]))
        except (LookupError, ArithmeticError, TypeError, ValueError, ValidationError, InputError) as error:
            raise InputError(f"{path}: not a stopping rule ({error}); {AGAIN}") from error
        if model is not None and rule.promise.model != sha256_file(model):
            raise InputError(f"{path}: calibrated for another file than {model}; {AGAIN}")
        return rule

    def save(self, path: Path) -> None:
        """Write it as JSON; a line where it never stops has the threshold null."""
        thresholds = [None if math.isinf(each) else float(each) for each in self.threshold_L]
        save_json(path, {"promise": self.promise.model_dump(), "thresholds": thresholds})

    @property
    def lines(self) -> int:
        """L, the lines of a whole scan."""
        return len(self.threshold_L)

    @property
    def first_line(self) -> int:
        """The first line, from 1 on, at which it may stop; L where it never stops early."""
        opened = np.flatnonzero(np.isfinite(self.threshold_L[:-1]))
        return int(opened[0]) + 1 if len(opened) else self.lines

    def is_reached(self, line: int, confidence: float) -> bool:
        """Whether to stop after ``line`` lines (from 1 on), the last one always included."""
        return line >= self.lines or bool(confidence >= self.threshold_L[line - 1])

    def stops(self, confidence_NL: Floats) -> Ints:
        """(N,) how many lines are read of each scan, L where it does not stop early."""
        return stopping_lines(confidence_NL >= self.threshold_L)


def stopping_lines(reached_NL: Bools) -> Ints:
    """(N,) the first line, from 1 on, whose threshold is reached; L where none is."""
    lines = reached_NL.shape[1]
    found_N: Ints = np.where(reached_NL.any(axis=1), reached_NL.argmax(axis=1) + 1, lines)
    return found_N
