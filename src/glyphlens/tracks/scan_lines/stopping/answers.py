"""What a recogniser answers after every line, and what stopping there would cost.

N scans · L lines · G groups
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class LineAnswers(NamedTuple):
    """Of N scans: the class answered after each line and its probability, the true class, and the group by number."""

    predicted_NL: Ints
    confidence_NL: Floats
    class_N: Ints
    group_N: Ints

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

    def of(self, rows_N: Bools) -> "LineAnswers":
        """Those of some scans."""
        return LineAnswers(
            self.predicted_NL[rows_N], self.confidence_NL[rows_N], self.class_N[rows_N], self.group_N[rows_N]
        )


class StoppedShares(NamedTuple):
    """(G, L) of every group: scans that have stopped by each line, and those of them that are lost by it."""

    stopped_GL: Ints
    lost_GL: Ints


def stopped_shares(answers: LineAnswers, line_N: Ints) -> StoppedShares:
    """Scans that stop after ``line_N`` lines (1 to L), counted by group and line."""
    _, group_N = np.unique(answers.group_N, return_inverse=True)
    shape = (int(group_N.max(initial=-1)) + 1, answers.lines)
    place_N = group_N * answers.lines + line_N - 1
    lost_N = np.take_along_axis(answers.lost_NL, line_N[:, None] - 1, axis=1)[:, 0]
    counts = (np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape) for place in (place_N, place_N[lost_N]))
    return StoppedShares(*(count_GL.cumsum(axis=1) for count_GL in counts))
