"""The answers of a recogniser of scans, one after every line, and where its stopping rule ends the scan.

L lines of a scan · S samples of a line · C classes
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import is_there
from glyphlens.inference.stopping import STOPPING, StoppingRule
from glyphlens.inference.streams import LineRecognizer

LARGEST = 1e36  # of the numbers of a line: what is computed of them fits float32


@dataclass(frozen=True)
class LineAnswer:
    """What is answered after a line (from 1 on): labels and probabilities, best first, whether to stop here, whether
    the line is missing: a value of it is no finite number, and whether nothing was there to see so far: every line is
    missing or of one value, so that the answer says nothing."""

    line: int
    labels: tuple[str, ...]
    confidences: tuple[float, ...]
    stops: bool
    missing: bool = False
    blank: bool = False

    def plain(self) -> dict[str, Any]:
        """As it is written in JSON."""
        pairs = zip(self.labels, self.confidences, strict=True)
        top = [{"label": label, "confidence": round(confidence, 6)} for label, confidence in pairs]
        marks = {"missing": self.missing, "blank": self.blank}
        marked = {name: True for name, is_so in marks.items() if is_so}
        return {"line": self.line, "top": top, "stops": self.stops, **marked}

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row of a table."""
        row: dict[str, Any] = {"line": self.line}
        for rank, (label, confidence) in enumerate(zip(self.labels, self.confidences, strict=True), start=1):
            ending = f"_{rank}" if rank > 1 else ""
            row |= {f"label{ending}": label, f"confidence{ending}": confidence}
        yield {**row, "stops": self.stops, "missing": self.missing, "blank": self.blank}


def stopping_rule(recognizer: LineRecognizer, rule: Path | None = None) -> StoppingRule | None:
    """The rule at ``rule``, by default the one beside the recogniser; None where none lies there.

    Raises InputError where the two do not belong together.
    """
    place = rule or recognizer.path.with_name(STOPPING)
    if rule is None and not is_there(place):
        return None
    found = StoppingRule.load(place, recognizer.path)
    if found.lines != recognizer.lines:
        raise InputError(f"{place}: {found.lines} thresholds, {recognizer.path} reads {recognizer.lines} lines")
    return found


def scan_answers(
    recognizer: LineRecognizer, rule: StoppingRule | None, lines: Iterable[ArrayLike], top: int
) -> Iterator[LineAnswer]:
    """An answer after every line, (S,) numbers in any unit, as long as lines come and at most L; memory does not grow.

    ``stops`` is true once, at the line that the rule stops at, or at the last one; while nothing was there to see, no
    rule is asked. Raises InputError for a line of another length or of larger numbers than LARGEST.
    """
    stream, has_stopped, is_blank = recognizer.stream(), False, True
    labels = [entry.label for entry in recognizer.classes]
    for number, line in enumerate(lines, 1):
        line_S = _from_zero(line, number)
        probabilities_C = stream.push(line_S)
        best = np.argsort(-probabilities_C, kind="stable")[:top]
        confidences = tuple(float(probabilities_C[place]) for place in best)
        missing = not np.isfinite(line_S).all()
        is_blank &= missing or not line_S.any()
        is_last = stream.lines_seen == recognizer.lines
        is_reached = rule is not None and not is_blank and rule.is_reached(number, confidences[0])
        stops = not has_stopped and (is_last or is_reached)
        has_stopped |= stops
        yield LineAnswer(number, tuple(labels[place] for place in best), confidences, stops, missing, is_blank)
        if is_last:
            return


def _from_zero(line: ArrayLike, number: int) -> NDArray[np.float32]:
    """The line less its least number, which no answer depends on: a large offset would take the rest's digits."""
    try:
        line_S = np.asarray(line, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"line {number}: not numbers ({error})") from error
    is_known = bool(line_S.size) and bool(np.isfinite(line_S).all())
    if is_known and np.abs(line_S).max() > LARGEST:
        raise InputError(f"line {number}: a number beyond ±{LARGEST:g}; nan stands for one that is missing")
    return (line_S - line_S.min() if is_known else line_S).astype(np.float32)
