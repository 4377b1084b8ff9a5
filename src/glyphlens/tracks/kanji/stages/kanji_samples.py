"""kanji_samples: cells of the ETL database, or of the rendered stand-in where there are none → the kanji sample set."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from glyphlens.core.machine import MachineParams
from glyphlens.core.params import load_params, load_seed
from glyphlens.core.storage import save_array, save_metrics
from glyphlens.sources.etl.finding import audit_frame, is_empty
from glyphlens.sources.kanji_params import KanjiParams
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.sources.standin.params import StandinParams
from glyphlens.sources.standin.render import render_standin
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.kanji.samples.etl_samples import read_samples
from glyphlens.tracks.kanji.samples.kanji_set import (
    KanjiSet,
    StrokeRows,
    build_kanji_set,
    save_kanji_set,
)
from glyphlens.tracks.kanji.samples.suspect_files import displaced_cells, save_suspects
from glyphlens.tracks.kanji.samples.suspects import DISPLACED, find_suspects, read_by_others

PARTS = ".parts.partial"


def main(argv: list[str] | None = None) -> None:
    """``--etl DIR --fonts DIR --strokes DIR --out DIR --metrics FILE``."""
    paths = stage_paths(argv, "etl", "fonts", "strokes", "out", "metrics", sources=("etl",))
    params, workers = load_params(KanjiParams, "kanji"), load_params(MachineParams, "machine").workers
    kanjivg = KanjiVG.open(paths.strokes)
    if params.only or not is_empty(paths.etl):
        found, audit = from_etl(paths.etl, paths.out, kanjivg, params, workers)
    else:
        standin = load_params(StandinParams, "standin")
        produced = render_standin(paths.fonts, kanjivg, standin, params, load_seed(), workers)
        found, audit = build_kanji_set(produced.index, params), audit_frame([])
        strokes = StrokeRows(produced.strokes_MSF, produced.stroke_rows_M)
        save_kanji_set(paths.out, produced.pixels_NHW, found, strokes, kanjivg, audit, params.image_px)
    save_metrics(paths.metrics, metrics_of(found))


def from_etl(
    folder: Path, out: Path, kanjivg: KanjiVG, params: KanjiParams, workers: int
) -> tuple[KanjiSet, pd.DataFrame]:
    """Read what is in ``folder`` and write the sample set; pictures lie beside it until it is whole."""
    with parts_folder(out) as parts:
        read = read_samples(folder, parts, params.only, params, workers)
        suspects = find_suspects(read.index, read.cells, read_by_others(read.pixels, read.index))
        displaced = suspects[suspects["reason"] == DISPLACED]
        usable = np.setdiff1d(np.arange(len(read.index)), displaced["row"])
        found = build_kanji_set(read.index.iloc[usable].reset_index(drop=True), params)
        found = found._replace(rows=usable[found.rows])
        audit = pd.concat([read.audit, audit_frame(displaced_cells(displaced))], ignore_index=True)
        save_suspects(out, suspects, read.pixels, read.index, found.rows)
        save_array(out / "cleared_rows.npy", np.flatnonzero(read.cells["cleared"].to_numpy()[found.rows]))
        save_kanji_set(out, read.pixels, found, StrokeRows(), kanjivg, audit, params.image_px)
    return found, audit


@contextmanager
def parts_folder(out: Path) -> Iterator[Path]:
    """A hidden folder in ``out`` for the time being; what a killed run left there is removed first."""
    parts = out / PARTS
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(parents=True)
    try:
        yield parts
    finally:
        shutil.rmtree(parts)


def metrics_of(found: KanjiSet) -> dict[str, float]:
    """The counts of metrics/kanji/samples.json; the source is told by which of the last two is not 0."""
    sources = found.table["source"].value_counts()
    return {
        "samples": len(found.table),
        "classes": len(found.classes),
        "groups": found.table["group"].nunique(),
        "etl_samples": int(sources.get("etl", 0)),
        "rendered_samples": int(sources.get("rendered", 0)),
        "left_out_samples": sum(row.count for row in found.left_out),
    }


if __name__ == "__main__":
    run_stage(main)
