"""Records of a file that are no samples, counted by reason and value for the audit."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glyphlens.sources.etl.codes import code_text, fault_of
from glyphlens.sources.etl.finding import AuditRow, EtlFile
from glyphlens.sources.etl.reading import Records


class Faults:
    """For every reason and value the first record and how many there are, in one file."""

    def __init__(self, file: EtlFile) -> None:
        self.file = file
        self._found: dict[tuple[str, str], tuple[int, int]] = {}

    def add(self, reason: str, value: str, numbers: NDArray[np.int64]) -> None:
        """Records of these numbers, ascending; none is nothing."""
        if len(numbers):
            first, count = self._found.get((reason, value), (int(numbers[0]), 0))
            self._found[reason, value] = (first, count + len(numbers))

    def add_unlabelled(self, records: Records, rows_n: NDArray[np.int64]) -> None:
        """Those of the rows whose code has no character, apart for every code."""
        unlabelled = rows_n[records.chars[rows_n] == ""]
        codes: NDArray[Any] = records.codes[unlabelled]
        repertoire = self.file.etl_set.repertoire
        for code in np.unique(codes).tolist():
            numbers = records.numbers[unlabelled[codes == code]]
            self.add(fault_of(repertoire, code), code_text(repertoire, code), numbers)

    def audit(self) -> list[AuditRow]:
        """One row for every reason and value, sorted."""
        return [
            AuditRow(self.file.etl_set.name, self.file.place, reason, first, value, count)
            for (reason, value), (first, count) in sorted(self._found.items())
        ]
