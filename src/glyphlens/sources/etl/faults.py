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
        self._named: list[AuditRow] = []

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

    def add_each(self, reason: str, records: Records, rows_n: NDArray[np.int64]) -> None:
        """Each of the rows by itself, with its character and its sheet: a person can look at it."""
        for row in rows_n.tolist():
            number = int(records.numbers[row])
            self._named.append(AuditRow(
                self.file.etl_set.name, self.file.place, reason, number, str(records.chars[row]), 1,
                f"sheet {records.writers[row]}",
            ))  # fmt: skip

    def audit(self) -> list[AuditRow]:
        """One row for every reason and value, sorted, then those that were added each by itself."""
        counted = [
            AuditRow(self.file.etl_set.name, self.file.place, reason, first, value, count)
            for (reason, value), (first, count) in sorted(self._found.items())
        ]
        return [*counted, *self._named]
