"""zero_shot: align pictures of the seen kanji with their descriptions; unseen ones are known by descriptions alone.

The training begins with the weights in git where they fit, else with random ones.
"""

from collections.abc import Sequence

import torch

from glyphlens.core.curves import CURVES
from glyphlens.core.params import load_params, load_seed
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.token import require_token
from glyphlens.nets.weights import save_model, weight_count
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.zero_shot.descriptions.arrays import STROKE_TYPE_NUMBERS, ComponentVocabulary, padded
from glyphlens.tracks.zero_shot.descriptions.description import framed
from glyphlens.tracks.zero_shot.descriptions.table import DescriptionTable
from glyphlens.tracks.zero_shot.recognizers.aligned import Config, Network
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles
from glyphlens.tracks.zero_shot.training.aligned_start import begin_with_aligned
from glyphlens.tracks.zero_shot.training.batches import AlignmentBatches, ZeroShotTrainingParams, held_out_candidates
from glyphlens.tracks.zero_shot.training.task import AlignmentTask
from glyphlens.training.loop import train
from glyphlens.training.run import save_training_facts, training_run
from glyphlens.training.sample_start import note_start
from glyphlens.training.task import Monitor, best_scores

STAGE = "zero_shot"
TOP5 = Monitor("val_unseen_top5", "max")


def main(argv: Sequence[str] | None = None) -> None:
    """``--samples DIR --token FILE --start DIR --out DIR --curves FILE --timings FILE``."""
    paths = stage_paths(argv, "samples", "token", "start", "out", "curves", "timings", sources=("start",))
    require_token(paths.token, paths.samples)
    params, seed = load_params(ZeroShotTrainingParams, "zero_shot_training"), load_seed()

    samples, roles = SampleSet.open(paths.samples), ClassRoles.load(paths.samples)
    vocabulary, table = ComponentVocabulary.load(paths.samples), DescriptionTable.load(paths.samples)
    arrays = padded([framed(table[entry.label]) for entry in samples.classes], vocabulary)
    numbers = {entry.label: number for number, entry in enumerate(samples.classes)}
    seen, val = ([numbers[label] for label in labels] for labels in (roles.seen, roles.val))
    source = AlignmentBatches(samples, seen, arrays, params, seed)
    validation = held_out_candidates(samples, val, arrays, by_templates=not params.losses.text)

    torch.manual_seed(seed)
    settings = params.network.model_dump()
    model = Network(Config(len(seen), 1 + len(STROKE_TYPE_NUMBERS), len(vocabulary), **settings))
    start = begin_with_aligned(paths.start, model, samples, STAGE) if params.start else None
    params = params if start else params.model_copy(update=params.from_random.model_dump())
    config = {**params.model_dump(mode="json"), "seed": seed}
    with training_run(STAGE, config, [paths.samples, *([start] if start else [])]) as run:
        task = AlignmentTask(params)
        trained = train(model, source, validation, params, task=task, seed=seed, run=run, curves=paths.out / CURVES)
        save_model(paths.out, model)
        best = best_scores(trained.curves, task.monitor, TOP5)
        facts = {**note_start(paths.out, start, params.steps), "parameters": weight_count(model)}
        save_training_facts(paths.out, facts, best)
        run.report(trained, best, paths.curves, paths.timings)


if __name__ == "__main__":
    run_stage(main)
