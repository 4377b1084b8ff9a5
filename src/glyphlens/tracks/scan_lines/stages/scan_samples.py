"""scan_samples: characters, or the user's own scans, as lines in the order of their arrival; four disjoint splits."""

from argparse import Namespace
from pathlib import Path

import numpy as np

from glyphlens.core.machine import MachineParams
from glyphlens.core.params import load_params, load_seed
from glyphlens.core.storage import save_json, save_metrics, save_table
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.token import require_token
from glyphlens.sources.kanji_params import KanjiParams, PreparationRule
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.sources.standin.params import StandinParams
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.scan_lines.samples.more_writers import WRITER, Desk, with_more_writers
from glyphlens.tracks.scan_lines.samples.scan_params import ScanSampleParams
from glyphlens.tracks.scan_lines.samples.scan_reading import read_scans
from glyphlens.tracks.scan_lines.samples.scan_set import PREPARATION, ScanTable, save_scan_set
from glyphlens.tracks.scan_lines.samples.scan_splits import CALIBRATION, SplitScans, numbered, split_scans
from glyphlens.tracks.scan_lines.samples.sources import (
    RENDERED,
    SCAN_SOURCES,
    Scanned,
    scan_audit_frame,
    scanned_characters,
)

INPUTS = ("characters", "characters_token", "glyphs", "glyphs_token", "scans", "fonts", "strokes")


def main(argv: list[str] | None = None) -> None:
    """``--characters DIR --characters-token FILE --glyphs DIR --glyphs-token FILE --scans DIR``; what further writers
    are drawn with, ``--fonts DIR --strokes DIR``; and what is written, ``--out DIR --calibration DIR --metrics FILE``.
    """
    paths = stage_paths(argv, *INPUTS, "out", "calibration", "metrics", sources=("scans",))
    params = load_params(ScanSampleParams, "scan_samples")
    found = scanned(paths, params)
    split = split_scans(found, params)
    save_part(paths.out, found, split, params, is_calibration=False)
    save_part(paths.calibration, found, split, params, is_calibration=True)
    save_json(paths.out / "splits.json", split.manifest)
    rule = load_params(PreparationRule, "kanji").model_dump() if params.source == "kanji" else {}
    save_json(paths.out / PREPARATION, rule)
    save_table(paths.out / "audit.parquet", scan_audit_frame([*found.audit, *split.left_out]))
    save_metrics(paths.metrics, metrics_of(split))


def scanned(paths: Namespace, params: ScanSampleParams) -> Scanned:
    """What the parameters name as the source; raises InputError where its sample set has not passed its gate."""
    if params.source == "scans":
        return read_scans(paths.scans, params)
    folder, token = (
        (paths.characters, paths.characters_token) if params.source == "kanji" else (paths.glyphs, paths.glyphs_token)
    )
    require_token(token, folder)
    found = scanned_characters(SampleSet.open(folder), params)
    is_drawn = params.source == "kanji" and set(found.table["source"]) == {RENDERED}
    if params.more_writers and is_drawn and found.table["group"].str.startswith(WRITER).any():
        return with_more_writers(found, params.more_writers, desk_of(paths))
    return found


def desk_of(paths: Namespace) -> Desk:
    """Strokes, fonts and styles by which the samples of characters were drawn."""
    return Desk(
        paths.fonts,
        KanjiVG.open(paths.strokes),
        load_params(StandinParams, "standin"),
        load_params(KanjiParams, "kanji"),
        load_seed(),
        load_params(MachineParams, "machine").workers,
    )


def save_part(
    folder: Path, found: Scanned, split: SplitScans, params: ScanSampleParams, *, is_calibration: bool
) -> None:
    """Write the scans for calibration, or all others, as a scan set of its own."""
    part = np.flatnonzero(((split.table["split"] == CALIBRATION) == is_calibration).to_numpy())
    numbers_N = split.numbers_N[part]
    table, classes = numbered(split.table.iloc[part], split.classes)
    spans_NL = None if found.spans_NL is None else found.spans_NL[numbers_N]
    known = ScanTable(table, classes, found.missing_NL[numbers_N], spans_NL)
    save_scan_set(folder, found.pictures, numbers_N, known, (params.lines, params.samples))


def metrics_of(split: SplitScans) -> dict[str, float]:
    """The counts of metrics/scan_lines/samples.json, calibration included; which source is told by what is not 0."""
    counts = split.table["source"].value_counts()
    return {
        "classes": len(split.classes),
        "groups": split.table["group"].nunique(),
        **{f"{source}_samples": int(counts.get(source, 0)) for source in SCAN_SOURCES},
    }


if __name__ == "__main__":
    run_stage(main)
