"""The rows of a batch that are one process's, where several train together."""

from typing import NamedTuple

from glyphlens.core.errors import ParamsError


class Share(NamedTuple):
    """Every ``world``-th row of a batch, beginning with ``rank``; a process on its own has all of them.

    What decides a batch (which samples, random numbers) is drawn for all rows, so that the rows of all processes
    together are the batch of a process on its own; what costs time is done for the process's own rows.

    >>> Share(1, 3).rows(6)
    slice(1, None, 3)
    """

    rank: int = 0
    world: int = 1

    @property
    def own(self) -> slice:
        """The process's rows of whatever has a row for each of the batch."""
        return slice(self.rank, None, self.world)

    def rows(self, count: int) -> slice:
        """The process's rows of ``count``; raises ParamsError where the processes would not have equally many."""
        if count % self.world:
            raise ParamsError(f"params.yaml: a batch of {count} cannot be shared by {self.world} processes")
        return self.own


ALL_ROWS = Share()
