"""Checks of gate_kanji_models that look at what was written down: files, their sizes, numbers, predictions."""

from typing import Any

import numpy as np

from glyphlens.core.storage import load_json, sha256_file
from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, none_of, verdict
from glyphlens.inference.reading import readable_rows
from glyphlens.inference.recognizer import STROKES
from glyphlens.tracks.kanji.gates.model_data import (
    CARD,
    MODEL_FILES,
    KanjiExport,
    KanjiModelData,
    KanjiModelLimits,
)

MEGABYTE = 1e6
SIZE_TOLERANCE_MB = 1e-3  # measured.json rounds
# The range of every number of measured.json; None is no limit on that side.
RANGES: dict[str, tuple[float, float | None]] = {
    "parameters": (1, None),
    "temperature": (1e-3, 1e3),
    "val_top1": (0, 1),
    "val_int8_top1": (0, 1),
    "agreement": (0, 1),
    "fp32_mb": (1e-6, None),
    "int8_mb": (1e-6, None),
    "test_rows": (1, None),
}

CHECKS: Checks[KanjiModelData, KanjiModelLimits] = Checks()


@CHECKS.add("folders-whole")
def folders_whole(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """Every export has its files, and they can be read; the other checks see only those that have."""
    return none_of(len(data.faults), "folders with files missing or broken", data.faults[:SHOWN_ROWS])


@CHECKS.add("skipped")
def skipped(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """A recogniser of strokes is left out, with a reason, where a split has none, and only there."""
    value = ", ".join(data.skipped) or "none"
    rows = tuple({"recogniser": name, "reason": reason} for name, reason in data.skipped.items())
    wrong = bool(data.skipped) and not data.splits_without_strokes
    message = "left out although every split has strokes" if wrong else "; ".join(set(data.skipped.values()))
    return Outcome(verdict(not wrong), value, "only for want of strokes", message, rows[:SHOWN_ROWS])


@CHECKS.add("labels-agree")
def labels_agree(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """Output i is class i of the samples: the label map beside the files has the same characters in the same order."""
    rows: list[Row] = []
    for name, export in data.exports.items():
        found = [str(entry["label"]) for entry in load_json(export.folder / "labels.json")["classes"]]
        if found != data.labels:
            pairs = enumerate(zip(found, data.labels, strict=False))
            first = next((i for i, (own, other) in pairs if own != other), "end")
            rows.append({"recogniser": name, "labels": len(found), "classes": len(data.labels), "differs at": first})
    return none_of(len(rows), "label maps that are not the class list", rows[:SHOWN_ROWS])


@CHECKS.add("numbers")
def numbers(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """What the table and the card show was measured: every number is there, finite and possible."""
    rows: list[Row] = []
    for name, export in data.exports.items():
        if export.measured.get("recognizer") != name:
            rows.append({"recogniser": name, "number": "recognizer", "found": str(export.measured.get("recognizer"))})
        rows += [{"recogniser": name, "number": key, "found": str(found)} for key, found in _impossible(export)]
    return none_of(len(rows), "numbers of measured.json that cannot be", rows[:SHOWN_ROWS])


@CHECKS.add("card-hashes")
def card_hashes(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """The card names the very files it describes, by their SHA-256."""
    rows: list[Row] = []
    for name, kind in data.files():
        folder = data.exports[name].folder
        digest = sha256_file(folder / MODEL_FILES[kind])
        if digest not in (folder / CARD).read_text(encoding="utf-8"):
            rows.append({"recogniser": name, "file": MODEL_FILES[kind], "SHA-256": digest})
    return none_of(len(rows), f"files that the {CARD} beside them does not name", rows[:SHOWN_ROWS])


@CHECKS.add("predictions-form")
def predictions_form(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """Predictions are of all test rows that the recogniser can read, each once, and name known classes."""
    rows: list[Row] = [
        {"recogniser": name, "fault": fault}
        for name, export in data.exports.items()
        for fault in _prediction_faults(data, export)
    ]
    return none_of(len(rows), "faults of predictions.npz", rows[:SHOWN_ROWS])


@CHECKS.add("int8-offered")
def int8_offered(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """Table and card say whether there is an int8 file, and they are right."""
    rows: list[Row] = [
        {"recogniser": name, "int8_offered": str(export.measured["int8_offered"]), "file": "int8" in export.kinds}
        for name, export in data.exports.items()
        if export.measured["int8_offered"] is not ("int8" in export.kinds)
    ]
    return none_of(len(rows), "recognisers whose int8_offered is not so", rows[:SHOWN_ROWS])


@CHECKS.add("sizes-true")
def sizes_true(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """Megabytes are those of the files, in 10^6 bytes."""
    rows: list[Row] = []
    for name, kind in data.files():
        export = data.exports[name]
        size_mb = (export.folder / MODEL_FILES[kind]).stat().st_size / MEGABYTE
        if not abs(size_mb - float(export.measured[f"{kind}_mb"])) <= SIZE_TOLERANCE_MB:
            rows.append({"recogniser": name, "file": size_mb, "measured.json": export.measured[f"{kind}_mb"]})
    return none_of(len(rows), "files of another size", rows[:SHOWN_ROWS])


def _impossible(export: KanjiExport) -> list[tuple[str, Any]]:
    """Numbers of measured.json that are missing, not finite or out of range, with what was found."""
    measured = export.measured
    found = {key: (measured.get(key), *limits) for key, limits in RANGES.items()}
    return [(key, value) for key, (value, low, high) in found.items() if not _possible(value, low, high)]


def _possible(value: Any, low: float, high: float | None) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))
    return is_number and low <= value and (high is None or value <= high)


def _prediction_faults(data: KanjiModelData, export: KanjiExport) -> list[str]:
    found = export.predictions
    expected = readable_rows(data.samples, (export.measured["reads"],), data.samples.rows("test"))
    if not np.array_equal(found["rows"], expected):
        told = "with strokes" if export.measured["reads"] == STROKES else "of the sample set"
        return [f"rows are not the {len(expected)} test rows {told}, ascending"]
    faults = []
    for name in ("fp32", "int8", "top5"):
        shape = (len(expected), min(5, len(data.labels))) if name == "top5" else (len(expected),)
        if found[name].shape != shape or found[name].dtype != np.int32:
            faults.append(f"{name} is {found[name].dtype} {found[name].shape}, expected int32 {shape}")
        elif found[name].min() < 0 or found[name].max() >= len(data.labels):
            faults.append(f"{name} names class {found[name].max()} or {found[name].min()} of {len(data.labels)}")
    confidence = found["confidence"]
    if confidence.shape != (len(expected),) or not ((confidence >= 0) & (confidence <= 1 + 1e-6)).all():
        faults.append(f"confidence is {confidence.dtype} {confidence.shape} with values outside 0 … 1")
    if not faults and not np.array_equal(found["top5"][:, 0], found["fp32"]):
        faults.append("the best of top5 is not the answer fp32")
    return faults
