"""Toy recognisers of lines: trained for a moment, exported as the stage does, kept for all tests of a run."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.folder import ExportFolder
from glyphlens.tracks.khmer.export.line_files import LineExportParams, calibrate_lines, write_line_models
from glyphlens.tracks.khmer.training.line_tasks import AttentionTask, KhmerCtcTask
from glyphlens.training.lines import line_batch
from tests.tracks.khmer.toy_khmer import shipped_params, tiny_attention, tiny_ctc, toy_params, toy_tokens

STEPS = {"ctc": 120, "attention": 200}
EXPORT = {"calibration_lines": 16, "validation_lines": 12, "beam_lines": 4, "latency_repeats": 1, "max_int8_loss": 1.0}


def export_params() -> LineExportParams:
    """The shipped ones, for few lines."""
    return LineExportParams.model_validate(shipped_params()["khmer_export"] | EXPORT)


def trained_toy(name: str, samples: SampleSet) -> nn.Module:
    """A ``ctc`` or ``attention`` that has learnt the training lines for a few seconds."""
    tokens = toy_tokens(samples)
    model: nn.Module = tiny_ctc(tokens) if name == "ctc" else tiny_attention(tokens)
    task = KhmerCtcTask(tokens, toy_params()) if name == "ctc" else AttentionTask(tokens, toy_params())
    rows, optimiser = samples.rows("train"), torch.optim.AdamW(model.parameters(), lr=0.01)
    rng = np.random.default_rng(1)
    for step in range(STEPS[name]):
        optimiser.zero_grad()
        task.loss(model, line_batch(samples, rng.choice(rows, 16), 192), step).backward()  # type: ignore[arg-type]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    return model.eval()


def export_toy(folder: Path, name: str, samples: SampleSet) -> nn.Module:
    """Write the files of a trained toy; the network."""
    model = trained_toy(name, samples)
    export = ExportFolder(folder)
    write_line_models(export, model, toy_tokens(samples), samples, export_params(), 1)
    calibrate_lines(export, samples, samples.rows("val"))
    return model
