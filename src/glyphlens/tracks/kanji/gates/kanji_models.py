"""gate_kanji_models: exported recognisers are whole, as good as they say, and answer when asked.

s sampled rows · C classes
"""

from typing import Any

import numpy as np

from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, Verdict, at_least, at_most, none_of, verdict
from glyphlens.gates.run import Gate
from glyphlens.gates.suites import exported, trained
from glyphlens.inference.reading import readable_rows
from glyphlens.inference.recognizer import STROKES
from glyphlens.tracks.kanji.gates.model_data import (
    KanjiExport,
    KanjiModelData,
    KanjiModelLimits,
    KanjiModelPaths,
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
    return exported.cards_name(file.path for file in data.judged.values())


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
    for (name, kind), file in data.judged.items():
        size_mb, told_mb = file.path.stat().st_size / MEGABYTE, data.measures(f"{kind}_mb")[name]
        if not abs(size_mb - told_mb) <= SIZE_TOLERANCE_MB:
            rows.append({"recogniser": name, "file": size_mb, "measured.json": told_mb})
    return none_of(len(rows), "files of another size", rows[:SHOWN_ROWS])


@CHECKS.add("top1-floors")
def top1_floors(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """Below its floor on the validation hands a recogniser is broken rather than badly tuned."""
    rows: list[Row] = [
        {"recogniser": name, "val_top1": found, "floor": limits.min_top1.get(name, limits.min_other_top1)}
        for name, found in data.measures("val_top1").items()
    ]
    low = [row for row in rows if not row["val_top1"] >= row["floor"]]
    value = ", ".join(f"{row['recogniser']} {row['val_top1']:.4f} (≥ {row['floor']})" for row in rows)
    message = "recognisers under their floor" if low or not rows else ""
    return Outcome(verdict(bool(rows) and not low), value or "none", "every one ≥ its floor", message, tuple(low))


@CHECKS.add("size-targets")
def size_targets(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """The small recogniser is meant to be small; a missed target is told, and stops nothing."""
    sizes = {name: mb for name, mb in data.measures("int8_mb").items() if name in limits.max_int8_mb}
    large: list[Row] = [
        {"recogniser": name, "int8_mb": mb, "target": limits.max_int8_mb[name]}
        for name, mb in sizes.items()
        if not mb <= limits.max_int8_mb[name]
    ]
    value = ", ".join(f"{name} {mb:.3f} MB" for name, mb in sizes.items()) or "none of these was exported"
    limit = ", ".join(f"{name} ≤ {mb} MB" for name, mb in limits.max_int8_mb.items())
    message = "int8 files over their target" if large else ""
    return Outcome(verdict(not large, Verdict.WARN), value, limit, message, tuple(large))


@CHECKS.add("qat-beside-start")
def qat_beside_start(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """Training with rounded numbers is there to save what rounding costs: its int8 file against the fp32 start."""
    starts = {name: name.removesuffix("_qat") for name in data.exports if name.endswith("_qat")}
    rows: list[Row] = [
        {"recogniser": name, "int8": data.measures("val_int8_top1")[name], "fp32": data.measures("val_top1")[start]}
        for name, start in starts.items()
        if start in data.exports
    ]
    behind = max((float(row["fp32"]) - float(row["int8"]) for row in rows), default=0.0)
    message = "validation top-1 of the start's fp32 file less that of the int8 file" if rows else "no such recogniser"
    return at_most(round(behind, 6), limits.max_qat_loss, message, rows, otherwise=Verdict.WARN)


@CHECKS.add("scored-top1")
def scored_top1(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """The gate scores the files itself, so that numbers of another file cannot pass for theirs."""
    rows: list[Row] = []
    for (name, kind), file in data.judged.items():
        told = data.measures("val_top1" if kind == "fp32" else "val_int8_top1")[name]
        rows.append({"recogniser": name, "file": kind, "scored": file.top1, "told": told, "gap": abs(file.top1 - told)})
    rows.sort(key=lambda row: -float(row["gap"]))
    message = f"largest gap between measured.json and top-1 on at most {data.scored_rows} validation rows"
    return at_most(max(float(row["gap"]) for row in rows), limits.max_scored_gap, message, rows[:SHOWN_ROWS])


@CHECKS.add("predictions-own")
def predictions_own(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """predictions.npz is what these very files say: the evaluation stands on it."""
    rows: list[Row] = []
    for (name, kind), file in data.judged.items():
        found, asked = data.exports[name].predictions, data.rows(name, "test")
        places = np.searchsorted(found["rows"], asked).clip(max=len(found["rows"]) - 1)
        same = file.score(asked).argmax(axis=1) == found[kind][places]
        rows.append({"recogniser": name, "file": kind, "same": float((same & (found["rows"][places] == asked)).mean())})
    rows.sort(key=lambda row: float(row["same"]))
    message = f"lowest share of at most {data.scored_rows} test rows with the written answer"
    lowest = min(float(row["same"]) for row in rows)
    return at_least(lowest, limits.min_prediction_agreement, message, rows[:SHOWN_ROWS])


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


GATE: Gate[KanjiModelPaths, KanjiModelData, KanjiModelLimits] = Gate(
    name="kanji_models",
    purpose="Between the exported recognisers of Japanese characters and everybody who compares or uses them.",
    paths=KanjiModelPaths,
    limits=KanjiModelLimits,
    open=KanjiModelData.open,
    checks=[*CHECKS.entries, *trained.CHECKS.entries, *exported.CHECKS.entries],
    count_rows=lambda data: sum(len(data.rows(name, "val")) for name in data.exports),
    judged=lambda paths: (paths.export,),
)
