"""gate_scan_samples: nothing learnt is tested or calibrated on, and every line is what it is said to be."""

import hashlib
from collections.abc import Sequence

import numpy as np

from glyphlens.data.pictures import HASH_DIGITS
from glyphlens.gates.check import (
    SHOWN_ROWS,
    Checks,
    Outcome,
    Row,
    Verdict,
    at_least,
    at_most,
    first_rows,
    none_of,
    spread_rows,
    verdict,
)
from glyphlens.gates.expectations import TableSuite, matches, one_of
from glyphlens.gates.run import Gate
from glyphlens.gates.suites import sample_set
from glyphlens.gates.suites.sample_set import KEY
from glyphlens.tracks.scan_lines.gates.scan_data import ScanSampleData, ScanSampleLimits, ScanSamplePaths
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.samples.scan_splits import CALIBRATION, repeats_across_splits
from glyphlens.tracks.scan_lines.samples.sources import MISSING_LINES, SCAN_SOURCES

HELD_OUT = ("val", CALIBRATION, "test")
CHECKS: Checks[ScanSampleData, ScanSampleLimits] = Checks()


def index_tables(data: ScanSampleData, limits: ScanSampleLimits) -> Sequence[TableSuite]:
    """What is expected of every row that is learnt or tested."""
    hashed = "A malformed hash matches nothing, so copies would go unnoticed."
    source = "Whether a sample is real handwriting, drawn or a scan decides what a score of it is worth."
    expectations = (
        *sample_set.index_expectations(data.samples),
        one_of("source-known", "source", SCAN_SOURCES, source),
        matches("image-hash-form", "image_hash", rf"^[0-9a-f]{{{HASH_DIGITS}}}$", hashed),
    )
    return [TableSuite("index", data.samples.index, ("sample_id", "label"), expectations)]


@CHECKS.add("groups-disjoint")
def groups_disjoint(data: ScanSampleData, limits: ScanSampleLimits) -> Outcome:
    """A hand or an instrument that was learnt tests nothing, and what was tested may not set the stopping rule."""
    sides = data.rows.groupby("group")["split"].unique()
    shared = sides[sides.map(len) > 1]
    rows = [{"group": name, "splits": ", ".join(sorted(found))} for name, found in shared.items()]
    return none_of(len(shared), "groups in more than one split", rows[:SHOWN_ROWS])


@CHECKS.add("calibration-apart")
def calibration_apart(data: ScanSampleData, limits: ScanSampleLimits) -> Outcome:
    """The guarantee of the stopping rule holds for data that chose nothing else: they lie in a folder of their own."""
    split = data.calibration.samples.index["split"]
    wrong = (split != CALIBRATION).to_numpy()
    message = f"rows of the calibration folder that are not called {CALIBRATION}"
    return none_of(int(wrong.sum()), message, first_rows(data.calibration.samples.index, wrong, *KEY, "split"))


@CHECKS.add("calibration-index")
def calibration_index(data: ScanSampleData, limits: ScanSampleLimits) -> Outcome:
    """A calibration row under another label counts right answers as wrong; its id is the number of its picture."""
    index = data.calibration.samples.index
    labels = dict(enumerate(entry.label for entry in data.calibration.samples.classes))
    wrong = (index["class_index"].map(labels) != index["label"]) | (index["sample_id"] != np.arange(len(index)))
    message = "rows with another label than their class, or another id than their place"
    return none_of(int(wrong.sum()), message, first_rows(index, wrong, *KEY, "class_index"))


@CHECKS.add("sets-agree")
def sets_agree(data: ScanSampleData, limits: ScanSampleLimits) -> Outcome:
    """A model of one set answers on the other: the same lines and samples, the same classes in the same order."""
    (shape, labels), (other_shape, other_labels) = (
        (each.shape_LS, [entry.label for entry in each.samples.classes]) for each in data.sets
    )
    rows: list[Row] = [{"lines × samples": f"{shape}, calibration {other_shape}"}] * (shape != other_shape)
    rows += [
        {"class": number, "label": label, "calibration": other}
        for number, (label, other) in enumerate(zip(labels, other_labels, strict=False))
        if label != other
    ]
    rows += [{"classes": len(labels), "calibration": len(other_labels)}] * (len(labels) != len(other_labels))
    return none_of(len(rows), "differences of the two scan sets", rows[:SHOWN_ROWS])


@CHECKS.add("image-hash")
def image_hash(data: ScanSampleData, limits: ScanSampleLimits) -> Outcome:
    """Rows and pictures are in the same order: the hash of a row is that of its picture."""
    rows = [row for each in data.sets for row in _misplaced(each, limits.checked_rows)]
    return none_of(len(rows), "rows whose picture has another hash", rows[:SHOWN_ROWS])


@CHECKS.add("repeats")
def repeats(data: ScanSampleData, limits: ScanSampleLimits) -> Outcome:
    """The very lines of one split in another are a leak, whatever their labels: a copy, or a scan with two names."""
    repeated = repeats_across_splits(data.rows)
    held_out = data.rows["split"].isin(HELD_OUT).sum()
    message = f"share of held-out scans whose lines stand in another split; {repeated.sum()} of them"
    rows = first_rows(data.rows, repeated, *KEY, "split", "file")
    return at_most(repeated.sum() / max(1, held_out), limits.max_repeat_share, message, rows)


