"""onestage: the baseline that reads the picture itself — phase 2's trunk, budget, inputs, split and way to begin."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from glyphlens.core.params import Section, load_params, load_seed
from glyphlens.core.storage import load_array, save_array, save_metrics
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.scores import top_k_accuracy
from glyphlens.gates.token import require_token
from glyphlens.imaging.degrade import DegradeParams
from glyphlens.nets.weights import weight_count
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.glyphs.parts import part_rows
from glyphlens.tracks.arabic.recognizers.raster_cnn import RasterRecognizer
from glyphlens.tracks.arabic.training.glyph_batches import RasterBatches, Training, held_out_glyphs
from glyphlens.tracks.arabic.training.glyph_training import GlyphParams, train_glyphs
from glyphlens.training.pictures import raster_input
from glyphlens.training.predict import predict_logits
from glyphlens.training.run import training_run
from glyphlens.training.sample_start import begin_with


class StemParams(Section):
    """What the baseline has of its own; all else it takes from phase 2.

    ``steps``: from a start; ``random_steps``: without one. Fewer than phase 2's, since a step on pixels takes longer.
    """

    stem: tuple[int, int] = Field(strict=False)  # YAML has no tuples
    degrade: DegradeParams
    steps: int = Field(ge=1)
    random_steps: int = Field(ge=1)


def main(argv: Sequence[str] | None = None) -> None:
    """Read rasters, train with phase 2's settings, score on validation and test families, write."""
    paths = stage_paths(
        argv, "rasters", "rasters_token", "variants", "start", "out", "metrics", "curves", "timings", sources=("start",)
    )
    require_token(paths.rasters_token, paths.rasters)
    own, params, seed = load_params(StemParams, "onestage"), load_params(GlyphParams, "phase2"), load_seed()
    rasters = SampleSet.open(paths.rasters)

    def pictures(rows: NDArray[np.int64]) -> Tensor:
        return raster_input(torch.from_numpy(rasters.images(rows)))

    training = Training(
        rasters,
        load_array(paths.variants / "rows.npy"),
        np.asarray(rasters.pixels),
        load_array(paths.variants / "pixels.npy", mmap=True),
        load_array(paths.variants / "geometry.npy"),
    )
    torch.manual_seed(seed)
    model = RasterRecognizer(params.raster_config(len(rasters.classes), own.stem))
    start = begin_with(paths.start, model, rasters, "onestage") if params.start else None
    params = params.lasting(start).model_copy(update={"steps": own.steps if start else own.random_steps})
    held_out = {split: held_out_glyphs(rasters, part_rows(rasters, split), pictures) for split in ("test", "val")}
    source = RasterBatches(training, params, seed, own.degrade)
    labels = [entry.label for entry in rasters.classes]
    config = {**own.model_dump(), **params.model_dump(), "seed": seed}
    with training_run("onestage", config, [paths.rasters, paths.variants, *([start] if start else [])]) as run:
        trained = train_glyphs(
            model, source, held_out["val"], params, labels, seed=seed, run=run, start=start, out=paths.out
        )
        metrics: dict[str, float] = {}
        for split, batches in held_out.items():
            logits_NC = predict_logits(model, batches, split)
            save_array(paths.out / f"{split}_predictions.npy", logits_NC.argmax(1).astype(np.int32))
            for k in (1, 5):
                metrics[f"{split}_top{k}"] = top_k_accuracy(logits_NC, rasters.class_indices[batches.rows_N], k)
        metrics["parameters"] = weight_count(model)
        save_metrics(paths.metrics, metrics)
        run.report(trained, metrics, paths.curves, paths.timings)


if __name__ == "__main__":
    run_stage(main)
