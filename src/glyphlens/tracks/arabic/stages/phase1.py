"""phase1: train the cell network, and score it on unseen families beside thresholding plus exact lookup."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from glyphlens.core.curves import CURVES
from glyphlens.core.params import load_params, load_seed
from glyphlens.core.storage import save_metrics, save_table_csv
from glyphlens.data.sample_set import SampleSet, pack_bits
from glyphlens.gates.token import require_token
from glyphlens.nets.weights import save_model
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.evaluation.primitive_scores import (
    frequency_buckets,
    primitive_confusions,
    primitive_scores,
)
from glyphlens.tracks.arabic.primitives.cells import pack_cells
from glyphlens.tracks.arabic.primitives.codebook import Codebook
from glyphlens.tracks.arabic.recognizers.cells import CellCNN, CellConfig, predict_ids
from glyphlens.tracks.arabic.training.cell_batches import CellBatches, CellParams, Cells, as_input, degraded_cells
from glyphlens.training.batches import Batch
from glyphlens.training.loop import train
from glyphlens.training.predict import on_compute_device
from glyphlens.training.run import save_training_facts, training_run
from glyphlens.training.task import ClassTask

CONFUSIONS = 50
CELLS_AT_ONCE = 8192


def main(argv: Sequence[str] | None = None) -> None:
    """Read rasters and codebook, train, score, write."""
    paths = stage_paths(
        argv, "rasters", "rasters_token", "primitives", "primitives_token", "out", "metrics", "curves", "timings"
    )
    require_token(paths.rasters_token, paths.rasters)
    require_token(paths.primitives_token, paths.primitives)
    params, seed = load_params(CellParams, "phase1"), load_seed()

    rasters, codebook = SampleSet.open(paths.rasters), Codebook.open(paths.primitives)
    torch.manual_seed(seed)
    model = CellCNN(CellConfig(len(codebook), params.dropout))
    validation = _held_out_cells(rasters, "val", codebook, params, seed)
    source = CellBatches(np.asarray(rasters.pixels[rasters.rows("train")]), codebook, params, seed)
    test = _held_out_cells(rasters, "test", codebook, params, seed)
    config = {**params.model_dump(), "seed": seed}
    with training_run("phase1", config, [paths.rasters, paths.primitives]) as run:
        trained = train(
            model,
            source,
            _batches(validation),
            params,
            task=ClassTask(params.smoothing),
            seed=seed,
            run=run,
            curves=paths.out / CURVES,
        )
        save_model(paths.out, model)
        save_training_facts(paths.out, {}, {})
        metrics = _score(model, test, codebook, paths.out)
        save_metrics(paths.metrics, metrics)
        run.report(trained, metrics, paths.curves, paths.timings)


def _score(model: CellCNN, test: Cells, codebook: Codebook, out: Path) -> dict[str, float]:
    """Write where the network fails, by frequency and by pair; returns its scores beside those of plain lookup."""
    with on_compute_device(model):
        network_N = predict_ids(model, test.grey_NPP).numpy()
    lookup_N = _threshold_and_look_up(test, codebook)
    true_N = test.ids_N.numpy()
    network, lookup = primitive_scores(network_N, true_N), primitive_scores(lookup_N, true_N)
    save_table_csv(out / "buckets.csv", frequency_buckets(network_N, lookup_N, true_N))
    save_table_csv(out / "confusions.csv", primitive_confusions(network_N, true_N, CONFUSIONS))
    return {
        **network._asdict(),
        "lookup_accuracy": lookup.accuracy,
        "lookup_nonempty_accuracy": lookup.nonempty_accuracy,
        "lookup_empty_fpr": lookup.empty_fpr,
    }


def _held_out_cells(rasters: SampleSet, split: str, codebook: Codebook, params: CellParams, seed: int) -> Cells:
    """All cells of some degraded rasters of a split, drawn evenly."""
    rows = rasters.rows(split)
    chosen = rows[np.linspace(0, len(rows) - 1, min(len(rows), params.scored_rasters)).astype(np.int64)]
    return degraded_cells(np.asarray(rasters.pixels[chosen]), codebook, params.degrade, [seed, len(split)])


def _batches(cells: Cells) -> list[Batch]:
    """Only the cells that the network is asked about, in batches."""
    asked = torch.nonzero(cells.grey_NPP.flatten(1).any(1)).squeeze(1)
    return [Batch((as_input(cells.grey_NPP[rows]),), cells.ids_N[rows]) for rows in torch.split(asked, CELLS_AT_ONCE)]


def _threshold_and_look_up(cells: Cells, codebook: Codebook) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """What needs no network: grey ≥ 128 is ink, then the nearest centroid."""
    words = pack_cells(pack_bits(cells.grey_NPP.numpy() >= 128))
    return codebook.assign(words).ravel().astype(np.int64)


if __name__ == "__main__":
    run_stage(main)
