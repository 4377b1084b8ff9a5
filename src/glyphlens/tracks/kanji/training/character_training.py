"""What the stages of the kanji track do alike: build a recogniser by name, train it, write it and how it went."""

from pathlib import Path
from typing import Any, NamedTuple

import torch
from pydantic import Field
from torch import nn
from tqdm import tqdm

from glyphlens.core.curves import CURVES, TRAINING
from glyphlens.core.params import Section
from glyphlens.core.storage import save_json, save_metrics
from glyphlens.data.sample_set import SampleSet
from glyphlens.nets.inputs import reads_of
from glyphlens.nets.weights import load_model, save_model, weight_count
from glyphlens.sources.structure import Structure
from glyphlens.tracks.kanji.recognizers.registry import RecognizerParams, build
from glyphlens.tracks.kanji.training.batches import CharacterParams, character_data
from glyphlens.training.loop import train
from glyphlens.training.run import save_training_facts, training_run
from glyphlens.training.task import ClassTask, DistilledTask, Monitor, best_scores

SKIPPED = "no training sample of this set has a stroke sequence, which this recogniser reads"
VAL_TOP5 = Monitor("val_top5", "max")


class DistillationParams(Section):
    """The ``distillation`` section of params.yaml."""

    share: float = Field(gt=0, le=1)
    temperature: float = Field(gt=0)


class Teacher(NamedTuple):
    """A trained recogniser's folder, and how much is learnt of its answers."""

    folder: Path
    params: DistillationParams


class Written(NamedTuple):
    """Where a training goes: the folder of the model, the last values of its curves, the time it took."""

    out: Path
    curves: Path
    timings: Path


def train_character_recognizer(
    stage: str,
    written: Written,
    samples_folder: Path,
    own: RecognizerParams[Any],
    shared: CharacterParams,
    seed: int,
    teacher: Teacher | None = None,
) -> None:
    """Train the recogniser that ``stage`` names (``kanji@cnn``) and write weights.safetensors, model.json, curves/ and
    training.json; only the last, saying why, where the recogniser reads strokes and the set has none."""
    out, name = written.out, stage.partition("@")[2]
    params = shared.model_copy(update={"steps": own.steps, "batch": own.batch, "lr": own.lr})
    samples = SampleSet.open(samples_folder)
    torch.manual_seed(seed)
    model = build(name, own.network, len(samples.classes), Structure.load(samples_folder))
    data = character_data(samples, reads_of(model), params, seed)
    if data is None:
        tqdm.write(f"{stage}: skipped: {SKIPPED}")
        save_json(out / TRAINING, {"skipped": SKIPPED})
        save_metrics(written.curves, {})
        return
    config, inputs = {"network": own.network.model_dump(), **params.model_dump(), "seed": seed}, [samples_folder]
    if teacher:
        config, inputs = {**config, "teacher": teacher.params.model_dump()}, [*inputs, teacher.folder]
    with training_run(stage, config, inputs) as run:
        task = _task(params, teacher)
        trained = train(model, *data, params, task=task, seed=seed, run=run, curves=out / CURVES)
        save_model(out, model)
        best = best_scores(trained.curves, task.monitor, VAL_TOP5)
        save_training_facts(out, {"steps": params.steps, "parameters": weight_count(model)}, best)
        run.report(trained, best, written.curves, written.timings)


def _task(params: CharacterParams, teacher: Teacher | None) -> ClassTask:
    if teacher is None:
        return ClassTask(params.smoothing)
    taught = teacher.params
    return DistilledTask(load_model(teacher.folder, nn.Module), params.smoothing, taught.share, taught.temperature)
