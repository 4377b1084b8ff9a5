"""The process that sends the runs that wait: `python -m glyphlens.tracking.delivery`, started by ``outbox.deliver``."""

import gc
import os
import sys
from types import TracebackType

from filelock import FileLock

from glyphlens.core.errors import InputError
from glyphlens.tracking.client import open_client
from glyphlens.tracking.outbox import outbox, read_posted, waiting
from glyphlens.tracking.runs import send_run


def main() -> None:
    """Send them, oldest first; one that MLflow refuses keeps no other back. The last line says what went wrong."""
    gc.disable()  # what MLflow's imports make stays anyway, looking through it again and again takes half a second
    from mlflow.exceptions import MlflowException

    sys.excepthook = _say
    client, troubles = open_client(), []
    with FileLock(outbox() / "lock"):  # of two trainings that end together, one waits for the other
        for file in waiting():
            try:
                send_run(client, read_posted(file))
            except (MlflowException, InputError) as error:
                troubles.append(error)
            else:
                file.unlink()
    if troubles:
        raise troubles[0]


def _say(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An error that ends the process, as one line: of a failed connection what the system says."""
    origin = error
    while origin.__context__:
        origin = origin.__context__
    told = origin if isinstance(origin, OSError) else error
    first_line, _, _ = str(told).partition("\n")
    print(f"{type(told).__name__}: {first_line}")


if __name__ == "__main__":
    main()
    os._exit(0)  # to take MLflow apart again takes another half
