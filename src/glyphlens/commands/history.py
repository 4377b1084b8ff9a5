"""``glyphlens history``: training histories as one chart."""

import sys
from collections.abc import Sequence
from pathlib import Path

from glyphlens.commands.output import check_picture, shown_place
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.storage import STANDARD_OUTPUT


def run_history(files: Sequence[Path], output: Path, dpi: int) -> int:
    """Draw histories over each other and say where the chart is; raises InputError for what is no history."""
    from glyphlens.evaluation.training_history import plot_histories, read_history

    check_picture(output)
    histories = [read_history(path, name) for path, name in zip(files, distinct_names(files), strict=True)]
    plot_histories(output, histories, dpi)
    drawn = f"{shown_place(output)}: {', '.join(history.name for history in histories)} at {dpi} DPI"
    print(drawn, file=sys.stderr if output == STANDARD_OUTPUT else sys.stdout)
    return 0


def distinct_names(files: Sequence[Path]) -> list[str]:
    """What to call each file: the least of its path that tells it from the others (cnn of ``cnn/curves``)."""
    parts = [path.with_suffix("").parts for path in files]
    if len(files) > 1 and len({part[-1] for part in parts}) == 1 and all(len(part) > 1 for part in parts):
        parts = [part[:-1] for part in parts]
    for depth in range(1, max(map(len, parts)) + 1):
        names = [shown("/".join(part[-depth:])) for part in parts]
        if len(set(names)) == len(names):
            return names
    raise InputError(f"{', '.join(map(str, files))}: the same file twice")
