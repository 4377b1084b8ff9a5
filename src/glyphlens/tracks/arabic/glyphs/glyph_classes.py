"""Which labels are frequent enough to become classes."""

import pandas as pd

from glyphlens.core.errors import InputError

FEWEST_CLASSES = 2


def frequent_labels(glyphs: pd.DataFrame, min_samples: int, min_families: int) -> list[str]:
    """Sorted labels with enough rows from enough families; ``glyphs`` has the columns label and family."""
    found = glyphs.groupby("label", sort=True)["family"].agg(["size", "nunique"])
    return [str(label) for label in found.index[(found["size"] >= min_samples) & (found["nunique"] >= min_families)]]


def require_classes(labels: list[str], glyphs: pd.DataFrame, min_samples: int, min_families: int) -> None:
    """Raise InputError where fewer than two labels are left."""
    if len(labels) < FEWEST_CLASSES:
        raise InputError(
            f"{len(labels)} of {glyphs['label'].nunique()} labels have at least {min_samples} glyphs from "
            f"{min_families} font families ({len(glyphs)} glyphs from {glyphs['family'].nunique()} families were "
            f"read); a recogniser needs {FEWEST_CLASSES} classes: add fonts, or lower rasters.min_samples and "
            "rasters.min_families in params.yaml"
        )
