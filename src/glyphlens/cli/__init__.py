"""The command ``glyphlens``: what the glyphs of a font, or the characters on pictures, are."""

import os
import sys

from glyphlens.cli import characters, experiments, review  # in the order of --help
from glyphlens.cli.app import app
from glyphlens.errors import GlyphlensError

__all__ = ["app", "characters", "experiments", "main", "review"]


def main() -> None:
    """Entry point: errors that a person can mend are one line and exit status 1."""
    try:
        app()
    except GlyphlensError as error:
        sys.exit(f"glyphlens: {error}")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
