"""What a recogniser answers after every line, and what stopping there would cost.

N scans · L lines · S samples of a line · C classes · G groups
"""

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from glyphlens.inference.folder import ExportFolder
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet

BATCH = 128
NOTHING = -1  # the class answered before there is an answer
MARKS = (0.25, 0.38, 0.5, 0.75, 1.0)  # shares of the lines at which recognisers are compared
QUARTERS = (0.25, 0.5, 0.75, 1.0)

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class LineModel(Protocol):
    """What is asked: an exported recogniser of lines."""

    def probabilities(self, lines_NLS: Floats) -> Floats:
        """(N, L, C) after every line, (N, 1, C) where it answers once; NaN throughout a missing line."""


class LineAnswers(NamedTuple):
    """Of N scans: the class answered after each line and its probability, the true class, and the group's name."""

    predicted_NL: Ints
    confidence_NL: Floats
    class_N: Ints
    group_N: NDArray[Any]

    @property
    def lines(self) -> int:
        """L."""
        return int(self.predicted_NL.shape[1])

    @property
    def right_NL(self) -> Bools:
        """Whether the answer after each line is right."""
        right_NL: Bools = self.predicted_NL == self.class_N[:, None]
        return right_NL

    @property
    def lost_NL(self) -> Bools:
        """Whether stopping there loses what the last line would have got right."""
        right_NL = self.right_NL
        return right_NL[:, -1:] & ~right_NL

    def of(self, rows_N: Bools | Ints) -> "LineAnswers":
        """Those of some scans."""
        return LineAnswers(
            self.predicted_NL[rows_N], self.confidence_NL[rows_N], self.class_N[rows_N], self.group_N[rows_N]
        )

    def with_others(self, others: "LineAnswers") -> "LineAnswers":
        """These scans, then the others."""
        return LineAnswers(
            np.concatenate([self.predicted_NL, others.predicted_NL]),
            np.concatenate([self.confidence_NL, others.confidence_NL]),
            np.concatenate([self.class_N, others.class_N]),
            np.concatenate([self.group_N, others.group_N]),
        )

    def save(self, folder: Path) -> None:
        """Write predictions.npz."""
        ExportFolder(folder).save_predictions(self._asdict())

    @classmethod
    def load(cls, folder: Path) -> "LineAnswers":
        """Of predictions.npz; raises InputError where it cannot be read."""
        found = ExportFolder(folder).predictions(cls._fields)
        return cls(**{name: found[name] for name in cls._fields})


class StoppedShares(NamedTuple):
    """(G, L) of every group: scans that have stopped by each line, and those of them that are lost by it."""

    stopped_GL: Ints
    lost_GL: Ints


def marked_line(share: float, lines: int) -> int:
    """How many lines a share of them is, at least one.

    >>> marked_line(0.38, 64)
    24
    """
    return max(1, round(share * lines))


def line_answers(model: LineModel, scans: ScanSet, rows_N: Ints) -> LineAnswers:
    """Ask a recogniser about some scans.

    One that answers once is shown the first lines of each of MARKS, the others as missing; between two marks its
    answer is that of the earlier one.
    """
    predicted: list[Ints] = [np.zeros((0, scans.shape_LS[0]), np.int64)]
    confidence: list[Floats] = [np.zeros((0, scans.shape_LS[0]), np.float32)]
    for start in range(0, len(rows_N), BATCH):
        lines_nLS = scans.lines(rows_N[start : start + BATCH])
        probabilities_nLC = model.probabilities(lines_nLS)
        if probabilities_nLC.shape[1] == lines_nLS.shape[1]:
            predicted.append(probabilities_nLC.argmax(axis=2))
            confidence.append(probabilities_nLC.max(axis=2))
        else:
            found = _at_marks(model, lines_nLS)
            predicted.append(found[0])
            confidence.append(found[1])
    class_N, group_N = scans.samples.class_indices[rows_N], scans.groups[rows_N].astype(str)
    return LineAnswers(np.concatenate(predicted), np.concatenate(confidence), class_N, group_N)


def _at_marks(model: LineModel, lines_nLS: Floats) -> tuple[Ints, Floats]:
    """Predicted class and confidence (n, L) of a recogniser that answers once."""
    lines = lines_nLS.shape[1]
    predicted_nL = np.full(lines_nLS.shape[:2], NOTHING, np.int64)
    confidence_nL = np.zeros(lines_nLS.shape[:2], np.float32)
    for share in MARKS:
        seen = marked_line(share, lines)
        seen_nLS = lines_nLS.copy()
        seen_nLS[:, seen:] = np.nan
        probabilities_nC = model.probabilities(seen_nLS)[:, -1]
        predicted_nL[:, seen - 1 :] = probabilities_nC.argmax(axis=1)[:, None]
        confidence_nL[:, seen - 1 :] = probabilities_nC.max(axis=1)[:, None]
    return predicted_nL, confidence_nL


def stopped_shares(answers: LineAnswers, line_N: Ints) -> StoppedShares:
    """Scans that stop after ``line_N`` lines (1 to L), counted by group and line."""
    _, group_N = np.unique(answers.group_N, return_inverse=True)
    shape = (int(group_N.max(initial=-1)) + 1, answers.lines)
    place_N = group_N * answers.lines + line_N - 1
    stopped_N = np.take_along_axis(answers.predicted_NL, line_N[:, None] - 1, axis=1)[:, 0]
    lost_N = (answers.predicted_NL[:, -1] == answers.class_N) & (stopped_N != answers.class_N)
    counts = (np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape) for place in (place_N, place_N[lost_N]))
    return StoppedShares(*(count_GL.cumsum(axis=1) for count_GL in counts))
