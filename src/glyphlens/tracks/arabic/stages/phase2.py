"""phase2: train the glyph recogniser on predicted grids, from weights in git where they fit; keep the weights that did
best on the validation families.
"""

from collections.abc import Sequence

import numpy as np
import torch

from glyphlens.core.params import load_params, load_seed
from glyphlens.core.storage import load_array, save_array, save_metrics
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.scores import top_k_accuracy
from glyphlens.gates.token import require_token
from glyphlens.nets.weights import weight_count
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.glyphs.parts import part_rows
from glyphlens.tracks.arabic.primitives.codebook import Codebook
from glyphlens.tracks.arabic.recognizers.grid import GridRecognizer
from glyphlens.tracks.arabic.training.glyph_batches import GridBatches, Training, grid_input, held_out_glyphs
from glyphlens.tracks.arabic.training.glyph_training import GlyphParams, train_glyphs
from glyphlens.tracks.arabic.training.grid_start import begin_with_grids
from glyphlens.training.predict import predict_logits
from glyphlens.training.run import training_run

TRAINED_ON = ("rasters", "primitives", "variants", "grids")


def main(argv: Sequence[str] | None = None) -> None:
    """Read grids, train, score on the validation families, write."""
    paths = stage_paths(
        argv, "rasters_token", *TRAINED_ON, "start", "out", "metrics", "curves", "timings", sources=("start",)
    )
    require_token(paths.rasters_token, paths.rasters)
    params, seed = load_params(GlyphParams, "phase2"), load_seed()

    rasters = SampleSet.open(paths.rasters)
    codebook = Codebook.open(paths.primitives)
    clean_NRC = load_array(paths.grids / "clean.npy")
    training = Training(
        rasters,
        load_array(paths.variants / "rows.npy"),
        clean_NRC,
        load_array(paths.grids / "variants.npy"),
        load_array(paths.variants / "geometry.npy"),
    )
    torch.manual_seed(seed)
    model = GridRecognizer(params.grid_config(len(rasters.classes), len(codebook)))
    model.start_from(torch.from_numpy(codebook.centroids_K64))
    start = begin_with_grids(paths.start, model, rasters, codebook) if params.start else None
    params = params.lasting(start)
    rows = part_rows(rasters, "val")
    validation = held_out_glyphs(rasters, rows, lambda block: grid_input(clean_NRC[block]))
    blind = held_out_glyphs(rasters, rows, lambda block: grid_input(clean_NRC[block]), geometry=False)
    source = GridBatches(training, params, seed, len(codebook))
    labels = [entry.label for entry in rasters.classes]
    config, data = {**params.model_dump(), "seed": seed}, [getattr(paths, name) for name in TRAINED_ON]
    with training_run("phase2", config, [*data, *([start] if start else [])]) as run:
        trained = train_glyphs(
            model, source, validation, params, labels, seed=seed, run=run, start=start, out=paths.out
        )
        logits_NC = predict_logits(model, validation, "validation")
        blind_NC = predict_logits(model, blind, "without geometry")
        classes_N = rasters.class_indices[rows]
        metrics = {
            "val_top1": top_k_accuracy(logits_NC, classes_N, 1),
            "val_top5": top_k_accuracy(logits_NC, classes_N, 5),
            "val_no_geometry_top1": top_k_accuracy(blind_NC, classes_N, 1),
            "parameters": weight_count(model),
        }
        save_array(paths.out / "val_predictions.npy", logits_NC.argmax(1).astype(np.int32))
        save_metrics(paths.metrics, metrics)
        run.report(trained, metrics, paths.curves, paths.timings)


if __name__ == "__main__":
    run_stage(main)
