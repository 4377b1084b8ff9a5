"""Checks of gate_kanji_models that look at how good the recognisers are, as measured.json and predictions.npz say."""

from glyphlens.gates import answers
from glyphlens.gates.check import Checks, Outcome, Row, Verdict, at_least, at_most, verdict
from glyphlens.tracks.kanji.gates.model_data import KanjiModelData, KanjiModelLimits

CHECKS: Checks[KanjiModelData, KanjiModelLimits] = Checks()


@CHECKS.add("curves-finite")
def curves_finite(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """A loss that was not a number for a while leaves weights that nobody should trust."""
    return answers.curves_finite({name: export.curves for name, export in data.exports.items()})


@CHECKS.add("predictions-distinct")
def predictions_distinct(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """A collapsed network knows a few characters: it must name most of those that occur."""
    return answers.answers_distinct(data.answers, data.truth, limits.min_distinct_share)


@CHECKS.add("predictions-commonest")
def predictions_commonest(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """A collapsed network answers the same to everything."""
    return answers.answers_commonest(data.answers, data.labels, limits.max_commonest_share)


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


@CHECKS.add("fp32-parity")
def fp32_parity(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """The exported graph is the trained network: the same first answer, measured on the file."""
    found = data.measures("agreement")
    rows: list[Row] = [{"recogniser": name, "agreement": share} for name, share in found.items()]
    message = "lowest share of validation rows with torch's first answer (measured.json)"
    return at_least(min(found.values()), limits.min_fp32_agreement, message, rows)


@CHECKS.add("int8-loss")
def int8_loss(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """Eight bits may cost half a point of top-1; a file that loses more is not offered, that is, not there."""
    rows: list[Row] = [
        {"recogniser": name, "loss": float(export.measured["val_top1"]) - float(export.measured["val_int8_top1"])}
        for name, export in data.exports.items()
        if "int8" in export.kinds
    ]
    message = f"largest loss of an int8 file that is there; {len(data.exports) - len(rows)} recognisers offer none"
    worst = max((float(row["loss"]) for row in rows), default=0.0)
    return at_most(round(worst, 6), limits.max_int8_loss, message, rows)


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
