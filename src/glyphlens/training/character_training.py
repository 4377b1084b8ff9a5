"""What the stages of the kanji track do alike: build a recogniser by name, train it, write it and how it went."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from glyphlens.recognizers.registry import RecognizerParams, build
from glyphlens.recognizers.weights import save_model
from glyphlens.samples import SampleSet
from glyphlens.sources.structure import Structure
from glyphlens.storage import save_json, save_table_csv
from glyphlens.training.character_batches import CharacterParams, character_data
from glyphlens.training.checkpoints import unfinished
from glyphlens.training.loop import train
from glyphlens.training.objectives import Objective

SKIPPED = "no training sample of this set has a stroke sequence, which this recogniser reads"


def train_character_recognizer(
    name: str,
    out: Path,
    samples_folder: Path,
    own: RecognizerParams[Any],
    params: CharacterParams,
    seed: int,
    objective: Callable[[CharacterParams], Objective],
) -> None:
    """Write weights.safetensors, model.json, curves.csv and training.json; only the last, saying why, where the
    recogniser reads strokes and the set has none."""
    params = params.model_copy(update={"steps": own.steps, "batch": own.batch, "lr": own.lr})
    samples = SampleSet.open(samples_folder)
    torch.manual_seed(seed)
    model = build(name, own.network, len(samples.classes), Structure.load(samples_folder))
    data = character_data(samples, model.reads, params, seed)  # type: ignore[arg-type]
    if data is None:
        tqdm.write(f"{name}: skipped: {SKIPPED}")
        save_json(out / "training.json", {"skipped": SKIPPED})
        return
    config = {"network": own.model_dump(), **params.model_dump(), "seed": seed}
    with unfinished(f"kanji_{out.name}", config, samples_folder) as checkpoints:
        start = time.perf_counter()
        curves = train(
            model,
            data.source,
            data.validation,
            params,
            objective=objective(params),
            title=out.name,
            seed=seed,
            checkpoints=checkpoints,
        )
        seconds = time.perf_counter() - start
        save_model(out, model)
    save_table_csv(out / "curves.csv", curves)
    best = curves[curves["name"].isin(["val_top1", "val_top5"])].groupby("name")["value"].max()
    save_json(out / "training.json", {**facts(model, seconds, params.steps), **best.to_dict()})


def facts(model: nn.Module, seconds: float, steps: int) -> dict[str, Any]:
    """How big a model is and how long it was trained (the last uninterrupted run), where."""
    return {
        "seconds": round(seconds, 1),
        "steps": steps,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else f"{torch.get_num_threads()} cores",
    }
