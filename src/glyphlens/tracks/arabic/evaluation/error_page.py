"""The page of errors beside the report: groups, what they cost in text, each family, phase 1, explained glyphs.

N test samples · E numbers of an embedding · H×W pixels
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.storage import load_array, save_text
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.errors import confusion_pairs, gallery_pairs
from glyphlens.evaluation.pages import records, render
from glyphlens.evaluation.pictures import Heat, file_uri, glyph_uri, plot_heat
from glyphlens.evaluation.report import cards, save_tables_csv
from glyphlens.tracks.arabic.evaluation.cell_errors import CellErrors, cell_errors
from glyphlens.tracks.arabic.evaluation.error_analysis import (
    error_groups,
    family_failures,
    nearest_families,
    subject_table,
    weighed_confusions,
    with_subjects,
)
from glyphlens.tracks.arabic.evaluation.occlusion import Reader, occlude
from glyphlens.tracks.arabic.primitives.codebook import Codebook

TEMPLATE, PAGE = "errors.html.j2", "errors.html"
SHOWN_GROUPS, SHOWN_OF_GROUP, SHOWN_PAIRS, SHOWN_OF_FAMILY, SHOWN_RIGHT = 12, 4, 12, 6, 6
ENLARGED = 8  # a primitive's 8 pixels as 64


@dataclass(frozen=True)
class Evidence:
    """What the page is made of: the test's outcomes with their geometry, all embeddings, recogniser and alphabet."""

    samples: SampleSet
    outcomes: pd.DataFrame
    geometry_NF: NDArray[np.float32]
    vectors_NE: NDArray[np.float32]
    reader: Reader
    codebook: Codebook


def write_error_page(folder: Path, evidence: Evidence, primitives: Path, grids: Path, suspects: Path) -> None:
    """Write errors.html, its pictures and its tables; ``primitives`` and ``grids``: folders of true and read ids."""
    samples, outcomes = evidence.samples, evidence.outcomes
    errors = with_subjects(outcomes)
    groups = error_groups(errors, evidence.vectors_NE[errors["row"].to_numpy(np.int64)], SHOWN_GROUPS)
    costs = weighed_confusions(outcomes, SHOWN_PAIRS)
    nearest = nearest_families(samples, evidence.vectors_NE)
    rows = outcomes["row"].to_numpy(np.int64)
    true_NRC, read_NRC = (load_array(path, mmap=True)[rows] for path in (primitives / "grids.npy", grids / "clean.npy"))
    cells = cell_errors(
        evidence.reader, evidence.codebook, outcomes, evidence.geometry_NF, true_NRC, read_NRC, SHOWN_PAIRS
    )
    plot_heat(folder / "explained.png", explained(evidence))
    tables = {
        "subjects": subject_table(errors),
        "error_groups": groups.table,
        "text_costs": costs.drop(columns="row"),
        "nearest_families": nearest,
        "cell_errors": cells.pairs,
    }
    save_tables_csv(folder, tables)
    values = {
        "errors": len(errors),
        "samples": len(outcomes),
        **tables,
        "groups": [
            {**row, "pairs": cards(gallery_pairs(samples, _rows_of(errors, own[:SHOWN_OF_GROUP])))}
            for row, own in zip(records(groups.table), groups.rows, strict=True)
        ],
        "costs": cards(cost_pairs(samples, costs)),
        "families": [family_entry(evidence, errors, row) for row in records(nearest)],
        "cells": cells._asdict(),
        "primitives": primitive_pictures(evidence.codebook, cells),
        "images": {"explained": file_uri(folder / "explained.png"), "labelling": file_uri(suspects / "labelling.png")},
    }
    save_text(folder / PAGE, render(__package__, TEMPLATE, values))


def explained(evidence: Evidence) -> list[Heat]:
    """Occlusion maps of letters of running text that are read right, the least sure first, one a class."""
    right = evidence.outcomes.assign(position=np.arange(len(evidence.outcomes)))
    right = (
        right[right["top1"] & (right["text_weight"] > 0)]
        .sort_values(["confidence", "row"], kind="stable")
        .drop_duplicates("label")
    )
    heats = []
    for row in records(right.head(SHOWN_RIGHT)):
        image_HW = evidence.samples.images(np.array([row["row"]]))[0]
        found = occlude(evidence.reader, image_HW, evidence.geometry_NF[row["position"]])
        heat_RC = found.heat_RC(row["class_index"])
        note = f"{row['group']}, {100 * row['confidence']:.0f} % sure, {len(found.tipping())} cells tip it"
        heats.append(Heat(image_HW, heat_RC, row["label"], row["predicted_label"], note))
    return heats


def family_entry(evidence: Evidence, errors: pd.DataFrame, nearest: dict[str, Any]) -> dict[str, Any]:
    """A family's own section: accuracy, nearest training family, what its errors are about, what it fails in."""
    group = str(nearest["group"])
    own, wrong = (table[table["group"] == group] for table in (evidence.outcomes, errors))
    failures = family_failures(evidence.outcomes, group, SHOWN_OF_FAMILY)
    return {
        **nearest,
        "samples": len(own),
        "accuracy": float(own["top1"].mean()),
        "subjects": [(name, int(count)) for name, count in wrong["subject"].value_counts().items()],
        "failures": records(failures),
        "pairs": cards(gallery_pairs(evidence.samples, _rows_of(errors, failures["row"].to_numpy(np.int64)))),
    }


def cost_pairs(samples: SampleSet, costs: pd.DataFrame) -> list[Any]:
    """Pictures of the pairs that cost most in text."""
    numbers = {entry.label: number for number, entry in enumerate(samples.classes)}
    table = costs.assign(predicted=costs["predicted_label"].map(numbers), families=1, alike=False)
    pairs = confusion_pairs(samples, table)
    notes = [f"{1000 * row['cost']:.1f} of 1,000 letters of text" for row in records(costs)]
    return [_noted(pair, note) for pair, note in zip(pairs, notes, strict=True)]


def primitive_pictures(codebook: Codebook, cells: CellErrors) -> list[dict[str, Any]]:
    """The pairs of primitives with a picture of each."""
    grey_K = np.concatenate([np.zeros((1, 64), np.float32), codebook.centroids_K64]).reshape(-1, 8, 8)

    def picture(number: int) -> str:
        enlarged = np.kron(np.rint(255 * grey_K[number]).astype(np.uint8), np.ones((ENLARGED, ENLARGED), np.uint8))
        return glyph_uri(enlarged)

    return [
        {**row, "image": picture(row["primitive"]), "guess": picture(row["read_as"])} for row in records(cells.pairs)
    ]


def _rows_of(errors: pd.DataFrame, rows: Sequence[int] | NDArray[np.int64]) -> pd.DataFrame:
    """The errors of these rows of the sample set, in their order."""
    return errors.set_index("row", drop=False).loc[list(rows)]


def _noted(pair: Any, note: str) -> Any:
    from dataclasses import replace

    return replace(pair, note=note)
