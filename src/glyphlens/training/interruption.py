"""What Ctrl-C and SIGTERM do to a training: the first asks it to end between two steps, the second ends it at once."""

import contextlib
import os
import signal
from types import FrameType, TracebackType

from glyphlens.training.processes import rank

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STANDARD_ERROR = 2
EXIT_STATUS = 128  # plus the signal's number: what a shell reports of a process that a signal ended


class Interruption:
    """Listens for SIGINT and SIGTERM within its block, in place of what they do outside."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.signal: int | None = None

    @property
    def status(self) -> int:
        """The exit status that names the signal; SIGTERM where only another process of a torchrun was asked to end."""
        return EXIT_STATUS + (self.signal or signal.SIGTERM)

    def __enter__(self) -> "Interruption":
        self._outside = {number: signal.getsignal(number) for number in SIGNALS}
        self.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._outside.items():
            signal.signal(number, handler)

    def listen(self) -> None:
        """Take the signals over, also from whoever took them within the block."""
        for number in SIGNALS:
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        """Only write(2) is safe here: the signal may have come in the middle of a print."""
        if self.signal is not None:
            os._exit(EXIT_STATUS + number)
        self.signal = number
        if rank() == 0:
            told = f"\n{self.title}: ends after this step and keeps its state; once more (Ctrl-C) ends it at once\n"
            with contextlib.suppress(OSError):
                os.write(STANDARD_ERROR, told.encode())
