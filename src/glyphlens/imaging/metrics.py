"""EM metrics of a font: the vertical span that a glyph's size is measured against (docs/SPEC.md#em-metrics)."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError


def em_metrics(fonts: pd.DataFrame) -> pd.DataFrame:
    """``upem`` and ``em_height`` (float64, font units) of the rows of the fonts table, indexed by ``file_hash``.

    The typographic ascent and descent are used where they span anything, else ascent and descent. A positive descent
    is read as a depth below the baseline. Raises InputError for a font without units per em or without a span.
    """
    upem = _column(fonts, "upem")
    typo = _span(_column(fonts, "typo_ascent"), _column(fonts, "typo_descent"))
    plain = _span(_column(fonts, "ascent"), _column(fonts, "descent"))
    height = np.where(typo > 0, typo, plain)
    bad = np.flatnonzero(~((upem > 0) & (height > 0)))
    if len(bad):
        row = fonts.iloc[bad[0]]
        raise InputError(
            f"fonts table: {len(bad)} rows without usable metrics, the first is {row['file_hash']}: units per em "
            f"{upem[bad[0]]:g}, ascent − descent {height[bad[0]]:g}; both have to be above 0"
        )
    return pd.DataFrame({"upem": upem, "em_height": height}, index=pd.Index(fonts["file_hash"], name="file_hash"))


def _span(ascent: NDArray[np.float64], descent: NDArray[np.float64]) -> NDArray[np.float64]:
    return ascent + np.abs(descent)


def _column(fonts: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """A numeric column, 0 where it is empty or absent (the schema allows both for all but ``upem``)."""
    if name not in fonts:
        return np.zeros(len(fonts))
    return pd.to_numeric(fonts[name], errors="coerce").fillna(0).to_numpy(np.float64)
