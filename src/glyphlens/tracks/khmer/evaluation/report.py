"""The page of the Khmer track's evaluation: everything that report.html.j2 shows, and its pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.calibration import calibration_error
from glyphlens.evaluation.charts import plot_reliability
from glyphlens.evaluation.edits import aligned
from glyphlens.evaluation.pages import records, render
from glyphlens.evaluation.pictures import file_uri, glyph_uri
from glyphlens.inference.khmer_text import clusters

TEMPLATE = "report.html.j2"


@dataclass(frozen=True)
class KhmerPage:
    """What the template shows; ``parts_of``: tables of ``slice_table`` by title, ``kinds``: of ``kind_table``."""

    released: str
    numbers: Mapping[str, Mapping[str, float]]
    slices: Mapping[str, float]
    ece: float
    latencies: Mapping[str, Mapping[str, float]]
    parts_of: Mapping[str, pd.DataFrame]
    kinds: pd.DataFrame
    worst: Sequence[Mapping[str, Any]]
    images: Mapping[str, str | None]
    run: Mapping[str, Any]
    params: Mapping[str, Any]


def render_khmer_page(page: KhmerPage) -> str:
    """The page as text; see ``render``."""
    return render(__package__, TEMPLATE, {field.name: getattr(page, field.name) for field in fields(page)})


def draw_line_album(folder: Path, bins: pd.DataFrame) -> dict[str, str | None]:
    """Write the PNG files; returns name → data URI or None."""
    plot_reliability(folder / "reliability.png", bins, calibration_error(bins))
    return {"reliability": file_uri(folder / "reliability.png")}


def worst_cards(samples: SampleSet, worst: pd.DataFrame) -> list[dict[str, Any]]:
    """Lines as pictures, their text and what was read with the clusters that differ."""
    return [
        {
            "image": glyph_uri(samples.images(np.array([row["row"]]))[0]),
            "pairs": aligned(clusters(row["text"]), clusters(row["read"])),
            "note": f"{row['group']}, {row['slice']}, {row['edits']} of {row['characters']} characters, "
            f"{100 * row['confidence']:.0f} % sure",
        }
        for row in records(worst)
    ]
