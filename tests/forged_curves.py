"""Learning curves as a training leaves them, without a training."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from glyphlens.core.storage import save_text

CURVES = {"train_loss": [(50, 2.5), (100, 1.5)], "val_loss": [(100, 2.0)], "val_top1": [(100, 0.5)]}


def write_curves(folder: Path, curves: Mapping[str, Sequence[tuple[int, float]]] = CURVES) -> Path:
    """The tables that DVCLive writes of (step, value) by name; returns ``folder``."""
    for name, points in curves.items():
        lines = [f"step\t{name}", *(f"{step}\t{value}" for step, value in points)]
        save_text(folder / f"plots/metrics/{name}.tsv", "\n".join(lines) + "\n")
    return folder
