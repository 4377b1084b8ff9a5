"""gate_scan_models: exported recognisers of scans see no later line, their files agree, and the rules are their own.

s sampled rows · L lines · C classes
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.gates.check import (
    SHOWN_ROWS,
    Checks,
    Outcome,
    Row,
    Verdict,
    at_least,
    at_most,
    none_of,
    spread_rows,
    verdict,
)
from glyphlens.gates.run import Gate
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.stopping import STOPPING, StoppingRule
from glyphlens.inference.streams import LineRecognizer
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.stopping.files import exported_names, used_file

CUTS = 4  # places at which all later lines are replaced
FEW_ROWS = 8  # scans that are read line by line, and whose later lines are replaced

Floats = NDArray[np.float32]


class ScanModelLimits(Section):
    """Section ``gates.scan_models`` of params.yaml."""

    min_top1: float = Field(ge=0, le=1)
    min_first_answer_agreement: float = Field(ge=0, le=1)
    max_step_gap: float = Field(ge=0, le=1)
    max_later_gap: float = Field(ge=0, le=1)
    scored_rows: int = Field(ge=1)
    min_stopping_groups: int = Field(ge=1)


class ScanModelPaths(NamedTuple):
    """The scans, the exported recognisers, and what scan_stopping left of each."""

    samples: Path
    export: Path
    stopping: Path


class ScanFiles(NamedTuple):
    """A recogniser's two files, opened; the same one twice where int8 is not offered."""

    fp32: LineRecognizer
    used: LineRecognizer


@dataclass(frozen=True)
class ScanModelData:
    """All exports, and ``rows_s`` of the validation split."""

    paths: ScanModelPaths
    scans: ScanSet
    rows_s: NDArray[np.int64]

    @classmethod
    def open(cls, paths: ScanModelPaths, limits: ScanModelLimits) -> "ScanModelData":
        """Raises InputError where the scans cannot be read or no recogniser was exported."""
        scans = ScanSet.open(paths.samples)
        exported_names(paths.export)
        rows = scans.samples.rows("val")
        return cls(paths, scans, rows[spread_rows(len(rows), limits.scored_rows)])

    @cached_property
    def names(self) -> list[str]:
        """The recognisers."""
        return exported_names(self.paths.export)

    @cached_property
    def files(self) -> Mapping[str, ScanFiles]:
        """Both files of every recogniser; raises InputError where one cannot be opened."""
        found = {}
        for name in self.names:
            folder = self.paths.export / name
            whole = folder / ExportFolder(folder).manifest.files["fp32"].name
            found[name] = ScanFiles(*(LineRecognizer.load(path, threads=1) for path in (whole, used_file(folder))))
        return found

    @cached_property
    def shown(self) -> Floats:
        """(s, L, S) the sampled scans."""
        return self.scans.lines(self.rows_s)

    @cached_property
    def last_answers(self) -> Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """(s,) the class that each file answers after the last line."""
        return {name: (self._last(own.fp32), self._last(own.used)) for name, own in self.files.items()}

    def _last(self, recognizer: LineRecognizer) -> NDArray[np.int64]:
        classes_s: NDArray[np.int64] = recognizer.logits(self.shown)[:, -1].argmax(axis=1)
        return classes_s

    def rule(self, name: str) -> StoppingRule:
        """A recogniser's rule; raises InputError where it is missing, broken or another file's."""
        return StoppingRule.load(self.paths.stopping / name / STOPPING, self.files[name].used.path)


CHECKS: Checks[ScanModelData, ScanModelLimits] = Checks()


@CHECKS.add("files-open")
def files_open(data: ScanModelData, limits: ScanModelLimits) -> Outcome:
    """Every file opens, has the scans' shape, and its classes are those of the sample set in the same order."""
    labels, rows = [entry.label for entry in data.scans.samples.classes], list[Row]()
    for name, own in data.files.items():
        for recognizer in own:
            if (recognizer.lines, recognizer.samples) != data.scans.shape_LS:
                rows.append({"file": f"{name}/{recognizer.path.name}", "reason": "reads scans of another shape"})
            if [entry.label for entry in recognizer.classes] != labels:
                rows.append({"file": f"{name}/{recognizer.path.name}", "reason": "names other classes"})
    return none_of(len(rows), "files that do not fit the scans", rows[:SHOWN_ROWS])


@CHECKS.add("later-lines-unseen")
def later_lines_unseen(data: ScanModelData, limits: ScanModelLimits) -> Outcome:
    """An answer after a line that knows of later ones is worth nothing: they are replaced, and it must not move."""
    lines_fLS, rows = data.shown[:FEW_ROWS], list[Row]()
    for name, own in data.files.items():
        for recognizer in own if own.used.answers > 1 else ():
            before = recognizer.probabilities(lines_fLS)
            for cut in spread_rows(recognizer.lines - 1, CUTS):
                changed_fLS = lines_fLS.copy()
                changed_fLS[:, cut + 1 :] = 255 - np.roll(lines_fLS, 1, axis=0)[:, cut + 1 :]
                changed_fLS[0, cut + 1 :] = np.nan
                gap = float(np.abs(recognizer.probabilities(changed_fLS) - before)[:, : cut + 1].max())
                rows.append({"file": f"{name}/{recognizer.path.name}", "line": int(cut) + 1, "gap": gap})
    return _largest(rows, limits.max_later_gap, "largest change of a probability by lines that came later")


