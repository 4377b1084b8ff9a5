"""What both training stages do alike: tokens, batches and network of a recogniser, from the start or from another."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from glyphlens.core.curves import CURVES
from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import Charset, SampleSet
from glyphlens.data.tokens import TokenTable
from glyphlens.imaging.line_images import filled_px
from glyphlens.nets.weights import save_model, weight_count
from glyphlens.tracks.khmer.recognizers.presets import LineRecognizerParams, build_line_recognizer
from glyphlens.tracks.khmer.training.khmer_tokens import part_matrix, token_table
from glyphlens.tracks.khmer.training.line_batches import (
    WIDTH_MULTIPLE_PX,
    KhmerLineBatches,
    KhmerTrainingParams,
    writable_rows,
)
from glyphlens.tracks.khmer.training.line_tasks import CER, AttentionTask, KhmerCtcTask
from glyphlens.training.batches import HeldOut
from glyphlens.training.lines import LineBatch, line_batch
from glyphlens.training.loop import train
from glyphlens.training.run import save_training_facts, training_run
from glyphlens.training.start import WEIGHTS, load_start_weights, steps_before, strange_tensor
from glyphlens.training.task import best_scores

TASKS: dict[str, type[KhmerCtcTask] | type[AttentionTask]] = {"ctc": KhmerCtcTask, "attention": AttentionTask}
LINES_A_BATCH = 32


class LineTraining(NamedTuple):
    """Where a training reads and writes; ``start``: the folder of trained weights that it begins with, if any."""

    stage: str
    samples: Path
    out: Path
    curves: Path
    timings: Path
    start: Path | None = None


def train_line_recognizer(
    files: LineTraining, own: LineRecognizerParams, shared: KhmerTrainingParams, seed: int
) -> None:
    """Train the recogniser that ``files.out`` is named after; write weights, tokens.json, curves and training.json."""
    name = files.out.name
    params = shared.model_copy(update=own.model_dump(include={"steps", "batch", "lr"}))
    samples = SampleSet.open(files.samples)
    tokens = tokens_of(samples, params)
    torch.manual_seed(seed)
    model = fresh_model(name, own, params, tokens)
    if files.start is not None:
        begin_with(model, tokens, files.start)
    config: dict[str, Any] = {**params.model_dump(mode="json"), "own": own.model_dump(), "seed": seed}
    with training_run(files.stage, config, [files.samples, *([files.start] if files.start else [])]) as run:
        task = TASKS[name](tokens, params)
        source = KhmerLineBatches(samples, params, seed, writable_rows(samples, tokens, params.augment.stretch))
        held_out = validation_lines(samples, params)
        trained = train(model, source, held_out, params, task=task, seed=seed, run=run, curves=files.out / CURVES)
        save_model(files.out, model)
        tokens.save(files.out)
        best = best_scores(trained.curves, task.monitor, CER)
        facts = {
            "steps": params.steps,
            "steps_before": steps_before(files.start),
            "parameters": weight_count(model),
            "tokens": len(tokens),
        }
        save_training_facts(files.out, facts, best)
        run.report(trained, best, files.curves, files.timings)


def tokens_of(samples: SampleSet, params: KhmerTrainingParams) -> TokenTable:
    """The tokens that the training texts give; raises InputError where targets are no texts."""
    if not isinstance(samples.charset, Charset):
        raise InputError(f"{samples.folder}: its samples have classes, expected texts")
    texts = {samples.texts[row] for row in samples.rows("train")}
    return token_table(samples.charset, texts, params.tokens, params.min_count)


def fresh_model(name: str, own: LineRecognizerParams, params: KhmerTrainingParams, tokens: TokenTable) -> nn.Module:
    """The network before its first step: its tokens' parts noted, the blank as likely as ``blank_bias`` makes it."""
    parts_KP = torch.from_numpy(part_matrix(tokens))
    model = build_line_recognizer(name, own, len(tokens), parts_KP.shape[1] if params.parts else 0)
    with torch.no_grad():
        scores: Any = model.scores
        scores.bias[0] = params.blank_bias
        if params.parts:
            scores.parts_KP.copy_(parts_KP)
    return model


def begin_with(model: nn.Module, tokens: TokenTable, start: Path) -> None:
    """Give ``model`` the weights of a trained recogniser that it shares; the others stay as they are.

    Raises InputError naming the tokens or the tensor that differ, or where nothing is shared.
    """
    theirs = TokenTable.load(start)
    if theirs != tokens:
        strange = sorted(set(theirs.tokens) ^ set(tokens.tokens))[:5]
        raise InputError(
            f"{start}: writes {len(theirs)} tokens, this training {len(tokens)}; they differ in {strange or 'order'}; "
            "train it again, or begin without it"
        )
    own = model.state_dict()
    shared = {name: tensor for name, tensor in load_start_weights(start).items() if name in own}
    if not shared:
        raise InputError(f"{start / WEIGHTS}: no weights that this recogniser has")
    if other := strange_tensor(shared, {name: own[name] for name in shared}):
        raise InputError(f"{start / WEIGHTS}: {other}; use the same preset")
    model.load_state_dict({**own, **shared})


def validation_lines(samples: SampleSet, params: KhmerTrainingParams) -> HeldOut[LineBatch]:
    """At most ``held_out_rows`` lines, spread evenly over the validation split, the narrow ones first."""
    rows = samples.rows("val")
    if not len(rows):
        raise InputError(f"{samples.folder}: no line of the val split")
    spread = rows[:: -(-len(rows) // params.held_out_rows)]
    ordered = spread[samples.widths_N[spread].argsort(kind="stable")]

    def batch_of(rows_N: NDArray[np.int64]) -> LineBatch:
        return line_batch(samples, rows_N, filled_px(int(samples.widths_N[rows_N].max()), WIDTH_MULTIPLE_PX))

    return HeldOut(ordered, batch_of, LINES_A_BATCH)
