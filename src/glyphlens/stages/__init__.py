"""What every DVC stage shares: paths from the command line, errors without tracebacks."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from glyphlens.errors import GlyphlensError
from glyphlens.provenance.notes import require_listed_code, running_stage


def stage_paths(argv: Sequence[str] | None, *names: str) -> argparse.Namespace:
    """Parse ``--name PATH`` for every name, all required: dvc.yaml is the only place where files are wired."""
    parser = argparse.ArgumentParser(description="One stage of dvc.yaml; run it with `dvc repro`.")
    for name in names:
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name, type=Path, required=True)
    return parser.parse_args(argv)


def run_stage(main: Callable[[], None]) -> None:
    """Run a stage's ``main``; a GlyphlensError ends it with its message and exit status 1.

    It does not begin where its code is not what dvc.lock would record.
    """
    try:
        require_listed_code(running_stage())
        main()
    except GlyphlensError as error:
        sys.exit(f"{Path(sys.argv[0]).stem}: {error}")
