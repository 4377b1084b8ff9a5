"""What the report of an evaluation is made of beside its page: tables as files, cards of errors, the run record."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from glyphlens.core.storage import save_table_csv, sha256_file, sha256_tree
from glyphlens.data.sample_set import SPLITS, SampleSet
from glyphlens.evaluation.pictures import Pair, glyph_uri

DIGITS = 6  # of fractions in the CSV files


def run_record(
    params: Mapping[str, Any], data: Mapping[str, Path], models: Mapping[str, Path], metrics: Mapping[str, float]
) -> dict[str, Any]:
    """SHA-256 of the track's parameters, of every item of ``data`` and ``models``, and the headline metrics.

    ``params``: the sections of the track, since those of others have no say in its numbers. A folder's hash covers
    names and contents (``sha256_tree``); comments, order and spelling of parameters (``3e-4``, ``0.0003``) do not
    matter. Raises InputError where an item is missing.
    """
    config = json.dumps(params, sort_keys=True, ensure_ascii=False)
    return {
        "config_sha256": hashlib.sha256(config.encode()).hexdigest(),
        "data_sha256": {name: sha256_tree(path) for name, path in sorted(data.items())},
        "model_sha256": {name: sha256_file(path) for name, path in sorted(models.items())},
        "metrics": dict(metrics),
    }


def save_tables_csv(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Every table as ``<name>.csv``."""
    for name, table in tables.items():
        save_table_csv(folder / f"{name}.csv", table.round(DIGITS))


def split_table(samples: SampleSet) -> list[dict[str, Any]]:
    """Samples, groups and classes of each split, the three usual ones first."""
    index = samples.index
    names = [*SPLITS, *sorted(set(index["split"]) - set(SPLITS))]
    parts = {name: index[index["split"] == name] for name in names}
    return [
        {
            "split": name,
            "samples": len(part),
            "groups": part["group"].nunique(),
            "classes": part["class_index"].nunique(),
            "names": sorted(part["group"].unique()),
        }
        for name, part in parts.items()
    ]


def cards(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Error pairs as the templates show them, pictures inside."""
    return [
        {
            "image": glyph_uri(pair.image_HW),
            "guess": None if pair.guess_HW is None else glyph_uri(pair.guess_HW),
            "truth": None if pair.truth_HW is None else glyph_uri(pair.truth_HW),
            "label": pair.true_label,
            "guessed": pair.guessed_label,
            "note": pair.note,
        }
        for pair in pairs
    ]
