"""Export folders of the kanji track as kanji_export leaves them, wrong as often as they are told."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.curves import CURVES
from glyphlens.core.storage import save_json
from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.folder import ExportFolder, Manifest, ModelContent, Precision
from tests.forged_curves import write_curves

TOP = 5


def measured(name: str, **changes: Any) -> dict[str, Any]:
    """measured.json of a small recogniser of pictures."""
    return {
        "recognizer": name,
        "reads": "raster",
        "parameters": 400_000,
        "temperature": 1.1,
        "val_top1": 0.97,
        "val_int8_top1": 0.968,
        "agreement": 1.0,
        "int8_offered": True,
        "fp32_mb": 1.6,
        "int8_mb": 0.5,
        "test_rows": 10,
    } | changes


def answers(
    samples: SampleSet, rows: NDArray[np.int64], wrong: dict[int, int], int8_wrong: dict[int, int]
) -> dict[str, NDArray[Any]]:
    """predictions.npz: right but at the positions of ``wrong`` (position → class that was read)."""
    truth = samples.class_indices[rows]
    fp32, int8 = truth.copy(), truth.copy()
    for guesses, mistakes in ((fp32, wrong), (int8, int8_wrong)):
        for position, guess in mistakes.items():
            guesses[position] = guess
    others = (fp32[:, None] + np.arange(TOP)) % len(samples.classes)
    sure = np.linspace(0.6, 0.99, len(rows), dtype=np.float32)
    return {
        "rows": rows,
        "fp32": fp32.astype(np.int32),
        "int8": int8.astype(np.int32),
        "confidence": sure,
        "top5": others.astype(np.int32),
    }


def save_predictions(path: Path, arrays: dict[str, Any]) -> None:
    np.savez(path, **arrays)


def write_export(
    folder: Path,
    samples: SampleSet,
    *,
    wrong: dict[int, int] | None = None,
    int8_wrong: dict[int, int] | None = None,
    rows: Iterable[int] | None = None,
    **changes: Any,
) -> Path:
    """A whole folder; ``changes`` go to measured.json. Files of the network hold a few bytes."""
    scored = samples.rows("test") if rows is None else np.array(list(rows), np.int64)
    folder.mkdir(parents=True)
    arrays = answers(samples, scored, wrong or {}, (wrong or {}) if int8_wrong is None else int8_wrong)
    save_predictions(folder / "predictions.npz", arrays)
    known = measured(folder.name, **changes)
    save_json(folder / "measured.json", known)
    steps = range(100, 600, 100)
    rising = [(step, known["val_top1"] * (1 - 20 / step)) for step in steps]
    write_curves(folder / CURVES, {"val_loss": [(step, 100 / step) for step in steps], "val_top1": rising})
    save_json(folder / "training.json", {"steps": 500})
    contents: dict[Precision, ModelContent] = {"fp32": ModelContent(b"fp32 of " + folder.name.encode(), 1.5)}
    if known["int8_offered"]:
        contents["int8"] = ModelContent(b"int8 of " + folder.name.encode(), 1.25)
    exported = ExportFolder(folder)
    exported.save_models(Manifest(preparation={}, classes=samples.classes), contents)
    exported.save_card(f"# {folder.name}\n\n## What it is\n\nA forged card.\n")
    return folder
