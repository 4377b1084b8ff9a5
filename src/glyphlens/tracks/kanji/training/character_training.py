"""What the stages of the kanji track do alike: build a recogniser by name, train it, write it and how it went."""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import torch
from pydantic import Field
from torch import nn
from tqdm import tqdm

from glyphlens.core.curves import CURVES, last_values
from glyphlens.core.params import Section
from glyphlens.core.storage import save_json, save_metrics
from glyphlens.data.sample_set import SampleSet
from glyphlens.nets.weights import load_model, save_model
from glyphlens.sources.structure import Structure
from glyphlens.tracks.kanji.recognizers.registry import RecognizerParams, build
from glyphlens.tracks.kanji.training.batches import CharacterParams, character_data
from glyphlens.training.loop import train
from glyphlens.training.machine import this_machine
from glyphlens.training.objectives import ClassLoss, DistilledLoss, Objective
from glyphlens.training.run import training_run

SKIPPED = "no training sample of this set has a stroke sequence, which this recogniser reads"


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
    data = character_data(samples, model.reads, params, seed)  # type: ignore[arg-type]
    if data is None:
        tqdm.write(f"{stage}: skipped: {SKIPPED}")
        save_json(out / "training.json", {"skipped": SKIPPED})
        save_metrics(written.curves, {})
        return
    config, inputs = {"network": own.network.model_dump(), **params.model_dump(), "seed": seed}, [samples_folder]
    if teacher:
        config, inputs = {**config, "teacher": teacher.params.model_dump()}, [*inputs, teacher.folder]
    with training_run(stage, config, inputs) as run:
        trained = train(
            model, *data, params, objective=_objective(params, teacher), seed=seed, run=run, curves=out / CURVES
        )
        save_model(out, model)
        best = best_scores(trained.curves)
        save_json(out / "training.json", {**facts(model, params.steps), **best})
        save_metrics(written.curves, last_values(trained.curves))
        run.report(trained, best, written.timings)


def best_scores(curves: pd.DataFrame) -> dict[str, float]:
    """Highest validation accuracies of a training; the weights kept are those of the highest ``val_top1``."""
    best = curves[curves["name"].isin(["val_top1", "val_top5"])].groupby("name")["value"].max()
    return {str(name): float(value) for name, value in best.items()}


def _objective(params: CharacterParams, teacher: Teacher | None) -> Objective:
    if teacher is None:
        return ClassLoss(params.smoothing)
    taught = teacher.params
    return DistilledLoss(load_model(teacher.folder, nn.Module), params.smoothing, taught.share, taught.temperature)


def facts(model: nn.Module, steps: int) -> dict[str, Any]:
    """How big a model is, for how many steps it was trained, and on what."""
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return {"steps": steps, "parameters": parameters, **this_machine()._asdict()}
