"""rasters: outlines of glyphs.db → 128×128 binary pictures with classes, split by font family."""

from pathlib import Path

import pandas as pd

from glyphlens.core.machine import MachineParams
from glyphlens.core.params import load_params
from glyphlens.core.storage import load_json, save_json, save_metrics, save_table
from glyphlens.data.sample_set import ImageFormat, save_sample_set
from glyphlens.gates.token import require_token
from glyphlens.imaging.raster import CANVAS_PX
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.glyphs.glyph_classes import frequent_labels, require_classes
from glyphlens.tracks.arabic.glyphs.glyph_drawing import draw_glyphs, read_glyphs
from glyphlens.tracks.arabic.glyphs.parts import split_families
from glyphlens.tracks.arabic.glyphs.raster_set import EXCLUDED, RasterParams, build_raster_set, labels_left_out


def main(argv: list[str] | None = None) -> None:
    """``--glyphs DIR --token FILE --out DIR --metrics FILE``."""
    paths = stage_paths(argv, "glyphs", "token", "out", "metrics")
    require_token(paths.token, paths.glyphs)
    params = load_params(RasterParams, "rasters")
    database: Path = paths.glyphs / "glyphs.db"

    glyphs = read_glyphs(database)
    split = split_families(glyphs, params.val_share, params.test_share)
    labels = frequent_labels(glyphs, params.min_samples, params.min_families)
    require_classes(labels, glyphs, params.min_samples, params.min_families)
    workers = load_params(MachineParams, "machine").workers
    drawn = draw_glyphs(database, glyphs[glyphs["label"].isin(labels)], params, workers)
    rasters = build_raster_set(drawn.rows, split, load_json(paths.glyphs / "labels.json"), params)

    image = ImageFormat(CANVAS_PX, CANVAS_PX, bits=1)
    save_sample_set(paths.out, drawn.packed_NHB[rasters.order], rasters.rows, rasters.classes, image)
    save_json(paths.out / "splits.json", split.manifest())
    save_table(paths.out / "audit.parquet", drawn.audit)
    save_table(paths.out / "left_out.parquet", labels_left_out(glyphs, rasters.classes))
    save_metrics(paths.metrics, metrics_of(rasters.rows, len(rasters.classes)))


def metrics_of(index: pd.DataFrame, classes: int) -> dict[str, float]:
    """The counts of metrics/arabic/rasters.json."""
    splits = index["split"].value_counts()
    return {
        "samples": len(index),
        "classes": classes,
        "families": index["group"].nunique(),
        "train_samples": int(splits.get("train", 0)),
        "test_samples": int(splits.get("test", 0)),
        "excluded": int(splits.get(EXCLUDED, 0)),
    }


if __name__ == "__main__":
    run_stage(main)
