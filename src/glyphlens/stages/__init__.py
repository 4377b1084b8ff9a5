"""What every DVC stage shares: paths from the command line, errors without tracebacks."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from glyphlens.errors import GlyphlensError


def stage_paths(argv: Sequence[str] | None, *names: str) -> argparse.Namespace:
    """Parse ``--name PATH`` for every name, all required: dvc.yaml is the only place where files are wired."""
    parser = argparse.ArgumentParser(description="One stage of dvc.yaml; run it with `dvc repro`.")
    for name in names:
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name, type=Path, required=True)
    return parser.parse_args(argv)


def run_stage(main: Callable[[], None]) -> None:
    """Run a stage's ``main``; a GlyphlensError ends it with its message and exit status 1."""
    try:
        main()
    except GlyphlensError as error:
        sys.exit(f"{Path(sys.argv[0]).stem}: {error}")
