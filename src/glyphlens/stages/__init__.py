"""What every DVC stage shares: paths from the command line, errors without tracebacks."""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from glyphlens.core.errors import GlyphlensError
from glyphlens.core.folders import require_recorded
from glyphlens.provenance.notes import note_sources, noting, running_stage


def stage_paths(argv: Sequence[str] | None, *names: str, sources: Sequence[str] = ()) -> argparse.Namespace:
    """Parse ``--name PATH`` for every name, all required: dvc.yaml is the only place where files are wired.

    ``sources``: those of the names that no stage writes, so that nothing but this stage's notes guards them. Raises
    InputError where one has a part that DVC does not record.
    """
    parser = argparse.ArgumentParser(description="One stage of dvc.yaml; run it with `dvc repro`.")
    for name in names:
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name, type=Path, required=True)
    paths = parser.parse_args(argv)
    for name in sources:
        require_recorded(getattr(paths, name))
    note_sources(getattr(paths, name) for name in sources)
    return paths


def run_stage(main: Callable[[], None]) -> None:
    """Run a stage's ``main``; a GlyphlensError ends it with its message and exit status 1, Ctrl-C with 130.

    It neither begins nor ends well where dvc.lock would record other code or parameters than those that it runs with.
    """
    stage = running_stage()
    try:
        with noting(stage) as notes:
            notes.require_listed()
            main()
            notes.require_unchanged()
    except GlyphlensError as error:
        sys.exit(f"{stage}: {error}")
    except KeyboardInterrupt:
        print(f"{stage}: interrupted", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