@CHECKS.add("step-agrees")
def step_agrees(data: ScanModelData, limits: ScanModelLimits) -> Outcome:
    """A stream answers what the whole scan answers, line by line."""
    lines_fLS, rows = data.shown[:FEW_ROWS], list[Row]()
    for name, own in data.files.items():
        for recognizer in own if own.used.answers > 1 else ():
            gap = float(np.abs(_streamed(recognizer, lines_fLS) - recognizer.probabilities(lines_fLS)).max())
            rows.append({"file": f"{name}/{recognizer.path.name}", "gap": gap})
    return _largest(rows, limits.max_step_gap, "largest difference of a probability between stream and whole scan")


@CHECKS.add("files-agree")
def files_agree(data: ScanModelData, limits: ScanModelLimits) -> Outcome:
    """The small file is the same recogniser: the same first answer after the last line."""
    rows: list[Row] = [
        {"recogniser": name, "agreement": float((fp32_s == used_s).mean())}
        for name, (fp32_s, used_s) in data.last_answers.items()
    ]
    lowest = min(float(row["agreement"]) for row in rows)
    return at_least(lowest, limits.min_first_answer_agreement, "lowest share of scans with the same answer", rows)


@CHECKS.add("top1-floor")
def top1_floor(data: ScanModelData, limits: ScanModelLimits) -> Outcome:
    """Below this floor on validation a network is broken rather than badly tuned."""
    classes_s = data.scans.samples.class_indices[data.rows_s]
    rows: list[Row] = [
        {"recogniser": name, "top1": float((used_s == classes_s).mean())}
        for name, (_, used_s) in data.last_answers.items()
    ]
    return at_least(min(float(row["top1"]) for row in rows), limits.min_top1, "lowest top-1 at the last line", rows)


@CHECKS.add("rules-own")
def rules_own(data: ScanModelData, limits: ScanModelLimits) -> Outcome:
    """Every recogniser has a stopping rule that was calibrated with the very file (SHA-256), a threshold per line."""
    rows: list[Row] = []
    for name in data.names:
        try:
            rule = data.rule(name)
        except InputError as error:
            rows.append({"recogniser": name, "reason": str(error)})
            continue
        if rule.lines != data.scans.shape_LS[0]:
            rows.append({"recogniser": name, "reason": f"{rule.lines} thresholds"})
    return none_of(len(rows), "recognisers without a rule of their own", rows)


@CHECKS.add("rules-wait")
def rules_wait(data: ScanModelData, limits: ScanModelLimits) -> Outcome:
    """What waits for the last line never stops early; the last line always ends a scan."""
    rows: list[Row] = []
    for name in data.names:
        rule = data.rule(name)
        if data.files[name].used.answers == 1 and rule.first_line != rule.lines:
            rows.append({"recogniser": name, "reason": f"stops at line {rule.first_line}, answers after the last"})
        if rule.threshold_L[-1] != 0:
            rows.append({"recogniser": name, "reason": f"the last line has the threshold {rule.threshold_L[-1]}"})
    return none_of(len(rows), "rules that cannot be followed", rows)


@CHECKS.add("rules-tested")
def rules_tested(data: ScanModelData, limits: ScanModelLimits) -> Outcome:
    """A rule rests on its groups; one that never stops saves nothing, and is said to."""
    rules = {name: data.rule(name) for name in data.names if data.files[name].used.answers > 1}
    rows: list[Row] = [
        {"recogniser": name, "groups": rule.promise.groups, "first line": rule.first_line, "of": rule.lines}
        for name, rule in rules.items()
    ]
    few = [row for row in rows if row["groups"] < limits.min_stopping_groups or row["first line"] == row["of"]]
    value = ", ".join(f"{row['recogniser']} from line {row['first line']}" for row in rows) or "none streams"
    limit = f"≥ {limits.min_stopping_groups} groups, and some line before the last"
    return Outcome(
        verdict(not few, Verdict.WARN), value, limit, "rules that never stop early" if few else "", tuple(few)
    )


def _streamed(recognizer: LineRecognizer, lines_fLS: Floats) -> Floats:
    """(f, L, C) of scans that arrive line by line."""
    streams = [(recognizer.stream(), scan_LS) for scan_LS in lines_fLS]
    return np.stack([np.stack([stream.push(line_S) for line_S in scan_LS]) for stream, scan_LS in streams])


def _largest(rows: list[Row], limit: float, message: str) -> Outcome:
    rows.sort(key=lambda row: -float(row["gap"]))
    return at_most(float(np.max([float(row["gap"]) for row in rows] or [0.0])), limit, message, rows[:SHOWN_ROWS])


GATE: Gate[ScanModelPaths, ScanModelData, ScanModelLimits] = Gate(
    name="scan_models",
    purpose="Between the exported recognisers of scans with their stopping rules, and everybody who uses them.",
    paths=ScanModelPaths,
    limits=ScanModelLimits,
    open=ScanModelData.open,
    checks=CHECKS.entries,
    count_rows=lambda data: len(data.rows_s),
    judged=lambda paths: (paths.export, paths.stopping),
)