@CHECKS.add("class-groups")
def class_groups(data: ScanSampleData, limits: ScanSampleLimits) -> Outcome:
    """A class learnt from one group is that group's habits, not the class."""
    index, least = data.samples.index, limits.min_train_groups
    groups = index[index["split"] == "train"].groupby("label")["group"].nunique()
    rows: list[Row] = [
        {"label": entry.label, "groups": int(groups.get(entry.label, 0))}
        for entry in data.samples.classes
        if groups.get(entry.label, 0) < least
    ]
    return none_of(len(rows), f"classes of fewer than {least} groups in training", rows[:SHOWN_ROWS])


@CHECKS.add("held-out-classes")
def held_out_classes(data: ScanSampleData, limits: ScanSampleLimits) -> Outcome:
    """A class that a split does not have is not measured there, and nothing is known of when to stop at it."""
    labels, classes = data.rows.groupby("split")["label"].nunique(), len(data.samples.classes)
    shares = {split: float(labels.get(split, 0)) / max(1, classes) for split in HELD_OUT}
    least = limits.min_held_out_classes
    rows: list[Row] = [{"split": split, "share": share} for split, share in shares.items() if share < least]
    value = ", ".join(f"{split} {share:.3f}" for split, share in shares.items())
    message = "splits without a scan of too many classes" if rows else ""
    return Outcome(verdict(not rows), value, f"≥ {least} of the classes each", message, tuple(rows))


@CHECKS.add("calibration-groups")
def calibration_groups(data: ScanSampleData, limits: ScanSampleLimits) -> Outcome:
    """The guarantee is over groups: with few of them no rule that stops early can be certified."""
    groups = data.calibration.samples.index["group"].nunique()
    message = f"groups for calibration, with {len(data.calibration)} scans"
    return at_least(groups, limits.min_calibration_groups, message, otherwise=Verdict.WARN if groups else Verdict.FAIL)


@CHECKS.add("missing-lines")
def missing_lines(data: ScanSampleData, limits: ScanSampleLimits) -> Outcome:
    """What is mostly gaps teaches gaps."""
    missing = data.facts["missing"]
    worst = data.facts.sort_values("missing", ascending=False, kind="stable")
    rows = first_rows(worst, worst["missing"] > limits.max_missing_share, *KEY, "file", "missing")
    return at_most(float(missing.mean()), limits.max_missing_share, "share of the lines that are missing", rows)


@CHECKS.add("missing-empty")
def missing_empty(data: ScanSampleData, limits: ScanSampleLimits) -> Outcome:
    """A missing line is never filled in: what is stored for it is nothing."""
    filled = data.facts["filled"]
    return none_of(
        int(filled.sum()), "scans with values in a missing line", first_rows(data.facts, filled, *KEY, "file")
    )


@CHECKS.add("flat-lines")
def flat_lines(data: ScanSampleData, limits: ScanSampleLimits) -> Outcome:
    """A line of one value becomes zeros and says nothing: some have to be, as above and below a character."""
    flat = data.facts["flat"]
    rows = first_rows(data.facts, flat >= 1 - data.facts["missing"], *KEY, "file")
    return at_most(float(flat.mean()), limits.max_flat_share, "share of the lines that have one value", rows)


@CHECKS.add("line-deviation")
def line_deviation(data: ScanSampleData, limits: ScanSampleLimits) -> Outcome:
    """Lines are made equally strong, so that in a faint scan rounding and noise are what is seen.

    Where each line has all bits to itself nothing is rounded away: that one line spikes is then but a warning, because
    the noise that training adds is a share of it.
    """
    faint = data.facts["deviation"] < limits.min_deviation
    message = f"share of scans whose lines deviate by less than {limits.min_deviation} of 255; {faint.sum()} of them"
    rows = first_rows(data.facts, faint, *KEY, "file", "deviation")
    otherwise = Verdict.FAIL if data.scans.spans_NL is None else Verdict.WARN
    return at_most(float(faint.mean()), limits.max_faint_share, message, rows, otherwise=otherwise)


@CHECKS.add("left-out")
def left_out(data: ScanSampleData, limits: ScanSampleLimits) -> Outcome:
    """What could not be used is named in audit.parquet; much of it is a fault of the source, or of how it is read."""
    dropped = data.audit[data.audit["reason"] != MISSING_LINES]
    share = float(dropped["count"].sum()) / max(1.0, float(dropped["count"].sum()) + len(data.rows))
    rows = first_rows(dropped, np.ones(len(dropped), np.bool_), "file", "label", "reason", "count", "detail")
    return at_most(
        share, limits.max_left_out_share, "share of files and samples left out", rows, otherwise=Verdict.WARN
    )


def _misplaced(scans: ScanSet, wanted: int) -> list[Row]:
    checked = spread_rows(len(scans), wanted)
    hashes = [hashlib.sha256(each).hexdigest()[:HASH_DIGITS] for each in scans.samples.images(checked)]
    rows = scans.samples.index.iloc[checked].reset_index(drop=True)
    wrong = rows["image_hash"].to_numpy(object) != np.array(hashes, object)
    return list(first_rows(rows, wrong, *KEY, "split"))


GATE: Gate[ScanSamplePaths, ScanSampleData, ScanSampleLimits] = Gate(
    name="scan_samples",
    purpose="Between pictures as lines and everything that learns from them, or stops by them.",
    paths=ScanSamplePaths,
    limits=ScanSampleLimits,
    open=ScanSampleData.open,
    checks=[*CHECKS.entries, *sample_set.CHECKS.entries],
    count_rows=lambda data: len(data.rows),
    tables=index_tables,
)
