"""primitives: the visual alphabet — k-means over the 8×8 cells of the training families, and every glyph's grid of ids.

N glyphs · R×C cell grid
"""

from collections.abc import Sequence

import numpy as np

from glyphlens.core.errors import InputError
from glyphlens.core.params import load_params, load_seed
from glyphlens.core.storage import save_array, save_metrics
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.token import require_token
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.primitives.cells import pack_cells
from glyphlens.tracks.arabic.primitives.kmeans import PrimitiveParams, fit_codebook
from glyphlens.tracks.arabic.primitives.prototypes import save_prototypes
from glyphlens.tracks.arabic.primitives.quality import grid_quality


def main(argv: Sequence[str] | None = None) -> None:
    """Read the rasters; write ``centroids.npy``, ``grids.npy`` (N, 16, 16) uint16, ``prototypes.png`` and metrics."""
    paths = stage_paths(argv, "rasters", "token", "out", "metrics")
    require_token(paths.token, paths.rasters)
    params = load_params(PrimitiveParams, "primitives")
    seed = load_seed()

    rasters = SampleSet.open(paths.rasters)
    if rasters.image.bits != 1:
        raise InputError(f"{paths.rasters / 'classes.json'}: {rasters.image.bits} bits a pixel, primitives need 1")
    train_N = (rasters.index["split"] == "train").to_numpy()
    if not train_N.any():
        raise InputError(f"{paths.rasters / 'index.parquet'}: no row of split 'train' to learn primitives from")
    words_NRC = pack_cells(np.asarray(rasters.pixels))
    codebook = fit_codebook(words_NRC[train_N], params, seed)
    ids_NRC = codebook.assign(words_NRC)

    codebook.save(paths.out)
    save_array(paths.out / "grids.npy", ids_NRC)
    save_prototypes(paths.out / "prototypes.png", codebook)
    save_metrics(paths.metrics, grid_quality(codebook, words_NRC, ids_NRC, train_N))


if __name__ == "__main__":
    run_stage(main)
