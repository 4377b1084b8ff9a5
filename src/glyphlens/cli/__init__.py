"""The command ``glyphlens``: what the glyphs of a font, or the characters on pictures, are."""

import sys

from glyphlens.cli import characters, experiments, review  # in the order of --help
from glyphlens.cli.app import app
from glyphlens.errors import GlyphlensError

__all__ = ["app", "characters", "experiments", "main", "review"]


COULD_NOT = 2  # the exit status of what could not be done; 1 is a check's no


def main() -> None:
    """Entry point: an error that a person can mend is one line; whatever the error, the exit status is 2, never 1."""
    try:
        app()
    except GlyphlensError as error:
        print(f"glyphlens: {error}", file=sys.stderr)
        sys.exit(COULD_NOT)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # Typer ends with 1 when nobody reads on
            sys.exit(COULD_NOT)
        raise
    except Exception:  # noqa: BLE001 - shown whole; Python itself would end with 1
        sys.excepthook(*sys.exc_info())
        sys.exit(COULD_NOT)
