"""scan_lines: train one recogniser of scans, named after its folder, from the weights in git or from random ones."""

from collections.abc import Sequence

import torch
from tqdm import tqdm

from glyphlens.core.curves import CURVES
from glyphlens.core.params import load_params, load_seed
from glyphlens.gates.token import require_token
from glyphlens.nets.weights import save_model, weight_count
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.scan_lines.recognizers.registry import build_recognizer, scan_params_model
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.training.batches import ScanLines, ScanTrainingParams
from glyphlens.tracks.scan_lines.training.task import VAL_TOP1_ALL, LineTask, class_weights
from glyphlens.training.loop import train
from glyphlens.training.pictures import SampleBatches, held_out_samples
from glyphlens.training.run import save_training_facts, training_run
from glyphlens.training.sample_start import begin_with, note_start
from glyphlens.training.task import best_scores


def main(argv: Sequence[str] | None = None) -> None:
    """``--samples DIR --token FILE --start DIR --out DIR --curves FILE --timings FILE``."""
    paths = stage_paths(argv, "samples", "token", "start", "out", "curves", "timings", sources=("start",))
    require_token(paths.token, paths.samples)
    name, seed = paths.out.name, load_seed()
    own = load_params(scan_params_model(name), f"scan_recognizers.{name}")
    scans, asked = ScanSet.open(paths.samples), load_params(ScanTrainingParams, "scan_training")
    shared = asked.fitting(scans.samples)
    if shared.written != asked.written:
        tqdm.write(f"{name}: scans of your own are not bent as handwriting; scan_training.written is left out")

    reader, count = ScanLines(scans, shared.augment, shared.written), len(scans.samples.classes)
    source, validation = SampleBatches(reader, own.batch, 0, seed), held_out_samples(reader, "val")
    torch.manual_seed(seed)
    model = build_recognizer(name, own.network, count, scans.shape_LS)
    stage = f"scan_lines@{name}"
    start = begin_with(paths.start / name, model, scans.samples, stage) if own.start else None
    length = {"steps": own.steps, "lr": own.lr} if start else own.from_random.model_dump()
    params = shared.model_copy(update={"batch": own.batch, **length})
    config = {"network": own.network.model_dump(), **params.model_dump(), "seed": seed}
    with training_run(stage, config, [paths.samples, *([start] if start else [])]) as run:
        weights_C = class_weights(source.targets_T, count, params.class_power)
        task = LineTask(params.smoothing, params.line_power, weights_C)
        trained = train(model, source, validation, params, task=task, seed=seed, run=run, curves=paths.out / CURVES)
        save_model(paths.out, model)
        best = best_scores(trained.curves, task.monitor, VAL_TOP1_ALL)
        facts = {**note_start(paths.out, start, params.steps), "parameters": weight_count(model)}
        save_training_facts(paths.out, facts, best)
        run.report(trained, best, paths.curves, paths.timings)


if __name__ == "__main__":
    run_stage(main)
