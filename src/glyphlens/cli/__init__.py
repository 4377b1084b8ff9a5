"""The command ``glyphlens``: what the glyphs of a font, or the characters on pictures, are."""

import errno
import io
import os
import sys

from glyphlens.cli import (  # in the order of --help
    arabic_fonts,
    characters,
    experiments,
    lines,
    page,
    review,
    runtimes,
    serve,
)
from glyphlens.cli.app import app
from glyphlens.core.errors import GlyphlensError
from glyphlens.core.extras import naming_extras
from glyphlens.core.file_names import shown
from glyphlens.core.shards import one_thread_each

__all__ = ["app", "arabic_fonts", "characters", "experiments", "lines", "main", "page", "review", "runtimes", "serve"]


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
COULD_NOT = 2  # the exit status of what could not be done; 1 is a check's no


def main() -> None:
    """Entry point: an error that a person can mend is one line; whatever the error, the exit status is 2, never 1."""
    _mend_streams()
    try:
        try:
            with (
                one_thread_each(),
                naming_extras(),
            ):  # --threads are the network's; those of numpy only wait for each other
                app()
        finally:
            sys.stdout.flush()
    except GlyphlensError as error:
        print(f"glyphlens: {shown(error)}", file=sys.stderr)
        sys.exit(COULD_NOT)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # Typer ends with 1 when nobody reads on
            sys.exit(COULD_NOT)
        raise
    except OSError as error:
        if error.errno not in NO_ROOM:
            sys.excepthook(*sys.exc_info())
        else:
            print(f"glyphlens: standard output: cannot be written ({error.strerror})", file=sys.stderr)
        _let_go_of_output()
        sys.exit(COULD_NOT)
    except Exception:  # noqa: BLE001 - shown whole; Python itself would end with 1
        sys.excepthook(*sys.exc_info())
        sys.exit(COULD_NOT)


def _let_go_of_output() -> None:
    """What is left in the buffer has no place to go, and Python would complain once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)


def _mend_streams() -> None:
    """What a terminal cannot show is escaped, so that no answer is lost; nothing is printed to a closed stream."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, io.StringIO())
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
