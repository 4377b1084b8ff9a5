"""variants: deformed copies of the training glyphs, so that the recognisers see more designs than there are fonts."""

import numpy as np

from glyphlens.core.machine import MachineParams
from glyphlens.core.params import load_params, load_seed
from glyphlens.core.storage import save_array
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.token import require_token
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.glyphs.glyph_drawing import read_glyphs
from glyphlens.tracks.arabic.glyphs.variant_set import VariantParams, draw_variants


def main(argv: list[str] | None = None) -> None:
    """``--glyphs DIR --glyphs-token FILE --rasters DIR --rasters-token FILE --out DIR``."""
    paths = stage_paths(argv, "glyphs", "glyphs_token", "rasters", "rasters_token", "out")
    require_token(paths.glyphs_token, paths.glyphs)
    require_token(paths.rasters_token, paths.rasters)
    params = load_params(VariantParams, "variants")
    database = paths.glyphs / "glyphs.db"

    rasters = SampleSet.open(paths.rasters)
    rows_T = rasters.rows("train")
    trained = rasters.index.iloc[rows_T][["glyph_id", "is_diacritic"]]
    glyphs = trained.merge(read_glyphs(database), on="glyph_id", how="left", validate="one_to_one")
    workers = load_params(MachineParams, "machine").workers
    variants = draw_variants(database, glyphs, load_seed(), params, workers)

    save_array(paths.out / "rows.npy", rows_T.astype(np.int64))
    save_array(paths.out / "pixels.npy", variants.packed_TVHB)
    save_array(paths.out / "geometry.npy", variants.geometry_TVF)


if __name__ == "__main__":
    run_stage(main)
