"""kanji_qat: the trained CNN learns on with its numbers rounded, and ends as a graph of integers beside its weights."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from glyphlens.core.curves import CURVES
from glyphlens.core.errors import InputError
from glyphlens.core.params import load_params, load_seed
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.scores import top_k_accuracy
from glyphlens.export.qat import convert, integer_logits, integer_piece, save_piece
from glyphlens.gates.token import require_token
from glyphlens.nets.inputs import reads_of
from glyphlens.nets.weights import load_model, save_model, weight_count
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.kanji.training.batches import CharacterData, CharacterParams, character_data
from glyphlens.training.batches import Batch
from glyphlens.training.loop import train
from glyphlens.training.predict import predict_logits
from glyphlens.training.qat import QatParams, RoundedNetwork, plain, prepare
from glyphlens.training.run import save_training_facts, training_run
from glyphlens.training.task import ClassTask

INTEGER_FILE = "integer.onnx"
LOADED = ("cnn",)  # the recogniser to start from, which is part of the code


def main(argv: Sequence[str] | None = None) -> None:
    """Read the samples and the trained network, fine-tune, write weights, integer.onnx and how the training went."""
    paths = stage_paths(argv, "samples", "token", "start", "out", "curves", "timings")
    require_token(paths.token, paths.samples)
    params, shared = load_params(QatParams, "kanji_qat"), load_params(CharacterParams, "kanji_training")
    seed, network, samples = load_seed(), load_model(paths.start, nn.Module), SampleSet.open(paths.samples)
    data = _data(paths.start, network, samples, shared.model_copy(update={"batch": params.batch}), seed)

    first = [data.source.batch(params.steps + number).inputs[0] for number in range(params.range_batches)]
    rounded, pairs = prepare(network, first, params)
    config = {"shared": shared.model_dump(), "own": params.model_dump(), "seed": seed}
    with training_run("kanji_qat", config, [paths.samples, paths.start]) as run:
        task = ClassTask(params.smoothing)
        trained = train(rounded, *data, params, task=task, seed=seed, run=run, curves=paths.out / CURVES)
        save_model(paths.out, plain(rounded, network, pairs))
        save_piece(paths.out / INTEGER_FILE, integer_piece(paths.out.name, convert(rounded), first[0][:2]))
        classes_N = samples.class_indices[data.validation.rows_N]
        scores = _scores(network, rounded, paths.out / INTEGER_FILE, data.validation, classes_N)
        save_training_facts(paths.out, {"steps": params.steps, "parameters": weight_count(network)}, scores)
        run.report(trained, scores, paths.curves, paths.timings)


def _data(start: Path, network: nn.Module, samples: SampleSet, params: CharacterParams, seed: int) -> CharacterData:
    """The batches; raises InputError where the network reads no pictures or knows another number of classes."""
    classes, reads = network.config.classes, reads_of(network)  # type: ignore[union-attr]
    data = character_data(samples, "raster", params, seed)
    if reads != "raster" or data is None or classes != len(samples.classes):
        raise InputError(
            f"{start}: reads {reads} and knows {classes} classes, {samples.folder} has pictures of "
            f"{len(samples.classes)}; train it on this sample set"
        )
    return data


def _scores(
    network: nn.Module, rounded: RoundedNetwork, integer: Path, batches: Sequence[Batch], classes_N: NDArray[np.int64]
) -> dict[str, float]:
    """Validation accuracies: rounded as trained, of the network it started from, and of the file of integers."""
    rounded_NC = predict_logits(rounded, batches, "rounded")
    numbers = {
        "val_top1": top_k_accuracy(rounded_NC, classes_N, 1),
        "val_top5": top_k_accuracy(rounded_NC, classes_N, min(5, rounded_NC.shape[1])),
        "val_start_top1": top_k_accuracy(predict_logits(network, batches, "start"), classes_N, 1),
        "val_integer_top1": top_k_accuracy(integer_logits(integer, batches), classes_N, 1),
    }
    return {name: float(np.round(value, 6)) for name, value in numbers.items()}


if __name__ == "__main__":
    run_stage(main)
