"""The learning curves of a training, written by DVCLive as it runs: ``plots/metrics/<name>.tsv``, ``metrics.json``."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dvclive.live import Live

from glyphlens.core.errors import OutputError


class CurveFiles:
    """A folder of curves, one file a name; open it before the first value and close it after the last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._live: Live | None = None

    def open(self, rows: Iterable[tuple[int, str, float]] = ()) -> None:
        """Start afresh with the rows (step, name, value) that a resumed training has behind it.

        What an interrupted training left in the folder is removed: it may be ahead of the state that is gone on from.
        """
        self._live = _DetachedLive(str(self.folder), save_dvc_exp=False, dvcyaml=None)
        for row in rows:
            self.log(*row)

    def log(self, step: int, name: str, value: float) -> None:
        """Add one value to the curve ``name``; the files are open. Raises OutputError where it cannot be written."""
        assert self._live is not None
        self._live.step = step
        with self._refusals(name):
            self._live.log_metric(name, value)

    def close(self) -> None:
        """Write ``metrics.json``: the last step and the last value of every curve; nothing where nothing was opened."""
        if self._live is not None:
            with self._refusals("metrics.json"):
                self._live.end()  # type: ignore[no-untyped-call]
            self._live = None

    @contextmanager
    def _refusals(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            free_mib = shutil.disk_usage(self.folder).free >> 20
            raise OutputError(
                f"{self.folder}: {name} cannot be written ({error.strerror}; {free_mib} MiB free); make room or "
                "mend the permissions and run again"
            ) from error


class _DetachedLive(Live):
    """Writes files and nothing else.

    Left to itself, Live fails in a repository without a commit, sets up DVC in one without it, and may stage files.
    """

    def _init_dvc(self) -> None:
        """In place of looking for a repository."""

    def _init_studio(self) -> None:
        """In place of posting every value to a server."""
        self._studio_events_to_skip |= {"start", "data", "done"}
