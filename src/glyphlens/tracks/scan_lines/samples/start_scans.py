"""The scans that ``models/scan_lines/start`` is trained on: those of the stage ``scan_samples``, and far more to learn.

Training has all deformed copies of the characters of its fonts, and all classes once by each of further simulated
writers. They are drawn as those of the stand-in, with numbers that no scan of the stage has. Validation and test have
the groups of that stage, and those that calibrate stay in the folder that it wrote: what is trained on the set has
seen nobody who is held out.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from glyphlens.core.errors import GlyphlensError, InputError
from glyphlens.core.machine import MachineParams
from glyphlens.core.params import load_params, load_seed
from glyphlens.core.storage import load_json, replacing_folder, save_json, save_table
from glyphlens.data.sample_set import SampleSet
from glyphlens.sources.kanji_params import KanjiParams
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.sources.standin.params import StandinParams
from glyphlens.tracks.scan_lines.samples.more_writers import WRITER, Desk, with_more_writers
from glyphlens.tracks.scan_lines.samples.scan_params import ScanSampleParams
from glyphlens.tracks.scan_lines.samples.scan_set import PREPARATION, ScanSet, ScanTable, save_scan_set
from glyphlens.tracks.scan_lines.samples.scan_splits import (
    CALIBRATION,
    REPEATED,
    numbered,
    picture_hashes,
    repeats_across_splits,
)
from glyphlens.tracks.scan_lines.samples.sources import (
    RENDERED,
    ScanAudit,
    Scanned,
    scan_audit_frame,
    scanned_characters,
)

FIRST_WRITER = 10_000  # far beyond the numbers of the stand-in's writers and of those for calibration
TRAIN = "train"
SPLITS = "splits.json"
Manifest = Mapping[str, Sequence[str]]  # split → its groups


class Inputs(NamedTuple):
    """The scans of the stage, the sample set that they were made of, and what that was drawn with."""

    samples: Path
    characters: Path
    fonts: Path
    strokes: Path


def main(argv: Sequence[str] | None = None) -> None:
    """Draw such a set; run by hand, since a start in git is made seldom and no stage reads it."""
    parser = argparse.ArgumentParser(prog="python -m glyphlens.tracks.scan_lines.samples.start_scans")
    for name in (*Inputs._fields, "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--writers", type=int, required=True, help="how many further writers are simulated")
    told = parser.parse_args(argv)
    try:
        save_start_scans(told.out, Inputs(*(getattr(told, name) for name in Inputs._fields)), told.writers)
    except GlyphlensError as error:
        sys.exit(f"start_scans: {error}")


def save_start_scans(out: Path, inputs: Inputs, writers: int) -> None:
    """Write a scan set that ``gate_scan_samples`` judges and ``scan_lines`` trains on, with so many further writers.

    Raises InputError where the scans are not rendered characters, where they are not made of ``inputs.characters``,
    and where a further writer is in one of their splits.
    """
    if writers < 1:
        raise InputError(f"{writers} further writers: at least 1 is needed")
    default, manifest = ScanSet.open(inputs.samples), load_json(inputs.samples / SPLITS)
    require_rendered(inputs.samples, default.samples.index)
    params, standin = load_params(ScanSampleParams, "scan_samples"), load_params(StandinParams, "standin")
    copies = max(standin.font_copies, params.copies)
    found = scanned_characters(SampleSet.open(inputs.characters), params.model_copy(update={"copies": copies}))
    require_rendered(inputs.characters, found.table)
    require_split(inputs.characters, found.table, manifest)
    more = with_more_writers(found, writers, _desk(inputs, standin))
    manifest = joined_splits(manifest, more.calibrating)

    table, repeated = _split_table(more, manifest)
    known = table["label"].isin([entry.label for entry in default.samples.classes])
    numbers_N = np.flatnonzero((known & ~repeated & (table["split"] != CALIBRATION)).to_numpy())
    index, classes = numbered(table.iloc[numbers_N], default.samples.classes)
    audit = [ScanAudit("", REPEATED, count=int(repeated.sum()))] if repeated.any() else []
    scans = ScanTable(index, classes, more.missing_NL[numbers_N])
    with replacing_folder(out) as folder:
        save_scan_set(folder, more.pictures, numbers_N, scans, (params.lines, params.samples))
        save_json(folder / SPLITS, manifest)
        save_json(folder / PREPARATION, default.preparation)
        save_table(folder / "audit.parquet", scan_audit_frame(audit))


def require_rendered(folder: Path, table: pd.DataFrame) -> None:
    """Raise InputError unless all rows are rendered characters, some of them by simulated writers."""
    sources = sorted(set(table["source"]))
    if sources != [RENDERED] or not table["group"].str.startswith(WRITER).any():
        raise InputError(
            f"{folder}: has samples of the source {', '.join(sources)}, in groups such as {table['group'].iloc[0]}; "
            "only rendered kanji and kana of simulated writers can be drawn anew, by others of them"
        )


def require_split(folder: Path, table: pd.DataFrame, manifest: Manifest) -> None:
    """Raise InputError naming a group of the characters that is in no split: whether it is held out is not known."""
    if strange := sorted(set(table["group"]) - sides_of(manifest).keys()):
        raise InputError(
            f"{folder}: {strange[0]} is in no split of the scans ({len(strange)} such groups); name the characters "
            "that the scans were made of"
        )


def joined_splits(manifest: Manifest, writers: Iterable[str]) -> dict[str, list[str]]:
    """The splits with these further writers in training; raises InputError naming one who is in a split already."""
    sides, further = sides_of(manifest), set(writers)
    if known := sorted(further & sides.keys()):
        raise InputError(
            f"{known[0]}: is in a split of the scans already ({sides[known[0]]}; {len(known)} such groups); "
            f"standin.writers and scan_samples.more_writers have to stay below {FIRST_WRITER} together"
        )
    joined = {side: list(groups) for side, groups in manifest.items()}
    return joined | {TRAIN: sorted([*joined[TRAIN], *further])}


def sides_of(manifest: Manifest) -> dict[str, str]:
    """Group → its split."""
    return {group: side for side, groups in manifest.items() for group in groups}


def _split_table(more: Scanned, manifest: Manifest) -> tuple[pd.DataFrame, "pd.Series[bool]"]:
    """All rows with ``split`` and ``image_hash``; those whose lines stand in an earlier split too."""
    table = more.table.assign(
        split=more.table["group"].map(sides_of(manifest)), image_hash=picture_hashes(more.pictures, len(more.table))
    )
    return table, repeats_across_splits(table)


def _desk(inputs: Inputs, standin: StandinParams) -> Desk:
    """As the stand-in was drawn, but for the numbers of the writers."""
    return Desk(
        inputs.fonts,
        KanjiVG.open(inputs.strokes),
        standin.model_copy(update={"writers": FIRST_WRITER}),
        load_params(KanjiParams, "kanji"),
        load_seed(),
        load_params(MachineParams, "machine").workers,
    )


if __name__ == "__main__":
    main()
