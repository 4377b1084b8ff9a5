"""The answers of a recogniser of scans, one after every line, and where its stopping rule ends the scan.

L lines of a scan · S samples of a line · C classes
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import is_there
from glyphlens.inference.stopping import STOPPING, StoppingRule
from glyphlens.inference.streams import LineRecognizer

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class LineAnswer:
    """What is answered after a line (from 1 on): labels and probabilities, best first, whether to stop here, and
    whether the line is missing: a value of it is no finite number."""

    line: int
    labels: tuple[str, ...]
    confidences: tuple[float, ...]
    stops: bool
    missing: bool = False

    def plain(self) -> dict[str, Any]:
        """As it is written in JSON."""
        pairs = zip(self.labels, self.confidences, strict=True)
        top = [{"label": label, "confidence": round(confidence, 6)} for label, confidence in pairs]
        marked = {"missing": True} if self.missing else {}
        return {"line": self.line, "top": top, "stops": self.stops, **marked}

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row of a table."""
        row: dict[str, Any] = {"line": self.line}
        for rank, (label, confidence) in enumerate(zip(self.labels, self.confidences, strict=True), start=1):
            ending = f"_{rank}" if rank > 1 else ""
            row |= {f"label{ending}": label, f"confidence{ending}": confidence}
        yield {**row, "stops": self.stops, "missing": self.missing}


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
    recognizer: LineRecognizer, rule: StoppingRule | None, lines: Iterable[Floats], top: int
) -> Iterator[LineAnswer]:
    """An answer after every line (S,), as long as lines come and at most L; memory does not grow with them.

    ``stops`` is true once, at the line that the rule stops at, or at the last one. Raises InputError for a line of
    another length.
    """
    stream, has_stopped = recognizer.stream(), False
    labels = [entry.label for entry in recognizer.classes]
    for line_S in lines:
        probabilities_C = stream.push(line_S)
        best = np.argsort(-probabilities_C, kind="stable")[:top]
        confidences = tuple(float(probabilities_C[number]) for number in best)
        is_last = stream.lines_seen == recognizer.lines
        stops = not has_stopped and (
            is_last or (rule is not None and rule.is_reached(stream.lines_seen, confidences[0]))
        )
        has_stopped |= stops
        missing = not np.isfinite(line_S).all()
        yield LineAnswer(stream.lines_seen, tuple(labels[number] for number in best), confidences, stops, missing)
        if is_last:
            return
